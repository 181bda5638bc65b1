"""What the clock starts of advances that lapsed; how such jobs wait is said in :mod:`apps.workflows.queueing`."""

import logging
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.financing import services as financing
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.workflows import recourse
from apps.workflows.queueing import AGAIN, QUEUE

log = logging.getLogger(__name__)


@app.periodic(cron="40 1 * * *")
@app.task(queue=QUEUE, queueing_lock="demand_everybodys_lapsed_advances")
def demand_everybodys_lapsed_advances(timestamp: int) -> None:
    """Once a day, after the watch: one job for each financier, on the date that its own time zone has reached."""
    at = datetime.fromtimestamp(timestamp, UTC)
    for financier in Organisation.objects.using("owner").filter(is_financier=True).order_by("id"):
        on = at.astimezone(ZoneInfo(financier.time_zone)).date()
        demand_lapsed_advances.defer(organisation_id=financier.pk, on=on.isoformat())


@app.task(queue=QUEUE, retry=AGAIN)
def demand_lapsed_advances(*, organisation_id: int, on: str) -> None:
    """Demand back what has lapsed of one financier, each advance in a transaction of its own; a second run on a day
    finds it done, and after an outage one run makes up for all that was missed.

    One that fails stops no other. The job fails once all were tried, is tried again, and stays to be looked at.
    """
    failed: list[Exception] = []
    with walls.asking_for(organisation_id):
        for ref in financing.lapsed_advances(financier_id=organisation_id, on=date.fromisoformat(on)):
            try:
                recourse.demand_lapsed_advance(
                    actor=Actor.system(organisation_id=organisation_id), key=f"lapse of {ref} on {on}", tranche_ref=ref
                )
            except Exception as error:
                log.exception("Advance %s has lapsed and could not be demanded back", ref)
                failed.append(error)
    if failed:
        raise ExceptionGroup(f"{len(failed)} lapsed advances could not be demanded back", failed)

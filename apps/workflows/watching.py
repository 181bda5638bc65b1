"""The daily watch over a financier's book."""

from datetime import date

from apps.core import clock
from apps.financing import services as financing
from apps.parties.actor import Actor
from apps.workflows.once import Answer, once


@once
def watch_book(*, actor: Actor, key: str, on: date) -> Answer:
    """Open and close alerts by how the book stands, and write down what is expected where it changed; a job, daily.

    Whatever was missed, one run makes up for it: it looks at what is.
    """
    at = clock.now()
    alerts = financing.watch_alerts(financier_id=actor.organisation_id, on=on, at=at)
    flows = financing.write_expectations(financier_id=actor.organisation_id, on=on, at=at)
    return {"alerts": str(alerts), "flows": str(flows)}

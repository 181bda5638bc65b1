"""The jobs of terminations; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from typing import Final

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import MAIL_AGAIN, RENDER_AGAIN
from apps.workflows.mails import terminations as mails

NOTICED: Final = "noticed"
WITHDRAWN: Final = "withdrawn"
PROPOSED: Final = "proposed"
TAKEN_BACK: Final = "taken_back"
TERMINATED: Final = "terminated"


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_termination_news(*, termination_ref: str, what: str, number: int, organisation_id: int) -> None:
    """Tell one side what the other one did; ``number`` is that of the settlement, 0 where there is none."""
    with walls.asking_for(organisation_id):
        mails.termination_news(
            termination_ref=termination_ref, what=what, number=number, organisation_id=organisation_id
        )


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_termination_to_financier(*, termination_ref: str, what: str, tranche_ref: str, organisation_id: int) -> None:
    """Tell a financier that the contract on which it advances ends, goes on after all, or has ended."""
    with walls.asking_for(organisation_id):
        mails.termination_to_financier(termination_ref=termination_ref, what=what, tranche_ref=tranche_ref)


@app.task(queue="documents", retry=RENDER_AGAIN)
def make_settlement_paper(*, settlement_ref: str, organisation_id: int) -> None:
    """Make the PDF of a settlement that both signed and store it with its SHA-256; nothing happens if it is there."""
    from apps.workflows import printing  # only the worker needs it

    with walls.asking_for(organisation_id):
        printing.make_settlement_paper(settlement_ref=settlement_ref)

"""The jobs of :mod:`apps.workflows.recourse`; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import MAIL_AGAIN
from apps.workflows.mails import recourse as mails


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_adjusted(*, adjustment_ref: str, organisation_id: int) -> None:
    """Tell one side what happened to an advance, and what is owed back by it."""
    with walls.asking_for(organisation_id):
        mails.adjusted(adjustment_ref=adjustment_ref, organisation_id=organisation_id)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_parted(*, milestone_ref: str, rest_ref: str, organisation_id: int) -> None:
    """Tell the buyer whom it pays for each part of what it accepted in part."""
    with walls.asking_for(organisation_id):
        mails.parted(milestone_ref=milestone_ref, rest_ref=rest_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_repaid(*, repayment_ref: str, organisation_id: int) -> None:
    """Tell the seller that what it paid back has arrived."""
    with walls.asking_for(organisation_id):
        mails.repaid(repayment_ref=repayment_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_defaulted(*, tranche_ref: str, organisation_id: int) -> None:
    """Tell the seller that its financier does not expect the buyer to pay any more."""
    with walls.asking_for(organisation_id):
        mails.defaulted(tranche_ref=tranche_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_returned(*, tranche_ref: str, organisation_id: int) -> None:
    """Tell the seller that an advance came back from its bank."""
    with walls.asking_for(organisation_id):
        mails.returned(tranche_ref=tranche_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_misdirected(*, collection_ref: str, organisation_id: int) -> None:
    """Tell the seller that it has money of the buyer's to pass on."""
    with walls.asking_for(organisation_id):
        mails.misdirected(collection_ref=collection_ref)

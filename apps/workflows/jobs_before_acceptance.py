"""The jobs of :mod:`apps.workflows.before_acceptance` and :mod:`apps.workflows.commenting`; what holds of all jobs is
said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import MAIL_AGAIN
from apps.workflows.mails import before_acceptance as mails


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_question(*, question_ref: str, organisation_id: int) -> None:
    """Pass on to the seller what the buyer asks."""
    with walls.asking_for(organisation_id):
        mails.question(question_ref=question_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_answer(*, question_ref: str, organisation_id: int) -> None:
    """Pass on to the buyer what the seller answers, with the deadline as it stands now."""
    with walls.asking_for(organisation_id):
        mails.answer(question_ref=question_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_inspection(*, inspection_ref: str, organisation_id: int) -> None:
    """Tell one side what an inspection found."""
    with walls.asking_for(organisation_id):
        mails.inspection(inspection_ref=inspection_ref, organisation_id=organisation_id)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_second_wanted(*, submission_ref: str, organisation_id: int) -> None:
    """Ask the buyer's other deciders to accept as well."""
    with walls.asking_for(organisation_id):
        mails.second_wanted(submission_ref=submission_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_passed_on(*, hand_over_ref: str, organisation_id: int) -> None:
    """Tell a colleague that the decision is passed to them."""
    with walls.asking_for(organisation_id):
        mails.passed_on(hand_over_ref=hand_over_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_told_of_passing(*, hand_over_ref: str, organisation_id: int) -> None:
    """Tell the signatory that a decision was passed on by its link."""
    with walls.asking_for(organisation_id):
        mails.told_of_passing(hand_over_ref=hand_over_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_inspection_wanted(*, submission_ref: str, organisation_id: int) -> None:
    """Ask the buyer's inspectors to look at a submission."""
    with walls.asking_for(organisation_id):
        mails.inspection_wanted(submission_ref=submission_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_milestone_comment(*, comment_ref: str, organisation_id: int) -> None:
    """Tell the people of one side what was written about a milestone."""
    with walls.asking_for(organisation_id):
        mails.milestone_comment(comment_ref=comment_ref, organisation_id=organisation_id)

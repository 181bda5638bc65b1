"""When a notice reached the buyer: from then on the review clock runs; and that its mail came back."""

from datetime import datetime

from django.db import transaction

from apps.audit import services as audit
from apps.contracts import services as contracts
from apps.contracts.models import SentMail
from apps.contracts.rules.returned_mail import Failure
from apps.milestones import services as milestones
from apps.milestones.models.submission import Proof
from apps.parties.actor import Actor


def note_delivery(
    *, actor: Actor, submission_ref: str, proof: Proof, at: datetime, notice: SentMail | None = None
) -> None:
    """Keep the first proof that the buyer was notified of a submission; a later one changes nothing.

    ``notice`` is the mail that proves it, where one does.
    """
    with transaction.atomic(durable=True), audit.written_together():
        contract = milestones.lock_contract_of_submission(submission_ref=submission_ref)
        milestones.note_delivery(
            contract=contract, submission_ref=submission_ref, proof=proof, actor=actor, at=at, notice=notice
        )


def note_failure(
    *, actor: Actor, mail: SentMail, mailbox: str, failure: Failure, received_at: datetime, at: datetime
) -> bool:
    """A mail came back from a mailbox; the answer is whether that was news.

    A review that it began stops, until the next proof.
    """
    with transaction.atomic(durable=True), audit.written_together():
        contract = contracts.lock(contract_id=mail.contract_id) if mail.contract_id is not None else None
        noted = contracts.note_failure(
            mail=mail, mailbox=mailbox, failure=failure, received_at=received_at, actor=actor, at=at
        )
        if noted is not None and contract is not None:
            milestones.notice_came_back(contract=contract, notice=mail, actor=actor, at=at)
    return noted is not None

"""When a notice reached the buyer: from then on the review clock runs."""

from datetime import datetime

from django.db import transaction

from apps.audit import services as audit
from apps.milestones import services as milestones
from apps.milestones.models.submission import Proof
from apps.parties.actor import Actor


def note_delivery(*, actor: Actor, submission_ref: str, proof: Proof, at: datetime) -> None:
    """Keep the first proof that the buyer was notified of a submission; a later one changes nothing."""
    with transaction.atomic(durable=True), audit.written_together():
        contract = milestones.lock_contract_of_submission(submission_ref=submission_ref)
        milestones.note_delivery(contract=contract, submission_ref=submission_ref, proof=proof, actor=actor, at=at)

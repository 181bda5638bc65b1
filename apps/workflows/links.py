"""What is noted of personal links besides what is decided by them."""

from datetime import datetime

from django.db import transaction

from apps.audit import services as audit
from apps.contracts import services as contracts
from apps.parties.actor import Actor


def note_counterparty(*, actor: Actor, grant_ref: str, at: datetime) -> None:
    """Somebody of the other side tried to act by a personal link: both sides read that it was refused."""
    with transaction.atomic(durable=True), audit.written_together():
        contract = contracts.lock(contract_id=contracts.contract_of_grant(grant_ref=grant_ref))
        contracts.note_counterparty(contract=contract, grant_ref=grant_ref, actor=actor, at=at)

"""Disputes for every test that needs one."""

from datetime import date, datetime
from decimal import Decimal

from django.core.files.base import ContentFile

from apps.core import clock
from apps.core.database import walls
from apps.invoicing.rules import Share
from apps.milestones.models import Dispute, DisputeProposal, Submission
from apps.milestones.models.submission import Proof
from apps.parties.actor import Actor
from apps.workflows import disputing, notices
from tests import scenarios
from tests.scenarios import Parties, acting, key

ALL = Share()
REASON = "The export loses rows: https://example.org/export.csv"


def told(parties: Parties, submission: Submission, *, at: datetime) -> Submission:
    """The buyer was notified, so the review runs."""
    with clock.stopped(at), walls.asking_for(parties.buyer.pk):
        system = Actor.system(organisation_id=parties.buyer.pk)
        notices.note_delivery(actor=system, submission_ref=submission.ref, proof=Proof.MAIL, at=at)
    return again(parties, submission)


def again(parties: Parties, submission: Submission) -> Submission:
    with walls.asking_for(parties.seller.pk):
        return Submission.objects.select_related("milestone", "contract").get(pk=submission.pk)


def on_submission(
    submission: Submission, *, actor: Actor, at: datetime, amount: str = "", days: int = 14, reason: str = REASON
) -> Dispute:
    with acting(actor, at=at):
        answer = disputing.dispute_submission(
            actor=actor,
            key=key(),
            submission_ref=submission.ref,
            amount=Decimal(amount) if amount else None,
            reason=reason,
            answer_days=days,
        )
        return read(answer["dispute"])


def on_invoice(
    invoice_ref: str, *, actor: Actor, at: datetime, share: Share = ALL, days: int = 14, reason: str = REASON
) -> Dispute:
    with acting(actor, at=at):
        answer = disputing.dispute_invoice(
            actor=actor, key=key(), invoice_ref=invoice_ref, share=share, reason=reason, answer_days=days
        )
        return read(answer["dispute"])


def proposed(
    dispute: Dispute,
    outcome: str,
    *,
    actor: Actor,
    at: datetime,
    amount: str = "",
    note: str = "So be it.",
    kept_until: date | None = None,
) -> DisputeProposal:
    with acting(actor, at=at):
        answer = disputing.propose_outcome(
            actor=actor,
            key=key(),
            dispute_ref=dispute.ref,
            outcome=outcome,
            amount=Decimal(amount) if amount else None,
            note=note,
            kept_until=kept_until,
        )
        return DisputeProposal.objects.get(ref=answer["proposal"])


def agreed(proposal: DisputeProposal, *, actor: Actor, at: datetime) -> dict[str, str]:
    with acting(actor, at=at):
        return disputing.agree_outcome(actor=actor, key=key(), proposal_ref=proposal.ref)


def read(ref: str) -> Dispute:
    return Dispute.objects.select_related("submission", "milestone").get(ref=ref)


def role(parties: Parties, name: str) -> Actor:
    return scenarios.member(parties, name)


def shown(parties: Parties, invoice_ref: str) -> tuple[str, str]:
    """A dispute about an invoice in which the seller showed a file: both by reference."""
    at = clock.now()
    dispute = on_invoice(invoice_ref, actor=scenarios.approver_actor(parties), at=at)
    bilge = scenarios.member(parties, "billing")
    with acting(bilge, at=at):
        upload = ContentFile(b"rows: 10", name="rows.txt")
        answer = disputing.attach_to_dispute(actor=bilge, dispute_ref=dispute.ref, upload=upload)
    return dispute.ref, answer["file"]

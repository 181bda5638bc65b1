"""A milestone is accepted in part: what the accepted part does not cover stands on as an advance on the rest."""

from datetime import date, datetime

from apps.core import money
from apps.core.errors import Refused
from apps.financing.models import Adjustment, Assignment, ExposureLimit, Tranche
from apps.financing.models.adjustment import Kind
from apps.financing.models.tranche import TrancheState
from apps.financing.rules import events
from apps.financing.services.adjusting import Event, adjust, standing_on
from apps.financing.services.record import record
from apps.invoicing import services as invoicing
from apps.milestones.models import Milestone
from apps.parties.actor import Actor


def require_divisible(*, submission_ref: str) -> None:
    """Refuse to split a milestone on which an advance is agreed and not paid out: what was signed is what is funded.

    Once it is paid out, its acceptance in part converts as much of it as that part covers. The caller holds the
    contract.
    """
    agreed = Tranche.objects.filter(milestone__submissions__ref=submission_ref, state=TrancheState.ACCEPTED)
    tranche = agreed.select_related("financier").first()
    if tranche is not None:
        raise Refused(
            "{financier} has agreed an advance on this milestone as a whole, and has not paid it out. Accept it whole,"
            " request changes, or ask the seller to have the advance paid out or cancelled first.",
            financier=tranche.financier.legal_name,
        )


def carry_over(
    tranche: Tranche,
    *,
    rest: Milestone,
    exposures: list[ExposureLimit],
    on: date,
    actor: Actor,
    at: datetime,
) -> Adjustment | None:
    """Move to the ``rest`` what the accepted part of an advance's milestone does not cover; None if it covers all.

    A part covers the facility's rate for accepted invoices of itself, or the rate at which was advanced if that is
    more; one unit at least, so that its invoice is bought. The advance on the rest is of the same line, and its share
    of what is not earned is its price. The notice that the buyer had of the whole goes on for it. Refused where the
    rest comes to less than stands on it. The caller holds the advance.
    """
    rate = max(tranche.facility.advance_rate, tranche.line.advance_rate)
    total = invoicing.amount_to_bill(tranche.milestone)
    covers = max(
        events.covered(total=total, rate=rate, currency=tranche.currency), min(total, money.unit(tranche.currency))
    )
    if tranche.outstanding <= covers:
        return None
    standing = standing_on(tranche, on=on)
    moves = events.carry_over(standing, amount=standing.outstanding - covers, currency=tranche.currency)
    face = invoicing.amount_to_bill(rest)
    if face < moves.lowers:
        raise Refused(
            "The rest of this milestone comes to less than what is advanced on it. Accept another part, or all of it."
        )
    last = tranche.charged_until or tranche.expected_on
    stands_on = Tranche.objects.create(
        offer=tranche.offer,
        line=tranche.line,
        carried_from=tranche,
        facility=tranche.facility,
        financier_id=tranche.financier_id,
        seller_id=tranche.seller_id,
        buyer_id=tranche.buyer_id,
        contract_id=tranche.contract_id,
        milestone=rest,
        state=TrancheState.FUNDED_PRE,
        currency=tranche.currency,
        face=face,
        gross=moves.lowers,
        discount=moves.discount,
        fee=moves.fee,
        days=max((last - on).days, 1),
        outstanding=moves.lowers,
        accepted_at=tranche.accepted_at,
        funded_on=on,
        expected_on=tranche.expected_on,
    )
    tranche.carried_to = stands_on
    _keep_assigned(stands_on, known=tranche.assignment, actor=actor, at=at)
    event = Event(kind=Kind.CARRIED, on=on, source=f"accepted:{tranche.milestone.ref}")
    return adjust(tranche, event=event, moves=moves, standing=standing, exposures=exposures, actor=actor, at=at)


def _keep_assigned(stands_on: Tranche, *, known: Assignment, actor: Actor, at: datetime) -> None:
    """What is owed for the rest is the financier's by the notice that the buyer had, and as it answered that."""
    assignment = Assignment.objects.create(
        tranche=stands_on,
        contract_id=known.contract_id,
        milestone=stands_on.milestone,
        financier_id=known.financier_id,
        notice=known.notice,
        notice_sha256=known.notice_sha256,
        notified_at=known.notified_at,
        priced_by_id=known.priced_by_id,
        acknowledged_at=known.acknowledged_at,
        acknowledged_by_id=known.acknowledged_by_id,
        acknowledged_by_grant_id=known.acknowledged_by_grant_id,
        waived_at=known.waived_at,
        waived_by_id=known.waived_by_id,
        waive_reason=known.waive_reason,
    )
    record(
        stands_on.contract,
        financier_id=stands_on.financier_id,
        verb="receivable.assigned",
        subject=f"assignment:{assignment.ref}",
        actor=actor,
        at=at,
        milestone=stands_on.milestone.ref,
        invoice="",
        notice_sha256=assignment.notice_sha256,
    )

"""A milestone is accepted: the advance on it becomes the purchase of its whole invoice."""

from datetime import date, datetime

from django.db.models import QuerySet

from apps.core import money
from apps.core.database import in_flight, walls
from apps.core.database.kept import Argument, Read
from apps.core.errors import Refused
from apps.core.states import move
from apps.financing.models import Adjustment, Assignment, Tranche
from apps.financing.models.tranche import TrancheState
from apps.financing.models.tranche_states import FORWARD
from apps.financing.services import book, following
from apps.financing.services.carrying import carry_over
from apps.financing.services.locks import lock_tranche_to_count
from apps.financing.services.record import day_of, record
from apps.invoicing import services as invoicing
from apps.invoicing.services import Sale
from apps.milestones.models import Milestone
from apps.parties.actor import Actor


@Read
def _advance() -> "QuerySet[Tranche, Tranche]":
    paid_out = Tranche.objects.filter(milestone=Argument("milestone_id"), state=TrancheState.FUNDED_PRE)
    return paid_out.annotate(widened=walls.Widening("financier_id"))


def advance_on(milestone: Milestone) -> Tranche | None:
    """The advance that was paid out on a milestone before its acceptance, if there is one: one statement.

    If so, its financier's rows are touched from now on until the end of the transaction.
    """
    return _advance.first(milestone_id=milestone.pk)


def sent_back_on(milestone: Milestone) -> Tranche | None:
    """The advance, promised or paid out, on a milestone that the buyer has just sent back, if there is one."""
    return Tranche.objects.sent_back().filter(milestone=milestone).first()


def require_unassigned_to_withhold(*, submission_ref: str) -> None:
    """Refuse to withhold a part of a milestone that is assigned: whole invoices are bought, and this one would not be
    payable whole. The caller holds the contract."""
    assigned = Assignment.objects.filter(milestone__submissions__ref=submission_ref, revoked_at__isnull=True)
    held = assigned.select_related("financier").first()
    if held is not None:
        raise Refused(
            "This milestone is assigned to {financier} as a whole, so nothing of it can be withheld. List the defects"
            " without amounts, or request changes.",
            field="defects",
            financier=held.financier.legal_name,
        )


def on_acceptance(
    *, advance: Tranche, milestone: Milestone, rest: Milestone | None, actor: Actor, at: datetime
) -> tuple[Tranche, Adjustment | None]:
    """Convert an advance on a milestone into a purchase, before the invoice is issued.

    The caller holds contract and milestone, and ``milestone`` is as it was accepted.

    The whole receivable is bought for what was advanced, the rest of it is the seller's reserve, and the advance no
    longer counts as one before acceptance. Its price stays as it was signed. What an invoice of a smaller amount does
    not cover is owed back by the seller or, where it was accepted in part, stands on for the ``rest``: the second of
    the answer. What of advance and facility changes is written with the invoice (:func:`sale_on_acceptance`).
    """
    tranche, exposures = lock_tranche_to_count(tranche_ref=advance.ref)
    tranche.milestone, tranche.contract = milestone, milestone.contract
    on, total = day_of(tranche.financier, at=at), invoicing.amount_to_bill(milestone)
    if rest is None:
        short = following.shortfall(tranche, total=total, on=on, exposures=exposures, actor=actor, at=at)
    else:
        short = carry_over(tranche, rest=rest, exposures=exposures, on=on, actor=actor, at=at)
    if tranche.state == TrancheState.RECOURSE_DUE:
        return tranche, short
    move(tranche, TrancheState.FUNDED_POST, FORWARD)
    tranche.bought_at = total
    facility = tranche.facility
    facility.advanced_pre -= tranche.outstanding
    convert(tranche, actor=actor, on=on, at=at)
    return tranche, short


def convert(tranche: Tranche, *, actor: Actor, on: date, at: datetime) -> None:
    """Book on the day of the acceptance that what was advanced bought the invoice, and write it down."""
    with in_flight.nobody_waits():
        book.post_conversion(tranche, booked_on=on, at=at)
    record(
        tranche.contract,
        financier_id=tranche.financier_id,
        verb="advance.converted",
        subject=f"tranche:{tranche.ref}",
        actor=actor,
        at=at,
        milestone=tranche.milestone.ref,
        disclosure_sha256=tranche.offer.disclosure_sha256,
    )


def sale_on_acceptance(tranche: Tranche) -> Sale:
    """What the seller books then: the receivable is sold for what had been advanced, the rest is reserve."""
    return Sale(
        net=money.ZERO,
        reserve=tranche.receivable - tranche.outstanding,
        cost=money.ZERO,
        advanced=tranche.outstanding,
        changed=((tranche, ["state", "bought_at"]), (tranche.facility, ["advanced_pre"])),
    )

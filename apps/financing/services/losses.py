"""A buyer does not pay: default declared, the loss allowed for, written off; and what comes in after all."""

from datetime import datetime
from decimal import Decimal

from apps.core import money
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.states import move
from apps.financing.models import Adjustment, Collection, ExposureLimit, Tranche
from apps.financing.models.adjustment import Kind
from apps.financing.models.tranche import OUTSTANDING, TrancheState
from apps.financing.models.tranche_states import FORWARD
from apps.financing.rules import events
from apps.financing.services import book
from apps.financing.services.adjusting import Event, adjust, standing_on
from apps.financing.services.locks import lock_tranche_to_count
from apps.financing.services.record import day_of, person, reason_given, record
from apps.parties.actor import Actor
from apps.parties.roles import Action

PAID_AFTER_ALL = "Paid after all: less is allowed for than before."


def declare_default(*, tranche_ref: str, actor: Actor, reason: str, at: datetime) -> Tranche:
    """The buyer is not expected to pay what was bought: nothing more is earned on the advance from today on.

    An underwriter says so, once the days of grace are over. Money that comes in is shared out as before.
    """
    tranche, _exposures = lock_tranche_to_count(tranche_ref=tranche_ref)
    actor.require(Action.APPROVE_OFFER, organisation_id=tranche.financier_id)
    on = day_of(tranche.financier, at=at)
    if tranche.free_until is None or on <= tranche.free_until:
        raise Refused(
            "The buyer has time until {date}, with the days of grace. It can be in default from the day after.",
            date=tranche.free_until or tranche.expected_on,
        )
    standing = standing_on(tranche, on=on)
    move(tranche, TrancheState.DEFAULTED, FORWARD)
    tranche.defaulted_at, tranche.defaulted_by_id, tranche.default_reason = at, person(actor), reason_given(reason)
    tranche.save(update_fields=["state", "defaulted_at", "defaulted_by", "default_reason"])
    book.post_accrual(
        tranche,
        before=book.standing(tranche),
        after=standing,
        cause=f"accrual:{tranche.ref}:default",
        booked_on=on,
        at=at,
    )
    _record(tranche, verb="advance.defaulted", actor=actor, at=at)
    return tranche


def allow_for_loss(*, tranche_ref: str, actor: Actor, amount: Decimal, reason: str, at: datetime) -> Adjustment:
    """Set what is allowed for a loss on an advance to ``amount``: nothing up to what is out of it."""
    tranche, exposures = lock_tranche_to_count(tranche_ref=tranche_ref)
    actor.require(Action.APPROVE_OFFER, organisation_id=tranche.financier_id)
    if tranche.state not in (*OUTSTANDING, TrancheState.DEFAULTED):
        raise IllegalTransition("Nothing of this advance is out, so there is no loss to allow for.")
    if not (amount.is_finite() and 0 <= amount <= tranche.outstanding and money.is_exact(amount, tranche.currency)):
        raise Refused(
            "Enter an amount from zero up to {outstanding}, which is what is out.",
            field="amount",
            outstanding=str(money.Money(tranche.outstanding, tranche.currency)),
        )
    on = day_of(tranche.financier, at=at)
    standing = standing_on(tranche, on=on)
    if amount == standing.allowance:
        raise Refused("That much is already allowed for. Enter another amount.", field="amount")
    event = Event(kind=Kind.ALLOWANCE, on=on, reason=reason_given(reason))
    return adjust(
        tranche,
        event=event,
        moves=events.allow(amount - standing.allowance),
        standing=standing,
        exposures=exposures,
        actor=actor,
        at=at,
    )


def write_off(*, tranche_ref: str, actor: Actor, reason: str, at: datetime) -> Adjustment:
    """Give an advance in default up: by another person than the one who declared the default.

    What is not allowed for yet is; then the receivable leaves the book with the reserve. The buyer owes it still.
    """
    tranche, exposures = lock_tranche_to_count(tranche_ref=tranche_ref)
    actor.require(Action.APPROVE_OFFER, organisation_id=tranche.financier_id)
    if tranche.state != TrancheState.DEFAULTED:
        raise IllegalTransition("Only an advance in default is written off. Declare the default first.")
    if tranche.defaulted_by_id == actor.user_id:
        raise NotAllowed("You declared this default, so a second person has to write it off.")
    if tranche.outstanding == 0:
        raise Refused("The advance is repaid: there is nothing to write off.")
    written = reason_given(reason)
    on = day_of(tranche.financier, at=at)
    standing = standing_on(tranche, on=on)
    if missing := standing.outstanding - standing.allowance:
        event = Event(kind=Kind.ALLOWANCE, on=on, reason=written)
        adjust(
            tranche,
            event=event,
            moves=events.allow(missing),
            standing=standing,
            exposures=exposures,
            actor=actor,
            at=at,
        )
    return adjust(
        tranche,
        event=Event(kind=Kind.WRITE_OFF, on=on, reason=written),
        moves=events.write_off(standing),
        standing=standing,
        exposures=exposures,
        actor=actor,
        at=at,
    )


def release_allowance(
    tranche: Tranche, *, collection: Collection, exposures: list[ExposureLimit], actor: Actor, at: datetime
) -> None:
    """After a payment no more is allowed for than is still out. The caller holds the advance."""
    standing = book.standing(tranche)
    too_much = standing.allowance - min(standing.allowance, standing.outstanding)
    if too_much:
        event = Event(
            kind=Kind.ALLOWANCE,
            on=collection.collected_on,
            reason=PAID_AFTER_ALL,
            source=f"collection:{collection.ref}",
        )
        moves = events.allow(-too_much)
        adjust(tranche, event=event, moves=moves, standing=standing, exposures=exposures, actor=actor, at=at)


def _record(tranche: Tranche, *, verb: str, actor: Actor, at: datetime) -> None:
    record(
        tranche.contract,
        financier_id=tranche.financier_id,
        verb=verb,
        subject=f"tranche:{tranche.ref}",
        actor=actor,
        at=at,
        disclosure_sha256=tranche.offer.disclosure_sha256,
    )

"""What treasury asks its bank to pay in one file: picked, approved by a second person, handed out once.

Locks are taken contract, order, facilities and advances by id.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from apps.audit import services as audit
from apps.core import canonical, money
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.states import move
from apps.financing.models import Facility, OrderedPayment, PaymentOrder, Tranche
from apps.financing.models.payment_order import OrderState, TransferState
from apps.financing.models.tranche import TrancheState
from apps.financing.rules import pain
from apps.financing.services import book
from apps.financing.services.bank import account_of_seller
from apps.financing.services.movements import require_passed_on
from apps.financing.services.record import day_of, person, reason_given
from apps.financing.services.verification import require_verified
from apps.invoicing import services as invoicing
from apps.milestones.models.milestone import MilestoneState
from apps.parties import services as parties
from apps.parties.actor import Actor
from apps.parties.models import BankAccount, Organisation
from apps.parties.roles import Action

What = OrderedPayment.What
Wanted = tuple[str, str]
"""What is to be paid (``advance`` or ``reserve``), and the reference of its advance."""
MOST = 200
"""Payments in one file."""
LONGEST_AHEAD = 30


def order_payments(
    *, actor: Actor, currency: str, wanted: Sequence[Wanted], execute_on: date, at: datetime
) -> PaymentOrder:
    """Pick payments for one file; a second person approves it. Refused unless every one of them can be paid now."""
    actor.require(Action.MOVE_MONEY)
    if not actor.speaks_for_financier:
        raise NotAllowed("Only a financier pays advances out.")
    financier = Organisation.objects.get(pk=actor.organisation_id)
    _require_day(execute_on, financier=financier, at=at)
    if not wanted:
        raise Refused("Pick at least one payment.", field="payments")
    if len(wanted) > MOST:
        raise Refused("One file carries at most {most} payments.", field="payments", most=MOST)
    debtor = _with_iban(parties.default_account(organisation_id=financier.pk, currency=currency), currency=currency)
    tranches = _hold([ref for _what, ref in wanted], financier_id=financier.pk, currency=currency)
    payments = [_payment(What(what), tranches[ref], actor=actor, on=execute_on) for what, ref in sorted(set(wanted))]
    order = PaymentOrder.objects.create(
        financier=financier,
        currency=currency,
        total=money.total(one.amount for one in payments),
        count=len(payments),
        execute_on=execute_on,
        debtor=debtor.holder,
        debtor_iban=debtor.iban,
        debtor_bic=debtor.bic,
        created_by_id=person(actor),
        created_at=at,
    )
    for one in payments:
        one.order = order
        _save_once(one)
    record_order(order, verb="payments.ordered", actor=actor, at=at)
    return order


def approve_payment_order(*, order_ref: str, actor: Actor, at: datetime) -> PaymentOrder:
    """A second person lets the file be made, after everything in it was looked at once more."""
    order = lock_order(order_ref=order_ref)
    actor.require(Action.MOVE_MONEY, organisation_id=order.financier_id)
    if order.created_by_id == actor.user_id:
        raise NotAllowed("You picked these payments, so a second person has to approve them.")
    move(order, OrderState.APPROVED, PaymentOrder.TRANSITIONS)
    payments = _as_picked(order, actor=actor, at=at)
    order.message = pain.credit_transfer(
        message=order.ref,
        at=at,
        execute_on=order.execute_on,
        debtor=pain.Party(name=order.debtor, iban=order.debtor_iban, bic=order.debtor_bic),
        transfers=[
            pain.Transfer(
                end_to_end=one.ref,
                amount=one.amount,
                to=pain.Party(name=one.creditor, iban=one.creditor_iban, bic=one.creditor_bic),
                remittance=one.remittance,
            )
            for one in payments
        ],
        currency=order.currency,
    )
    order.message_sha256 = canonical.sha256(order.message)
    order.approved_by_id, order.approved_at = person(actor), at
    order.save(update_fields=["state", "message", "message_sha256", "approved_by", "approved_at"])
    record_order(order, verb="payments.approved", actor=actor, at=at, sha256=order.message_sha256)
    return order


def discard_payment_order(*, order_ref: str, actor: Actor, reason: str, at: datetime) -> PaymentOrder:
    """Give up an order whose file nobody has: its payments can be picked anew."""
    order = lock_order(order_ref=order_ref)
    actor.require(Action.MOVE_MONEY, organisation_id=order.financier_id)
    move(order, OrderState.DISCARDED, PaymentOrder.TRANSITIONS)
    order.save(update_fields=["state"])
    order.payments.update(is_live=False)
    record_order(order, verb="payments.discarded", actor=actor, at=at, reason=reason_given(reason))
    return order


def hand_out_payment_file(*, order_ref: str, actor: Actor, at: datetime) -> PaymentOrder:
    """Claim the file: from now on it is at the bank, or on its way there, and nobody else gets it.

    Everything in it is looked at a last time: after this, what the bank carries out is booked whatever happens.
    """
    order = lock_order(order_ref=order_ref)
    actor.require(Action.MOVE_MONEY, organisation_id=order.financier_id)
    move(order, OrderState.HANDED_OUT, PaymentOrder.TRANSITIONS)
    _as_picked(order, actor=actor, at=at)
    order.claimed_by_id, order.claimed_at = person(actor), at
    order.save(update_fields=["state", "claimed_by", "claimed_at"])
    record_order(order, verb="payments.handed_out", actor=actor, at=at, sha256=order.message_sha256)
    return order


def require_not_ordered(tranche: Tranche) -> None:
    """Refuse to pay by hand, or to cancel, what is in an order that is not answered. The caller holds the advance."""
    ordered = OrderedPayment.objects.live().filter(tranche=tranche, state=TransferState.WAITING)
    found = ordered.select_related("order").first()
    if found is not None:
        raise Refused(
            "This is in the payment order {order}, which the bank may be carrying out. Confirm it there, or discard"
            " the order while nobody has its file.",
            order=found.order.ref,
        )


def contract_of_payment(*, payment_ref: str) -> tuple[int, str, str]:
    """The contract of an ordered payment, what it pays, and the reference of its advance."""
    found = (
        OrderedPayment.objects.filter(ref=payment_ref).values_list("tranche__contract_id", "what", "tranche__ref")
    ).first()
    if found is None:
        raise Refused("There is no such payment, or it is not yours.")
    return found


def waiting_payments(*, order_ref: str, financier_id: int) -> list[str]:
    """The payments of an order that the bank has not answered, in the order of the file."""
    order = PaymentOrder.objects.filter(ref=order_ref, financier_id=financier_id).first()
    if order is None:
        raise Refused("There is no such payment order, or it is not yours.")
    return list(order.payments.filter(state=TransferState.WAITING).order_by("pk").values_list("ref", flat=True))


def lock_order(*, order_ref: str) -> PaymentOrder:
    """Hold an order: after the contract, before any facility."""
    order = PaymentOrder.objects.select_for_update().filter(ref=order_ref).first()
    if order is None:
        raise Refused("There is no such payment order, or it is not yours.")
    return order


def _hold(refs: Sequence[str], *, financier_id: int, currency: str) -> dict[str, Tranche]:
    """The advances and their facilities, locked by id; refused where one is not there."""
    known = Tranche.objects.filter(ref__in=refs, financier_id=financier_id, currency=currency)
    facilities = set(known.values_list("facility_id", flat=True))
    list(Facility.objects.select_for_update().filter(pk__in=facilities).order_by("pk"))
    found = {tranche.ref: tranche for tranche in known.select_for_update(of=("self",)).order_by("pk")}
    if set(refs) - set(found):
        raise Refused(
            "There is no such advance in {currency}, or it is not yours.", field="payments", currency=currency
        )
    return found


def _as_picked(order: PaymentOrder, *, actor: Actor, at: datetime) -> list[OrderedPayment]:
    """The payments of an order; refused unless each can be paid now as it was picked."""
    if order.execute_on < day_of(order.financier, at=at):
        raise Refused("The day on which it was to be carried out is past. Discard it and pick anew.")
    payments = list(order.payments.select_related("tranche__milestone__invoice").order_by("pk"))
    tranches = _hold([one.tranche.ref for one in payments], financier_id=order.financier_id, currency=order.currency)
    for one in payments:
        now = _payment(What(one.what), tranches[one.tranche.ref], actor=actor, on=order.execute_on)
        if (now.amount, now.creditor_iban) != (one.amount, one.creditor_iban):
            raise Refused(
                "Amount or account of “{name}” have changed since it was picked. Discard this order and pick anew.",
                name=one.tranche.name,
            )
    return payments


def _payment(what: OrderedPayment.What, tranche: Tranche, *, actor: Actor, on: date) -> OrderedPayment:
    """What would be paid on a day, as things are now; refused where nothing can be. The caller holds the advance."""
    if what == What.ADVANCE:
        _require_payable(tranche, actor=actor, on=on)
        amount: Decimal = tranche.net
    else:
        amount = book.payable_to_seller(tranche)
        if amount <= 0:
            raise Refused("Nothing is due to the seller of “{name}”.", field="payments", name=tranche.name)
        require_passed_on(tranche)
    if tranche.milestone.ref in invoicing.disputed_milestones(contract=tranche.contract):
        raise Refused("“{name}” is in dispute between buyer and seller.", field="payments", name=tranche.name)
    account = _with_iban(account_of_seller(tranche), currency=tranche.currency, seller=tranche.seller.legal_name)
    return OrderedPayment(
        tranche=tranche,
        what=what,
        amount=amount,
        creditor=account.holder,
        creditor_iban=account.iban,
        creditor_bic=account.bic,
        remittance=pain.latin(f"{tranche.name} {tranche.ref}", most=pain.LONGEST_REMITTANCE),
    )


def _require_payable(tranche: Tranche, *, actor: Actor, on: date) -> None:
    if tranche.state != TrancheState.ACCEPTED:
        raise IllegalTransition("“{name}” does not wait to be paid out.", field="payments", name=tranche.name)
    require_verified(financier_id=tranche.financier_id, contract=tranche.contract)
    if tranche.milestone.state == MilestoneState.CHANGES_REQUESTED:
        raise Refused("The buyer has sent “{name}” back.", field="payments", name=tranche.name)
    if not tranche.assignment.is_notified:
        raise Refused("The buyer has not acknowledged the assignment of “{name}”.", field="payments", name=tranche.name)
    if tranche.offer.created_by_id == actor.user_id:
        raise NotAllowed("You priced “{name}”, so others have to pay it out.", name=tranche.name)
    if on >= tranche.expected_on:
        raise Refused(
            "The buyer's payment is expected on {date}: an advance would come too late.",
            field="execute_on",
            date=tranche.expected_on,
        )


def _with_iban(account: BankAccount | None, *, currency: str, seller: str = "") -> BankAccount:
    if account is not None and account.iban:
        return account
    if seller:
        raise Refused(
            "{seller} has named no IBAN in {currency}. Pay it at your bank by hand.", seller=seller, currency=currency
        )
    raise Refused(
        "Your organisation has no bank account with an IBAN in {currency} to pay from. Add one first.",
        lacks="bank_account",
        currency=currency,
    )


def _require_day(on: date, *, financier: Organisation, at: datetime) -> None:
    today = day_of(financier, at=at)
    if not today <= on <= today + timedelta(days=LONGEST_AHEAD):
        raise Refused("Choose a day from today on, within {most} days.", field="execute_on", most=LONGEST_AHEAD)


def _save_once(payment: OrderedPayment) -> None:
    try:
        with transaction.atomic():
            payment.save(force_insert=True)
    except IntegrityError as error:
        if "ordered_once_at_a_time" not in str(error):
            raise
        raise Refused(
            "“{name}” is in another payment order already.", field="payments", name=payment.tranche.name
        ) from error


def record_order(order: PaymentOrder, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    """Write down what was done with an order: the financier's alone."""
    audit.record(
        chain=f"organisation:{order.financier.ref}",
        parties=(order.financier_id,),
        verb=verb,
        subject=f"payment_order:{order.ref}",
        actor=actor,
        at=at,
        currency=order.currency,
        total=order.total,
        count=order.count,
        **facts,
    )

"""Lines of the financier's bank that are neither payouts nor buyers' payments.

A surplus goes back, what was paid to the seller by mistake is passed on, collections are swept."""

from datetime import date, datetime
from decimal import Decimal

from apps.audit import services as audit
from apps.core import money
from apps.core.errors import Refused
from apps.core.texts import has_unseen
from apps.financing.models import BankMovement, Tranche
from apps.financing.models.movement import Movement
from apps.financing.services import book
from apps.financing.services.bank import record_once, reference_given
from apps.financing.services.locks import lock_tranche
from apps.financing.services.record import LONGEST_REASON, day_of, person, record
from apps.ledger import services as ledger
from apps.ledger.charts import Financier
from apps.ledger.models import Entry
from apps.ledger.services import credit, debit
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action


def return_surplus(
    *, tranche_ref: str, actor: Actor, value_on: date, bank_reference: str, at: datetime
) -> BankMovement:
    """Record that what the buyer paid beyond its invoice was paid back to it: all of it, and to nobody else."""
    tranche = lock_tranche(tranche_ref=tranche_ref)
    actor.require(Action.MOVE_MONEY, organisation_id=tranche.financier_id)
    amount = book.due_to_buyer(tranche)
    if amount <= 0:
        raise Refused("The buyer has paid nothing on this advance beyond what it owed.")
    _require_day(value_on, tranche=tranche, at=at)
    movement = moved(
        Movement.SURPLUS, amount=amount, actor=actor, tranche=tranche, on=value_on, reference=bank_reference, at=at
    )
    book.post(
        tranche,
        cause=f"surplus:{movement.ref}",
        description=f"Surplus of {tranche.name} back to the buyer: {movement.bank_reference}",
        booked_on=value_on,
        at=at,
        legs=[
            debit(Financier.DUE_TO_BUYER, amount=amount, key=tranche.key),
            credit(Financier.CASH, amount=amount, key=tranche.key),
        ],
    )
    record_movement(movement, verb="surplus.returned", actor=actor, at=at)
    return movement


def pass_on(
    *, tranche_ref: str, actor: Actor, amount: Decimal | None, received_on: date, bank_reference: str, at: datetime
) -> BankMovement:
    """Record that the seller passed on what the buyer had paid it by mistake, all of it where no amount is given."""
    tranche = lock_tranche(tranche_ref=tranche_ref)
    actor.require(Action.MOVE_MONEY, organisation_id=tranche.financier_id)
    owed = book.misdirected(tranche)
    if owed <= 0:
        raise Refused("The seller has nothing of the buyer's on this advance to pass on.")
    amount = owed if amount is None else money.payable(amount, tranche.currency, field="amount")
    if amount > owed:
        raise Refused(
            "The seller has {owed} to pass on. Enter at most that.",
            field="amount",
            owed=str(money.Money(owed, tranche.currency)),
        )
    _require_day(received_on, tranche=tranche, at=at, field="received_on")
    movement = moved(
        Movement.PASSED_ON, amount=amount, actor=actor, tranche=tranche, on=received_on, reference=bank_reference, at=at
    )
    book.post(
        tranche,
        cause=f"passed-on:{movement.ref}",
        description=f"Passed on by the seller on {tranche.name}: {movement.bank_reference}",
        booked_on=received_on,
        at=at,
        legs=[
            debit(Financier.CASH, amount=amount, key=tranche.key),
            credit(Financier.DUE_FROM_SELLER_MISDIRECTED, amount=amount, key=tranche.key),
        ],
    )
    record_movement(movement, verb="advance.passed_on", actor=actor, at=at)
    return movement


def require_passed_on(tranche: Tranche) -> None:
    """Refuse to pay the seller a reserve while it has what the buyer paid it by mistake: it would be paid twice."""
    if owed := book.misdirected(tranche):
        raise Refused(
            "{seller} has {amount} that the buyer paid it by mistake. Pay the reserve once it has passed that on.",
            seller=tranche.seller.legal_name,
            amount=str(money.Money(owed, tranche.currency)),
        )


def sweep(
    *, currency: str, actor: Actor, amount: Decimal, value_on: date, bank_reference: str, at: datetime
) -> BankMovement:
    """Record that collections were moved to the financier's own cash: at most what stands there."""
    financier = own_financier(actor)
    amount = money.payable(amount, currency, field="amount")
    there = collected(financier_id=financier.pk, currency=currency)
    if amount > there:
        raise Refused(
            "{there} stands on your collection account. Enter at most that.",
            field="amount",
            there=str(money.Money(max(there, money.ZERO), currency)),
        )
    not_after_today(value_on, financier=financier, at=at, field="value_on")
    movement = moved(
        Movement.SWEPT, amount=amount, actor=actor, currency=currency, on=value_on, reference=bank_reference, at=at
    )
    legs = [
        debit(Financier.CASH, amount=amount, key=movement.key),
        credit(Financier.COLLECTIONS, amount=amount, key=movement.key),
    ]
    post(movement, cause=f"sweep:{movement.ref}", description="Collections swept to cash", legs=legs, at=at)
    record_movement(movement, verb="collections.swept", actor=actor, at=at)
    return movement


def collected(*, financier_id: int, currency: str) -> Decimal:
    """What stands on a financier's collection account: received and not swept or sent back."""
    return ledger.balance(
        organisation_id=financier_id,
        currency=currency,
        purpose=ledger.Purpose.FINANCIER,
        account=Financier.COLLECTIONS,
    )


def own_financier(actor: Actor) -> Organisation:
    """The financier for whom somebody acts, who may move its money."""
    actor.require(Action.MOVE_MONEY, organisation_id=actor.organisation_id)
    return Organisation.objects.get(pk=actor.organisation_id)


def moved(
    kind: Movement,
    *,
    amount: Decimal,
    actor: Actor,
    on: date,
    reference: str,
    at: datetime,
    tranche: Tranche | None = None,
    currency: str = "",
    closes: BankMovement | None = None,
    note: str = "",
) -> BankMovement:
    written = note.strip()
    if len(written) > LONGEST_REASON or has_unseen(written):
        raise Refused("Say it in at most {most} characters.", field="note", most=LONGEST_REASON)
    movement = BankMovement(
        kind=kind,
        financier_id=tranche.financier_id if tranche is not None else actor.organisation_id,
        seller_id=tranche.seller_id if tranche is not None else None,
        tranche=tranche,
        amount=amount,
        currency=tranche.currency if tranche is not None else currency,
        value_on=on,
        bank_reference=reference_given(reference),
        note=written,
        closes=closes,
        recorded_by_id=person(actor),
        recorded_at=at,
    )
    record_once(movement)
    return movement


def _require_day(on: date, *, tranche: Tranche, at: datetime, field: str = "value_on") -> None:
    """Neither before the last payment of the buyer, from which the money is, nor after today."""
    latest = tranche.collections.order_by("-collected_on").values_list("collected_on", flat=True).first()
    if latest is not None and on < latest:
        raise Refused(
            "The buyer's money arrived on {date}. This cannot have happened before.", field=field, date=latest
        )
    not_after_today(on, financier=tranche.financier, at=at, field=field)


def not_after_today(on: date, *, financier: Organisation, at: datetime, field: str) -> None:
    today = day_of(financier, at=at)
    if on > today:
        raise Refused("The money cannot have moved after today, {today}.", field=field, today=today)


def post(movement: BankMovement, *, cause: str, description: str, legs: list[ledger.Leg], at: datetime) -> Entry:
    return ledger.post(
        organisation_id=movement.financier_id,
        currency=movement.currency,
        purpose=ledger.Purpose.FINANCIER,
        cause=cause,
        description=f"{description}: {movement.bank_reference}",
        booked_on=movement.value_on,
        legs=legs,
        at=at,
    )


def record_movement(movement: BankMovement, *, verb: str, actor: Actor, at: datetime) -> None:
    """On the contract's chain where it is about an advance; else on the financier's own."""
    if movement.tranche is not None:
        record(
            movement.tranche.contract,
            financier_id=movement.financier_id,
            verb=verb,
            subject=f"tranche:{movement.tranche.ref}",
            actor=actor,
            at=at,
            movement=movement.ref,
            value_on=movement.value_on,
        )
        return
    audit.record(
        chain=f"organisation:{movement.financier.ref}",
        parties=(movement.financier_id,),
        verb=verb,
        subject=f"movement:{movement.ref}",
        actor=actor,
        at=at,
        currency=movement.currency,
        amount=movement.amount,
        value_on=movement.value_on,
        bank_reference=movement.bank_reference,
    )

"""Amounts that are withheld for defects: invoiced with the rest, due once the defect is settled."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from apps.contracts.models import Contract
from apps.contracts.rules.payment import NET
from apps.core import canonical, money
from apps.core.errors import Refused
from apps.core.money import Money
from apps.invoicing import rules, snapshot
from apps.invoicing.models import CreditNote, Invoice, OpenItem, Withholding
from apps.invoicing.services.credit_series import Issuer
from apps.invoicing.services.creditable import preview_of, refuse_financed, retained_of
from apps.invoicing.services.crediting import credit_agreed
from apps.invoicing.services.recovery import given_back_by
from apps.invoicing.services.withholding import BilledWork, withheld
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.milestones.models import Milestone, Reservation
from apps.milestones.models.reservation import ReservationState
from apps.parties.actor import Actor


def reserved_of(
    reservations: Sequence[Reservation], *, totals: rules.Totals, rate: Decimal, retained: snapshot.Retained | None
) -> snapshot.Reserved | None:
    """What is withheld of an invoice with these totals, item by item; None where nothing is.

    Refused where together with the retention that was agreed it would be more than the invoice.
    """
    held = [one for one in reservations if one.amount]
    if not held:
        return None
    amounts = [one.amount for one in held]
    gross = _within(amounts, totals=totals, rate=rate, retained=retained, currency=held[0].currency)
    return snapshot.Reserved(
        withheld=money.total(gross),
        items=tuple(snapshot.ReservedItem(one.title, one.due_on, part) for one, part in zip(held, gross, strict=True)),
    )


def check_withholdable(
    amounts: Sequence[Decimal], *, milestone: Milestone, contract: Contract, listed_by: str = ""
) -> None:
    """Refuse to withhold so much, net of tax, of the invoice that accepting all of a milestone would issue now, as its
    issue would.

    The second of two acceptors drops nothing of what the first listed, so the first is told. What is payable may fall
    until the second accepts: other milestones were billed up to the limit before the last one, or a deposit was that
    this invoice gives back. Then the second hears whose list it is (``listed_by``), and that it has to be made anew.
    """
    line, amount, currency = milestone.line, milestone.amount, milestone.currency
    agreed = line.agreed
    recovered = money.total(one.amount for one in given_back_by(amount=amount, contract=contract, milestone=milestone))
    taxed = rules.TaxedAmount(amount - recovered, agreed.tax_category, agreed.tax_rate)
    totals = rules.totals(rules.tax_breakdown([taxed], currency=currency))
    work = [BilledWork(milestone, amount, recovered)]
    kept = withheld(contract=contract, version=line.version, totals=totals, billed=work)
    _within(amounts, totals=totals, rate=agreed.tax_rate, retained=kept.said, currency=currency, listed_by=listed_by)


def _within(
    amounts: Sequence[Decimal],
    *,
    totals: rules.Totals,
    rate: Decimal,
    retained: snapshot.Retained | None,
    currency: str,
    listed_by: str = "",
) -> list[Decimal]:
    """The amounts with their tax; refused where all of them are more than is payable of an invoice."""
    gross = rules.withheld_gross(amounts, rate=rate, currency=currency)
    wanted = money.total(gross)
    payable = totals.gross - (retained.withheld if retained is not None else money.ZERO)
    if wanted > payable and listed_by:
        raise Refused(
            "{name}, who accepted first, withheld {withheld}, tax included, and by now only {payable} of this invoice"
            " are payable. Request changes: what is submitted again is accepted under a new list.",
            field="defects",
            name=listed_by,
            payable=Money(payable, currency),
            withheld=Money(wanted, currency),
        )
    if wanted > payable:
        raise Refused(
            "Less the retention that was agreed, {payable} of this invoice are payable, and {withheld} would be"
            " withheld, tax included. Withhold less.",
            field="defects",
            payable=Money(payable, currency),
            withheld=Money(wanted, currency),
        )
    return gross


def withholdings(
    invoice: Invoice, *, reservations: Sequence[Reservation], reserved: snapshot.Reserved | None
) -> list[Withholding]:
    """The rows that belong to a new invoice."""
    if reserved is None:
        return []
    held = [one for one in reservations if one.amount]
    return [
        Withholding(contract=invoice.contract, invoice=invoice, reservation=one, gross=item.amount)
        for one, item in zip(held, reserved.items, strict=True)
    ]


def make_due(*, reservation: Reservation, at: datetime) -> Withholding | None:
    """What was withheld for a settled reservation is open from now on, exactly that and once.

    None where nothing was withheld. Where nothing else of the invoice is open, the days to pay begin anew; where the
    rest is unpaid and overdue, it joins that: the buyer's right to refuse it has ended, and the day agreed is past.
    """
    if not reservation.is_settled:
        raise ValueError(f"reservation {reservation.ref} is not settled")
    withholding = (
        Withholding.objects.select_related("invoice__contract__seller")
        .select_for_update(of=("self",))
        .filter(reservation=reservation)
        .first()
    )
    if withholding is None:
        return None
    invoice = withholding.invoice
    item = OpenItem.objects.select_for_update(of=("self",)).get(invoice=invoice)
    today = at.astimezone(ZoneInfo(invoice.contract.seller.time_zone)).date()
    if item.open == 0:
        item.due_on = max(item.due_on, due_again(invoice, from_day=today))
    item.reserved -= withholding.gross
    item.open += withholding.gross
    item.settled_at = None
    withholding.released_at = at
    item.save(update_fields=["reserved", "open", "settled_at", "due_on"])
    withholding.save(update_fields=["released_at"])
    _post(withholding, booked_on=max(today, invoice.issued_on), at=at)
    return withholding


def reduce(
    ref: str, *, reservation: Reservation, reason: str, actor: Actor, at: datetime, issuer: Issuer | None = None
) -> CreditNote:
    """What was withheld is open, and by what both sides agreed the invoice is credited at once.

    ``ref`` is the reference of the credit note. The caller holds the contract. What is withheld for other defects stays
    withheld. Where a guest agreed, the credit note is issued in the name of ``issuer``.
    """
    if reservation.state != ReservationState.REDUCED:
        raise ValueError(f"reservation {reservation.ref} is not settled at a lower price")
    withholding = make_due(reservation=reservation, at=at)
    if withholding is None:
        raise ValueError(f"nothing was withheld for reservation {reservation.ref}")
    invoice = withholding.invoice
    refuse_financed(invoice)
    _require_room(withholding, net=reservation.reduced_by)
    note = credit_agreed(
        ref,
        invoice_ref=invoice.ref,
        amount=reservation.reduced_by,
        reason=reason,
        actor=actor,
        issuer=issuer if actor.user_id is None else None,
        at=at,
    )
    withholding.credit_note = note
    withholding.save(update_fields=["credit_note"])
    return note


def _require_room(withholding: Withholding, *, net: Decimal) -> None:
    """Refuse to credit more than the invoice asks for now: tax is rounded over all that was withheld, and over all that
    is credited, so the same amount may bear a cent more of it while other defects stand."""
    item = OpenItem.objects.get(invoice=withholding.invoice_id)
    over = preview_of(item, share=rules.Share(amount=net)).gross - item.open - item.paid
    over -= retained_of(withholding.invoice)
    if over > 0:
        raise Refused(
            "With tax this comes to {over} more than what is due of {number} now, because cents are rounded over all"
            " defects together. Settle the other defects first, or agree on {over} less.",
            over=str(money.Money(over, item.currency)),
            number=withholding.invoice.number,
        )


def due_again(invoice: Invoice, *, from_day: date) -> date:
    """Until when what becomes due on a day is paid in time, by the terms of its invoice."""
    said = canonical.read(invoice.snapshot)
    return rules.due_on(from_day, payment_days=said["payment_days"], payment_basis=said.get("payment_basis", NET))


def _post(withholding: Withholding, *, booked_on: date, at: datetime) -> None:
    """Only time separates it from cash now: a receivable, and no part of the contract balance any more."""
    invoice = withholding.invoice
    ledger.post(
        organisation_id=invoice.seller_id,
        currency=invoice.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"reservation:{withholding.reservation.ref}",
        description=f"Withheld of {invoice.number} is due",
        booked_on=booked_on,
        legs=[
            ledger.debit(Seller.RECEIVABLES, amount=withholding.gross, key=f"invoice:{invoice.ref}"),
            ledger.credit(Seller.RETENTION_HELD, amount=withholding.gross, key=f"contract:{invoice.contract.ref}"),
        ],
        at=at,
    )

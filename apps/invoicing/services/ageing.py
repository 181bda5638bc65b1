"""A seller's receivables by age, as of a day: what the book says, invoice by invoice."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet

from apps.contracts.models import Contract
from apps.core import money
from apps.core.database import at_once
from apps.invoicing import rules
from apps.invoicing.models import Invoice, Payment, Withholding
from apps.invoicing.services.reserved import due_again
from apps.ledger import standing
from apps.ledger.charts import Seller
from apps.parties.actor import Actor

Of = tuple[str, int]
"""A currency, and a buyer by primary key."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What an invoice owed at the end of the day, when that was due as things stood then, and in which band of age."""

    invoice: Invoice
    amount: Decimal
    due_on: date
    band: rules.Band


@dataclass(frozen=True, slots=True)
class Ageing:
    """Receivables as of ``on``, due first first. ``retained`` is not due before its release and ``unapplied`` settles
    nothing yet, so both stand apart. ``control`` is the control account by currency, ``names`` the buyers'."""

    on: date
    owed: list[Owed]
    retained: dict[Of, Decimal]
    unapplied: dict[Of, Decimal]
    control: dict[str, Decimal]
    names: dict[int, str]
    refs: dict[int, str]

    def total(self, currency: str) -> Decimal:
        """What all invoices of a currency owe."""
        return money.total(one.amount for one in self.owed if one.invoice.currency == currency)


def ageing(actor: Actor, *, on: date) -> Ageing:
    """The receivables of the actor's organisation at the end of a business day, in two statements.

    An invoice that was sold is nobody's receivable here any more, and one that was lent on still is: the book knows.
    """
    accounts = (Seller.RECEIVABLES, Seller.RETENTION_HELD, Seller.UNAPPLIED_RECEIPTS)
    rows, control = standing.standing(
        organisation_id=actor.organisation_id, accounts=accounts, control=Seller.RECEIVABLES, on=on
    )
    by_ref = {(row.account, row.key.partition(":")[2]): row for row in rows}

    def refs(account: Seller) -> list[str]:
        return [ref for code, ref in by_ref if code == account]

    invoices = Invoice.objects.of_seller(actor).filter(ref__in=refs(Seller.RECEIVABLES))
    found = invoices.with_what_is_billed().select_related("buyer", "open_item").defer("snapshot")
    freed = _freed(invoices)
    contracts = Contract.objects.of_seller(actor).filter(ref__in=refs(Seller.RETENTION_HELD)).select_related("buyer")
    payments = Payment.objects.visible_to(actor).filter(
        recipient_id=actor.organisation_id, ref__in=refs(Seller.UNAPPLIED_RECEIPTS)
    )
    payments = payments.select_related("payer")
    at_once.read(found, freed, contracts, payments)
    retained: dict[Of, Decimal] = {}
    unapplied: dict[Of, Decimal] = {}
    buyers = {one.buyer_id: one.buyer for one in found}
    for contract in contracts:
        buyers[contract.buyer_id] = contract.buyer
        of = (contract.currency, contract.buyer_id)
        retained[of] = retained.get(of, money.ZERO) + by_ref[Seller.RETENTION_HELD, contract.ref].amount
    for payment in payments:
        buyers[payment.payer_id] = payment.payer
        of = (payment.currency, payment.payer_id)
        unapplied[of] = unapplied.get(of, money.ZERO) - by_ref[Seller.UNAPPLIED_RECEIPTS, payment.ref].amount
    return Ageing(
        on=on,
        owed=[
            Owed(one, by_ref[Seller.RECEIVABLES, one.ref].amount, due, rules.band_of(due, on=on))
            for due, one in sorted(_dated(found, freed=freed, on=on), key=lambda pair: (pair[0], pair[1].number))
        ],
        retained=retained,
        unapplied=unapplied,
        control=control,
        names={pk: one.legal_name for pk, one in buyers.items()},
        refs={pk: one.ref for pk, one in buyers.items()},
    )


def _freed(invoices: "QuerySet[Invoice, Invoice]") -> "QuerySet[Withholding, Withholding]":
    """What was withheld of these invoices for defects and released with new days to pay, in its order."""
    released = Withholding.objects.filter(invoice__in=invoices.order_by().values("pk"), released_at__isnull=False)
    later = released.exclude(invoice__open_item__due_on=F("invoice__due_on"))
    return later.select_related("invoice__seller").order_by("released_at", "pk")


def _dated(invoices: Iterable[Invoice], *, freed: Iterable[Withholding], on: date) -> Iterator[tuple[date, Invoice]]:
    """Each with the day on which it was due as of ``on``: a release of what was withheld for a defect may have given it
    new days to pay, and before that release it was due as it says.

    The terms are read from the invoices that come with their releases: the others are read without what they say.
    """
    released: dict[int, list[date]] = {}
    whole: dict[int, Invoice] = {}
    for one in freed:
        zone = ZoneInfo(one.invoice.seller.time_zone)
        if one.released_at is not None:
            released.setdefault(one.invoice_id, []).append(one.released_at.astimezone(zone).date())
            whole[one.invoice_id] = one.invoice
    for invoice in invoices:
        days = released.get(invoice.pk, [])
        before = [day for day in days if day <= on]
        if before == days:
            yield invoice.open_item.due_on, invoice
        elif before:
            yield max(invoice.due_on, due_again(whole[invoice.pk], from_day=before[-1])), invoice
        else:
            yield invoice.due_on, invoice

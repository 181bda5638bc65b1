"""A seller's receivables by age, as of a day: what the book says, invoice by invoice."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.contracts.models import Contract
from apps.core import money
from apps.invoicing import rules
from apps.invoicing.models import Invoice, Payment
from apps.ledger import standing
from apps.ledger.charts import Seller
from apps.parties.actor import Actor

Of = tuple[str, int]
"""A currency, and a buyer by primary key."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What an invoice owed at the end of the day, and in which band of age."""

    invoice: Invoice
    amount: Decimal
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
    """The receivables of the actor's organisation at the end of a business day, in seven queries.

    An invoice that was sold is nobody's receivable here any more, and one that was lent on still is: the book knows.
    """
    accounts = (Seller.RECEIVABLES, Seller.RETENTION_HELD, Seller.UNAPPLIED_RECEIPTS)
    rows = standing.standing(organisation_id=actor.organisation_id, accounts=accounts, on=on)
    by_ref = {(row.account, row.key.partition(":")[2]): row for row in rows}

    def refs(account: Seller) -> list[str]:
        return [ref for code, ref in by_ref if code == account]

    invoices = Invoice.objects.of_seller(actor).filter(ref__in=refs(Seller.RECEIVABLES))
    dated = invoices.select_related("buyer", "milestone", "instalment", "open_item").defer("snapshot")
    found = list(dated.order_by("open_item__due_on", "number"))
    contracts = Contract.objects.of_seller(actor).filter(ref__in=refs(Seller.RETENTION_HELD)).select_related("buyer")
    payments = Payment.objects.visible_to(actor).filter(
        recipient_id=actor.organisation_id, ref__in=refs(Seller.UNAPPLIED_RECEIPTS)
    )
    retained: dict[Of, Decimal] = {}
    unapplied: dict[Of, Decimal] = {}
    buyers = {one.buyer_id: one.buyer for one in found}
    for contract in contracts:
        buyers[contract.buyer_id] = contract.buyer
        of = (contract.currency, contract.buyer_id)
        retained[of] = retained.get(of, money.ZERO) + by_ref[Seller.RETENTION_HELD, contract.ref].amount
    for payment in payments.select_related("payer"):
        buyers[payment.payer_id] = payment.payer
        of = (payment.currency, payment.payer_id)
        unapplied[of] = unapplied.get(of, money.ZERO) - by_ref[Seller.UNAPPLIED_RECEIPTS, payment.ref].amount
    return Ageing(
        on=on,
        owed=[
            Owed(one, by_ref[Seller.RECEIVABLES, one.ref].amount, rules.band_of(one.open_item.due_on, on=on))
            for one in found
        ],
        retained=retained,
        unapplied=unapplied,
        control=standing.control(organisation_id=actor.organisation_id, account=Seller.RECEIVABLES, after=on),
        names={pk: one.legal_name for pk, one in buyers.items()},
        refs={pk: one.ref for pk, one in buyers.items()},
    )

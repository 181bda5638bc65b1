"""The invoice that an acceptance would issue, shown to whoever accepts before it is signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.contracts.models import ContractVersion
from apps.core import clock, money
from apps.core.days import NOT_YET
from apps.invoicing import rules
from apps.invoicing import services as invoicing
from apps.invoicing.services.withholding import BilledWork
from apps.milestones.models import Milestone


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceToCome:
    """The invoice that a sign-off today would issue; ``retained`` of it would be kept back as the contract says,
    ``withheld`` for the defects that are listed, and ``recovered`` (net of tax) is what it gives back of deposits, so
    that its ``net`` is lower than what is accepted. It is due once the ``documents`` are confirmed."""

    net: Decimal
    tax: Decimal
    gross: Decimal
    due_on: date
    currency: str
    retained: Decimal = money.ZERO
    withheld: Decimal = money.ZERO
    recovered: Decimal = money.ZERO
    documents: tuple[str, ...] = ()

    @property
    def accepted(self) -> Decimal:
        """What of the price is accepted and billed, net of tax."""
        return self.net + self.recovered

    @property
    def payable(self) -> Decimal:
        """What of it would be due by ``due_on``."""
        return self.gross - self.retained - self.withheld


def invoice_to_come(
    amount: Decimal, *, milestone: Milestone, version: ContractVersion, withheld: Sequence[Decimal] = ()
) -> InvoiceToCome:
    """The invoice that accepting ``amount`` of the milestone today would issue; it bears the seller's calendar day.

    ``withheld`` is what is withheld for each defect, net of tax.
    """
    today = clock.today(version.contract.seller.time_zone)
    currency = version.contract.currency
    given_back = invoicing.given_back_by(amount=amount, contract=version.contract, milestone=milestone)
    recovered = money.total(one.amount for one in given_back)
    agreed = milestone.line.agreed
    taxed = rules.TaxedAmount(net=amount - recovered, category=agreed.tax_category, rate=agreed.tax_rate)
    totals = rules.totals(rules.tax_breakdown([taxed], currency=currency))
    documents = invoicing.wanted_of(contract=version.contract, version=version, milestones=[milestone], on=today)
    work = [BilledWork(milestone, amount, recovered)]
    kept = invoicing.withheld(contract=version.contract, version=version, totals=totals, billed=work)
    return InvoiceToCome(
        retained=kept.said.withheld if kept.said is not None else money.ZERO,
        withheld=money.total(rules.withheld_gross(withheld, rate=agreed.tax_rate, currency=currency)),
        recovered=recovered,
        net=totals.net,
        tax=totals.tax,
        gross=totals.gross,
        due_on=NOT_YET if documents else agreed.due_on(today),
        documents=tuple(one.title for one in documents),
        currency=currency,
    )

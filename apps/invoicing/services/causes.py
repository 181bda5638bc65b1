"""What an invoice bills and why: an accepted milestone, a certified application for payment, a deposit, a period."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.contracts.drafts import AS_AGREED, LineTerms
from apps.contracts.exemptions import Exemption
from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.contracts.rules import Agreed
from apps.core import money
from apps.invoicing import rules, snapshot
from apps.invoicing.models import Application, ApplicationLine, Instalment, InvoiceKind
from apps.milestones.models import Decision, Milestone


@dataclass(frozen=True, slots=True)
class Cause:
    """What is billed, and why; of a certified application for payment each milestone is among the ``parts``."""

    kind: str
    name: str
    description: str
    amount: Decimal
    version: ContractVersion
    milestone: Milestone | None = None
    instalment: Instalment | None = None
    acceptance: Decision | None = None
    application: Application | None = None
    parts: Sequence["Cause"] = ()
    own: LineTerms = AS_AGREED

    @property
    def agreed(self) -> Agreed:
        """What holds for the line that it bills: the terms of its version, and its own in their place."""
        return Agreed(self.version, self.own)

    @property
    def billed(self) -> Sequence["Cause"]:
        """What its lines bill, one by one."""
        return self.parts or (self,)

    @property
    def taxed(self) -> rules.TaxedAmount:
        """What it bills at the treatment of its line."""
        return rules.TaxedAmount(self.amount, self.agreed.tax_category, self.agreed.tax_rate)

    @property
    def exemption(self) -> Exemption:
        """Why it bears no tax, where that is agreed."""
        return self.agreed.exemption

    @property
    def tax_category(self) -> str:
        """The treatment of all that it bills, for what a document says of its parties: what is outside the scope of tax
        stands alone on it."""
        return self.billed[0].taxed.category

    @property
    def unit(self) -> str:
        """The unit code (UN/ECE Recommendation 20): of a lump sum one piece."""
        return self.version_line.unit if self.version_line is not None and self.version_line.unit else snapshot.ONE

    @property
    def invoice_kind(self) -> InvoiceKind:
        """What sort of invoice it makes."""
        if self.kind == InvoiceKind.BONUS:
            return InvoiceKind.BONUS
        if self.application is not None:
            return InvoiceKind.APPLICATION
        if self.instalment is None:
            return InvoiceKind.MILESTONE
        return InvoiceKind.ADVANCE if self.instalment.line.recovery else InvoiceKind.INSTALMENT

    @property
    def version_line(self) -> PlanLine | None:
        """The line by which a milestone is billed that is agreed by quantity."""
        milestone = self.milestone
        if milestone is None or milestone.quantity is None or milestone.amount != self.amount:
            return None
        return milestone.line

    @property
    def priced(self) -> tuple[Decimal, Decimal, Decimal]:
        """Quantity, net price, and the quantity that this price is of (BT-129, BT-146, BT-149).

        The price is that of one unit, unless the running total of the line was rounded otherwise than this part alone
        would be: then it is that of the whole part, so that the line is exact to the cent for whoever computes it.
        """
        line, milestone = self.version_line, self.milestone
        if line is None or line.unit_price is None or milestone is None or milestone.quantity is None:
            return Decimal(1), self.amount, Decimal(1)
        quantity = milestone.quantity
        alone = rules.line_net(quantity=quantity, price=line.unit_price, currency=milestone.currency)
        return (quantity, line.unit_price, Decimal(1)) if alone == self.amount else (quantity, self.amount, quantity)


def of_milestone(milestone: Milestone, *, acceptance: Decision) -> Cause:
    """An accepted milestone, or the part of it that was accepted."""
    return Cause(
        kind="milestone",
        name=milestone.title,
        description=milestone.line.scope,
        amount=milestone.amount,
        version=milestone.line.version,
        milestone=milestone,
        acceptance=acceptance,
        own=milestone.line.own,
    )


def of_application(application: Application, *, lines: Sequence[ApplicationLine], version: ContractVersion) -> Cause:
    """What was certified of an application, of each milestone at the tax on which it was agreed."""
    parts = [
        Cause(
            kind="milestone",
            name=line.milestone.title,
            description=line.milestone.line.scope,
            amount=line.certified,
            version=line.milestone.line.version,
            milestone=line.milestone,
            own=line.milestone.line.own,
        )
        for line in lines
        if line.certified
    ]
    return Cause(
        kind="application",
        name=str(application),
        description="",
        amount=money.total(one.amount for one in parts),
        version=version,
        application=application,
        parts=parts,
    )


def of_instalment(instalment: Instalment, *, contract: Contract) -> Cause:
    """A deposit, or one period of a recurring line, on the terms that are in force: a change order leaves the line."""
    version = contract.active_version or instalment.line.version
    version.contract = contract
    return Cause(
        kind=instalment.line.kind,
        name=instalment.title,
        description=instalment.line.scope,
        amount=instalment.amount,
        version=version,
        instalment=instalment,
        own=instalment.line.own,
    )

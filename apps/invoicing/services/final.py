"""The final invoice of a contract with deposits: it states the whole contract and deducts every invoice before it.

The milestones of the whole plan stand on it at what was agreed, then each earlier invoice with a negative quantity, at
its own category and rate and less what was credited of it; what is left is what this invoice asks for. So the buyer
sees on one document that everything adds up, and no tax is shown twice (Directive 2006/112/EC, article 203; in Germany
section 14(5) UStG, where it is called Schlussrechnung).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import translation
from django.utils.translation import gettext

from apps.contracts.models import Contract, PlanLine
from apps.core import money
from apps.core.database import at_once
from apps.core.printing import words
from apps.invoicing import snapshot
from apps.invoicing.models import BESIDE_PLAN, CreditNote, Invoice, InvoiceKind, InvoiceLine
from apps.invoicing.services import causes
from apps.invoicing.services.standing import corrections

MOST_DEDUCTED: Final = 100
"""Earlier invoices that are listed; after more of them the last invoice deducts what is left of deposits only."""
MONEY: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=18, decimal_places=3)
NOTHING: Final = Value(money.ZERO)


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier invoice: what of it is owed for the contract, net of tax, and what it billed of the price. Where its
    words were put right, the corrected one that stands in its place is named."""

    number: str
    issued_on: date
    about: str
    net: Decimal
    worth: Decimal


@dataclass(frozen=True, slots=True)
class Whole:
    """What the final invoice of a contract states beside itself, as queries: the invoices before it, the documents that
    stand in their place, the plan, and a line that was taxed otherwise."""

    before: "QuerySet[Invoice, Invoice]"
    corrected: "QuerySet[Any, tuple[int, str, date]]"
    plan: "QuerySet[PlanLine, PlanLine]"
    taxed_apart: "QuerySet[Any, Any]"

    @property
    def asked(self) -> "Sequence[QuerySet[Any, Any]]":
        """All of it, for whoever asks more at once."""
        return self.before, self.corrected, self.plan, self.taxed_apart


def whole_of(contract: Contract, *, cause: causes.Cause) -> Whole:
    """What the invoice of a cause would state as the final one."""
    taxed, why = cause.billed[0].taxed, cause.billed[0].exemption
    lines = InvoiceLine.objects.filter(invoice__contract=contract).exclude(invoice__kind__in=BESIDE_PLAN)
    apart = lines.exclude(tax_category=taxed.category, tax_rate=taxed.rate, **asdict(why))
    return Whole(
        before=_before(contract),
        corrected=corrections(Invoice.objects.filter(contract=contract).order_by().values("pk")),
        plan=PlanLine.objects.filter(version=contract.active_version_id, recovery="").order_by("position"),
        taxed_apart=apart.order_by().values("pk")[:1],
    )


def as_final(
    said: snapshot.SemanticInvoice, *, cause: causes.Cause, contract: Contract, whole: Whole | None = None
) -> snapshot.SemanticInvoice:
    """The invoice after which nothing is to be billed, as the final one of its contract.

    It stays as it is where the plan was not billed whole (a terminated contract), where prices were corrected by credit
    notes so that the plan says another sum, where a change order taxed the rest otherwise than what was billed before,
    and where too many invoices came before. One statement, and none where the ``whole`` was read already.
    """
    if contract.active_version_id is None:
        return said
    whole = whole or whole_of(contract, cause=cause)
    at_once.read(*whole.asked)
    before, plan = _left_of(whole), list(whole.plan)
    price = money.total(line.amount for line in plan if line.amount is not None)
    billed = money.total(one.worth for one in before) + cause.amount
    is_whole = billed == price and price - money.total(one.net for one in before) == said.totals.net
    if not is_whole or not 0 < len(before) <= MOST_DEDUCTED or _is_taxed_apart(cause, whole=whole):
        return said
    rows = [(line.title, line.scope, line.amount or money.ZERO) for line in plan]
    with translation.override(said.language):
        rows += [(_deducted(one), one.about, -one.net) for one in before]
    return replace(
        said,
        kind=snapshot.FINAL,
        lines=tuple(
            _line(place, name, description, amount, cause)
            for place, (name, description, amount) in enumerate(rows, start=1)
        ),
        deposits=tuple(snapshot.Deposit(one.number, one.issued_on, one.net) for one in before),
    )


def _is_taxed_apart(cause: causes.Cause, *, whole: Whole) -> bool:
    """Whether what it bills and what was billed before are not taxed alike: then no line of the plan has one tax."""
    taxed, why = cause.billed[0].taxed, cause.billed[0].exemption
    alike = taxed.category, taxed.rate, why
    if any((one.taxed.category, one.taxed.rate, one.exemption) != alike for one in cause.billed):
        return True
    return bool(whole.taxed_apart)


def _deducted(one: Before) -> str:
    return gettext("Invoice {number} of {day} deducted").format(number=one.number, day=words.day(one.issued_on))


def _before(contract: Contract) -> "QuerySet[Invoice, Invoice]":
    """The invoices of a contract, the oldest first, with what was credited of them."""
    notes = CreditNote.objects.of_lines().filter(invoice=OuterRef("pk")).order_by().values("invoice")
    billed_again = (CreditNote.Purpose.NULLIFICATION, CreditNote.Purpose.REPLACEMENT)
    withdrawn = notes.filter(Q(purpose__in=billed_again) | Q(invoice__kind=InvoiceKind.ADVANCE))
    return (
        Invoice.objects.filter(contract=contract)
        .exclude(kind__in=BESIDE_PLAN)
        .select_related("milestone", "replaced_milestone", "instalment", "application")
        .annotate(
            credited=Coalesce(Subquery(notes.annotate(sum=Sum("net")).values("sum"), output_field=MONEY), NOTHING),
            taken=Coalesce(
                Subquery(withdrawn.annotate(sum=Sum(F("net") + F("given_back"))).values("sum"), output_field=MONEY),
                NOTHING,
            ),
        )
        .order_by("pk")
    )


def _left_of(whole: Whole) -> Sequence[Before]:
    """The invoices of which something is left, the oldest first. A correction of the price counts as billed: by it the
    sums differ from the plan."""
    stands = {pk: (number, on) for pk, number, on in whole.corrected}
    found = [
        Before(
            number=stands.get(one.pk, (one.number, one.issued_on))[0],
            issued_on=stands.get(one.pk, (one.number, one.issued_on))[1],
            about=one.about,
            net=one.net - vars(one)["credited"],
            worth=money.ZERO if one.kind == InvoiceKind.ADVANCE else one.worth - vars(one)["taken"],
        )
        for one in whole.before
    ]
    return [one for one in found if one.net or one.worth]


def _line(place: int, name: str, description: str, amount: Decimal, cause: causes.Cause) -> snapshot.Line:
    return snapshot.Line(
        identifier=str(place),
        name=name,
        description=description,
        quantity=Decimal(1 if amount >= 0 else -1),
        unit_code=snapshot.ONE,
        net_price=abs(amount),
        net=amount,
        tax_category=cause.billed[0].taxed.category,
        tax_rate=cause.billed[0].taxed.rate,
        exemption_code=cause.billed[0].exemption.exemption_code,
        exemption_reason=cause.billed[0].exemption.exemption_reason,
    )

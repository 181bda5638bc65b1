"""What two versions of a contract say differently, in words and figures that seller, buyer and guest read alike."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.contracts import (
    charges_wording,
    criteria_wording,
    document_wording,
    late_wording,
    measure_wording,
    retention_wording,
    rules,
    wording,
)
from apps.contracts import services as contracts
from apps.contracts.charges import ChargeTerms
from apps.contracts.late_payment import LateTerms
from apps.contracts.models import ContractVersion
from apps.contracts.models.dues import LineKind
from apps.contracts.models.version import BillsBy, PaymentBasis, ReviewUnit, Silence, TaxCategory
from apps.contracts.payment_documents import PaymentDocuments
from apps.contracts.retention import RetentionTerms
from apps.core.canonical import plain
from apps.core.printing import words
from apps.portals import formats
from apps.portals.templatetags.dues import due_in_words

LABELS: Final[Mapping[str, Promise]] = {
    "title": gettext_lazy("What the contract is about"),
    "number": gettext_lazy("Contract number"),
    "currency": gettext_lazy("Currency"),
    "price": gettext_lazy("Price, net of tax"),
    "payment_days": gettext_lazy("Days to pay"),
    "payment_basis": gettext_lazy("Days to pay count"),
    "bills_by": gettext_lazy("Invoices are issued by"),
    "review_days": gettext_lazy("Days to review"),
    "review_unit": gettext_lazy("Days that count"),
    "review_country": gettext_lazy("Calendar of holidays"),
    "review_subdivision": gettext_lazy("Region of the calendar"),
    "review_time_zone": gettext_lazy("Time zone of the review"),
    "silence": gettext_lazy("If the buyer says nothing"),
    "partial_acceptance": gettext_lazy("A milestone may be accepted in part"),
    "question_suspensions": gettext_lazy("Questions that stop the review clock"),
    "needs_inspection": gettext_lazy("An inspection comes before acceptance"),
    "notice_days": gettext_lazy("Days of notice of termination"),
    "second_acceptor_above": gettext_lazy("Two people accept above"),
    "tax_category": gettext_lazy("Tax"),
    "tax_rate": gettext_lazy("Tax rate in percent"),
    "exemption_code": gettext_lazy("Reason of the exemption (code)"),
    "exemption_reason": gettext_lazy("Reason of the exemption, in words"),
    "retention": gettext_lazy("Retention"),
    "late_payment": gettext_lazy("Late payment"),
    "payment_documents": gettext_lazy("Documents before payment"),
    "charges": gettext_lazy("Damages, bonuses and back-charges"),
    "is_assignable": gettext_lazy("Invoices may be assigned"),
    "governing_law": gettext_lazy("Governing law"),
    "terms": gettext_lazy("Further terms"),
    "answer_until": gettext_lazy("Can be signed until"),
    "signatory_name": gettext_lazy("Who signs off for the buyer"),
    "signatory_email": gettext_lazy("Their e-mail"),
    "plan_name": gettext_lazy("Name of the base plan"),
    "seller": gettext_lazy("Seller"),
    "buyer": gettext_lazy("Buyer"),
}
"""The names of terms; one that is missing here is shown by its name in the text that is signed."""

CHOICES: Final[Mapping[str, Mapping[str, Any]]] = {
    "tax_category": dict(TaxCategory.choices),
    "payment_basis": dict(PaymentBasis.choices),
    "bills_by": dict(BillsBy.choices),
    "review_unit": dict(ReviewUnit.choices),
    "silence": dict(Silence.choices),
}

MONEY: Final = ("price", "second_acceptor_above")
_ORDER: Final[Mapping[str, int]] = {name: place for place, name in enumerate(LABELS)}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing before and after, as text; empty on the side that does not say it."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of the plan: ``kind`` is ``added``, ``removed``, ``changed`` or ``moved``."""

    kind: str
    title: str
    place: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class OptionRows:
    """One plan to pick: ``kind`` is ``added``, ``removed`` or ``changed``; its price and discount, and its lines."""

    kind: str
    name: str
    rows: Sequence[Row]
    lines: Sequence[LineRow]


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """Everything that differs between two versions, ready to be shown."""

    before: ContractVersion
    after: ContractVersion
    terms: Sequence[Row]
    lines: Sequence[LineRow]
    counts: Sequence[tuple[str, int]]
    """How many lines of each kind; kinds without a line are left out."""
    options: Sequence[OptionRows] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.terms or self.lines or self.options)


def between_versions(before: ContractVersion, after: ContractVersion) -> VersionDifference:
    """Two versions of one contract. Proposed ones are compared as signed; only of a draft are the lines read."""
    papers = contracts.paper_of(before), contracts.paper_of(after)
    found = rules.difference(*papers)
    currencies = str(papers[0].terms["currency"]), str(papers[1].terms["currency"])
    lines = [_line(change, currencies) for change in found.lines]
    kinds = [change.kind for change in found.lines]
    return VersionDifference(
        before=before,
        after=after,
        terms=term_rows(found.terms, currencies=currencies),
        lines=lines,
        counts=[(kind, kinds.count(kind)) for kind in ("added", "removed", "changed", "moved") if kind in kinds],
        options=[_option(change, currencies) for change in found.options],
    )


def _option(change: rules.OptionChange, currencies: tuple[str, str]) -> OptionRows:
    now = change.after or change.before
    assert now is not None  # noqa: S101  (narrows the type: one side there always is)
    said: list[tuple[str, Callable[[rules.PaperOption], Decimal | None]]] = [
        (_("Price, net of tax"), lambda option: option.price),
        (_("Discount"), lambda option: option.discount),
    ]
    rows = []
    for label, read in said:
        was, is_now = (
            _money(read(side) if side else None, currency)
            for side, currency in zip((change.before, change.after), currencies, strict=True)
        )
        if was != is_now:
            rows.append(Row(label, was, is_now))
    return OptionRows(change.kind, now.name, rows, [_line(one, currencies) for one in change.lines])


def term_rows(changes: Iterable[rules.TermChange], *, currencies: tuple[str, str]) -> list[Row]:
    """Terms that differ, in words, in the order in which pages name them."""
    return [
        Row(
            str(LABELS.get(change.name, change.name.replace("_", " "))),
            _term(change.name, change.before, currencies[0]),
            _term(change.name, change.after, currencies[1]),
        )
        for change in sorted(changes, key=lambda change: _ORDER.get(change.name, len(_ORDER)))
    ]


def _term(name: str, value: rules.Term, currency: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return _("yes") if value else _("no")
        case Decimal():
            return formats.money(value, currency) if name in MONEY else plain(value)
        case LateTerms() | RetentionTerms() | PaymentDocuments() | ChargeTerms():
            return _agreed(value, currency)
        case date():
            return formats.day(value)
        case _:
            return str(CHOICES.get(name, {}).get(str(value), value))


def _agreed(terms: LateTerms | RetentionTerms | PaymentDocuments | ChargeTerms, currency: str) -> str:
    if isinstance(terms, PaymentDocuments):
        return document_wording.whole(terms)
    if isinstance(terms, ChargeTerms):
        return charges_wording.whole(terms, currency=currency)
    if isinstance(terms, LateTerms):
        return late_wording.whole(terms, currency=currency)
    return retention_wording.whole(terms, currency=currency)


def _line(change: rules.LineChange, currencies: tuple[str, str]) -> LineRow:
    now = change.after or change.before
    assert now is not None  # noqa: S101  (narrows the type: one side there always is)
    return LineRow(change.kind, now.line.title, _place(change), list(_rows(change, currencies)))


def _place(change: rules.LineChange) -> str:
    """Which line it is: by its number in the version that has it, and in both where it moved."""
    if change.before and change.after and change.before.position != change.after.position:
        numbers = {"before": change.before.position, "after": change.after.position}
        return _("line %(before)d, now line %(after)d") % numbers
    now = change.after or change.before
    return _("line %(number)d") % {"number": now.position if now else 0}


FIELDS: Final[Sequence[tuple[Promise, Callable[[rules.PaperLine, str], str]]]] = (
    (gettext_lazy("Milestone"), lambda line, _currency: line.title),
    (gettext_lazy("Amount, net"), lambda line, currency: _money(line.amount, currency)),
    (gettext_lazy("Agreed as"), lambda line, currency: agreed_as(line, currency=currency)),
    (
        gettext_lazy("Planned date"),
        lambda line, _currency: formats.day(line.planned_on) if line.planned_on else "",
    ),
    (gettext_lazy("Kind"), lambda line, _currency: str(LineKind(line.kind).label) if line.due else ""),
    (gettext_lazy("Billed"), due_in_words),
    (gettext_lazy("What is delivered"), lambda line, _currency: line.scope),
    (gettext_lazy("Own terms"), lambda line, _currency: "\n".join(wording.own_terms(line.own))),
)


def _rows(change: rules.LineChange, currencies: tuple[str, str]) -> list[Row]:
    """The parts of a line that differ; of a line that is new or gone all that it says besides its name."""
    before, after = (side.line if side else None for side in (change.before, change.after))
    rows = []
    for place, (label, said) in enumerate(FIELDS):
        was = said(before, currencies[0]) if before else ""
        now = said(after, currencies[1]) if after else ""
        if was != now and (place or (before and after)):
            rows.append(Row(str(label), was, now))
    return [*rows, *_criteria(before, after)]


def _criteria(before: rules.PaperLine | None, after: rules.PaperLine | None) -> list[Row]:
    """Criteria that came or went, and those whose need of evidence changed.."""
    was, now = ([_criterion(one) for one in line.criteria] if line else [] for line in (before, after))
    gone, come = list(was), []
    for sentence in now:
        if sentence in gone:
            gone.remove(sentence)
        else:
            come.append(sentence)
    label = _("Complete when")
    if not gone and not come and was != now:
        return [Row(label, "\n".join(was), "\n".join(now))]
    count = max(len(gone), len(come))
    pairs = zip(gone + [""] * (count - len(gone)), come + [""] * (count - len(come)), strict=True)
    return [Row(label, old, new) for old, new in pairs]


def _criterion(criterion: Any) -> str:
    said = criteria_wording.marks(criterion)
    return f"{criterion.text} ({said})" if said else str(criterion.text)


def _money(amount: Decimal | None, currency: str) -> str:
    return formats.money(amount, currency) if amount is not None else ""


def agreed_as(line: rules.PaperLine, *, currency: str) -> str:
    """How the portion of a line was agreed, in words."""
    if line.measure is not None:
        return measure_wording.agreed(line.measure, currency)
    if line.basis == "percent":
        if not line.percent:
            return _("a percentage")
        return _("%(share)s of the price") % {"share": words.percent(line.percent)}
    if line.basis == "total":
        return _("an amount in all")
    return _("the remainder") if line.basis == "remainder" else _("an amount")

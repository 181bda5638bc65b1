"""One deal by milestones, by time and upfront: what each plan costs, when its cash moves, and what the time is worth.

What the version offers is compared as it is written; of the three ways that it does not offer, an illustration at the
same price is shown beside it, and says that it is none of the plans to pick.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.contracts import rules
from apps.contracts import services as contracts
from apps.contracts.drafts import ContractDraft, DraftOption
from apps.contracts.models import ContractVersion
from apps.contracts.rules import Ahead, Expected, Paper, PaperLine
from apps.core import money
from apps.financing.rules.xirr import xirr
from apps.invoicing import rules as invoicing
from apps.portals import charts, formats

MOST_MONTHS = 36
"""Columns of a plot; what comes later stands in one more."""
KINDS = ("milestones", "time", "upfront")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPlan:
    """One plan as the page shows it. ``number`` is None of an illustration, which nobody can pick.

    ``rate`` is what the seller pays a year, in percent, for being paid as here instead of by the base plan: what the
    buyer earns by it; None where no one rate says it.
    """

    number: int | None
    name: str
    kind: str
    price: Decimal
    discount: Decimal | None
    discount_percent: Decimal | None
    lines: Sequence[PaperLine]
    cash: Sequence[Expected]
    undated: Decimal
    ahead: Ahead
    rate: Decimal | None
    first_on: date | None
    last_on: date | None
    chart: charts.Bars | None

    @property
    def is_offered(self) -> bool:
        return self.number is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All plans on the same months, and the months as a table: a row for each month, a column for each plan."""

    plans: Sequence[ComparedPlan]
    months: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Decimal]]]
    currency: str
    signed_on: date
    is_retained: bool
    is_collected: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    number: int | None
    name: str
    price: Decimal
    lines: Sequence[PaperLine]
    discount: Decimal | None = None
    discount_percent: Decimal | None = None


def compare(version: ContractVersion, *, today: date) -> Comparison:
    """The plans of a version, as if it were signed today, or on the day on which it was."""
    paper, draft = contracts.paper_of(version), contracts.as_draft(version)
    signed = version.contract.activated_at
    zone = ZoneInfo(version.contract.seller.time_zone)
    signed_on = signed.astimezone(zone).date() if signed is not None else today
    plans = [*_offered(paper), *_illustrated(paper, draft, today=signed_on)]
    terms = rules.CashTerms(
        review=contracts.review_terms(version),
        payment_days=version.payment_days,
        payment_basis=version.payment_basis,
        bills_by=version.bills_by,
    )
    cash = [_cash(plan, version, signed_on=signed_on, terms=terms) for plan in plans]
    by_month = [rules.by_month(one) for one in cash]
    firsts = _months({first for months in by_month for first in months})
    shown, later = firsts[:MOST_MONTHS], firsts[MOST_MONTHS:]
    labels = [formats.month(first) for first in shown] + ([_("later")] if later else [])
    values = [
        [months.get(first, money.ZERO) for first in shown]
        + ([money.total(months.get(first, money.ZERO) for first in later)] if later else [])
        for months in by_month
    ]
    done = [(one.done_on, one.worth) for one in cash[0] if one.done_on is not None]
    return Comparison(
        plans=[
            _compared(plan, flows, base=cash[0], labels=labels, values=row, version=version, done=done)
            for plan, flows, row in zip(plans, cash, values, strict=True)
        ],
        months=labels,
        rows=[(label, [row[at] for row in values]) for at, label in enumerate(labels)],
        currency=version.currency,
        signed_on=signed_on,
        is_retained=version.retention is not None,
        is_collected=version.is_by_application,
    )


def _offered(paper: Paper) -> list[_Plan]:
    price, name = paper.terms["price"], str(paper.terms.get("plan_name") or "")
    assert isinstance(price, Decimal)  # noqa: S101  (narrows the type)
    kinds = {"milestones": _("By milestones"), "time": _("By time"), "upfront": _("Upfront")}
    base = _Plan(0, name or kinds[rules.kind_of_plan(paper.lines)], price, paper.lines)
    return [
        base,
        *(
            _Plan(number, one.name, one.price, one.lines, one.discount, one.discount_percent)
            for number, one in enumerate(paper.options, start=1)
        ),
    ]


def _illustrated(paper: Paper, draft: ContractDraft, *, today: date) -> list[_Plan]:
    """Of the ways to pay by time and upfront those that are not offered, at the price of the base plan."""
    offered = {rules.kind_of_plan(lines) for lines in (paper.lines, *(one.lines for one in paper.options))}
    count = rules.periods_of_plan(draft, period="month", today=today)
    options = {
        "time": rules.by_period(_("The same price by month"), title=_("Monthly"), period="month", count=count),
        "upfront": rules.upfront(_("The same price upfront"), title=_("At signature")),
    }
    return [
        _Plan(None, option.name, draft.price, _lines_of(option, draft))
        for kind, option in options.items()
        if kind not in offered
    ]


def _lines_of(option: DraftOption, draft: ContractDraft) -> Sequence[PaperLine]:
    """One line for the whole price, as a version would say it."""
    return [
        PaperLine(
            title=line.title,
            scope="",
            basis=line.basis,
            percent=None,
            amount=draft.price,
            planned_on=None,
            criteria=(),
            kind=line.kind,
            due=line.due,
        )
        for line in option.lines
    ]


def _cash(plan: _Plan, version: ContractVersion, *, signed_on: date, terms: rules.CashTerms) -> list[Expected]:
    return invoicing.less_retention(
        rules.expected_cash(plan.lines, signed_on=signed_on, terms=terms, currency=version.currency),
        retention=rules.read_retention(version.retention),
        terms=terms,
        price=plan.price,
        tax_rate=version.tax_rate,
        title=_("Retention released"),
        currency=version.currency,
    )


def _compared(
    plan: _Plan,
    cash: Sequence[Expected],
    *,
    base: Sequence[Expected],
    labels: Sequence[str],
    values: Sequence[Decimal],
    version: ContractVersion,
    done: Sequence[tuple[date, Decimal]],
) -> ComparedPlan:
    currency = version.currency
    days = sorted(one.on for one in cash if one.on is not None)
    return ComparedPlan(
        number=plan.number,
        name=plan.name,
        kind=rules.kind_of_plan(plan.lines),
        price=plan.price,
        discount=plan.discount,
        discount_percent=plan.discount_percent,
        lines=plan.lines,
        cash=cash,
        undated=rules.undated(cash),
        ahead=rules.ahead(cash, done=done, price=plan.price, currency=currency),
        rate=xirr(rules.gains(cash, base)) if plan.number != 0 else None,
        first_on=days[0] if days else None,
        last_on=days[-1] if days else None,
        chart=_chart(plan, labels, values, currency, count=len(days)) if days else None,
    )


def _chart(plan: _Plan, labels: Sequence[str], values: Sequence[Decimal], currency: str, *, count: int) -> charts.Bars:
    says = ngettext("%(count)s payment, %(price)s net in all.", "%(count)s payments, %(price)s net in all.", count) % {
        "count": count,
        "price": formats.money(money.total(values), currency),
    }
    return charts.Bars(
        title=_("Cash by month: %(plan)s") % {"plan": plan.name},
        says=says,
        labels=labels,
        series=[charts.Series(name=plan.name, values=values)],
        currency=currency,
    )


def _months(firsts: Collection[date]) -> list[date]:
    """Every month from the first to the last of these, also those without a payment."""
    if not firsts:
        return []
    first, last = min(firsts), max(firsts)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [date(first.year + (first.month - 1 + at) // 12, (first.month - 1 + at) % 12 + 1, 1) for at in range(count)]

"""The reports of revenue: each a table whose rows link to what they count, a plot, and the same rows as a file.

Each asks the database a number of questions that does not grow with its rows.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.contracts.models import Contract
from apps.core import money
from apps.portals import formats
from apps.portals.charts import Lines, Series
from apps.portals.seller.behind import (
    BILLED,
    EARNED,
    INTEREST,
    POSITION,
    RETENTION,
    entries,
    invoices,
    recognitions,
    still_expected,
)
from apps.portals.seller.report_parts import (
    PLOTTED,
    SHOWN,
    ZERO,
    Asked,
    Cells,
    Listed,
    Report,
    Row,
    bars,
    by_pk,
    later,
    months_of,
    named,
    spread,
)
from apps.portals.seller.reports_of_work import ageing, cash, retention
from apps.revenue import services as revenue
from apps.revenue.models import Obligation, Recognition
from apps.revenue.rules import month_end

MONTHS: Final = 6
"""Shown before this month, and as many after it."""


def schedule(asked: Asked) -> Report:
    months = months_of(asked, before=MONTHS, after=MONTHS)
    found = revenue.recognised_by_month(**asked.whose, since=months[0])
    expected = revenue.Expected(**asked.whose, today=asked.today).by_month()
    heads = [_("Month"), _("Recognised"), _("Expected")]
    rows = []
    for month in months:
        days = {"since": month, "until": month_end(month)}
        links = {1: recognitions(asked, **days), 2: still_expected(asked, **days)}
        cells: Cells = [formats.month(month), found.get(month, ZERO), expected.get(month, ZERO)]
        rows.append(Row(cells=cells, links=links))
    after = [amount for month, amount in expected.items() if months[-1] < month < revenue.NO_DATE]
    late = [amount for month, amount in expected.items() if month < months[0] or month == revenue.NO_DATE]
    links = {2: still_expected(asked, since=later(months[-1], 1))}
    rows.append(Row(cells=[_("Later"), ZERO, sum(after, ZERO)], links=links))
    links = {2: still_expected(asked, since=months[0], is_late=True)}
    rows.append(Row(cells=[_("Late or without a date"), ZERO, sum(late, ZERO)], links=links))
    links = {1: recognitions(asked, since=months[0], until=month_end(months[-1])), 2: still_expected(asked)}
    says = _("What was recognised by month, and what is expected and not earned yet.")
    # Below a bar there is room for one word.
    plotted = [*rows[:-1], Row(cells=[_("Late"), *rows[-1].cells[1:]])]
    chart = bars(asked, plotted, heads=heads, columns=(1, 2), says=says)
    return Report(heads=heads, rows=rows, chart=chart, note=spread(), links=links)


def waterfall(asked: Asked) -> Report:
    """Revenue by the month in which it was booked, of contracts by the month in which they were signed."""
    months = months_of(asked, before=MONTHS - 1, after=0)
    mine = Contract.objects.of_seller(asked.actor).filter(currency=asked.currency, active_version__isnull=False)
    signed = dict(mine.values_list("pk", "activated_at"))
    sums: dict[date, dict[date | None, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    found = Recognition.objects.visible_to(asked.actor).filter(currency=asked.currency).order_by()
    for contract, year, month, amount in found.values_list(
        "contract_id", "booked_on__year", "booked_on__month"
    ).annotate(sum=Sum("amount")):
        day = asked.day(signed.get(contract)) or asked.today
        booked = date(year, month, 1)
        sums[day.replace(day=1)][booked if booked in months else None] += amount
    left = (
        Obligation.objects.visible_to(asked.actor).filter(currency=asked.currency).order_by().values_list("contract_id")
    )
    rest: dict[date, Decimal] = defaultdict(Decimal)
    for contract, amount in left.annotate(sum=Sum("allocated") - Sum("credited") - Sum("recognised")):
        rest[(asked.day(signed.get(contract)) or asked.today).replace(day=1)] += amount
    heads = [_("Signed in"), _("Before"), *(formats.month(month) for month in months), _("Still to be earned")]
    rows = [
        Row(
            cells=[formats.month(one), sums[one][None], *(sums[one][month] for month in months), rest[one]],
            links=_waterfall_links(asked, months, signed=one),
        )
        for one in sorted({*sums, *rest})
    ]
    says = _("Revenue of contracts by the month in which they were signed: before, in these months, and still to come.")
    plotted = [
        Row(cells=[row.cells[0], sums[one][None], sum((sums[one][month] for month in months), ZERO), rest[one]])
        for one, row in list(zip(sorted({*sums, *rest}), rows, strict=True))[-PLOTTED:]
    ]
    told = [heads[0], heads[1], _("In these months"), heads[-1]]
    chart = bars(asked, plotted, heads=told, columns=(1, 2, 3), says=says)
    return Report(heads=heads, rows=rows, chart=chart, links=_waterfall_links(asked, months, signed=None))


def _waterfall_links(asked: Asked, months: list[date], *, signed: date | None) -> dict[int, str]:
    """The columns of a row: before the months, each of them, and what is still to be earned."""
    links = {1: recognitions(asked, until=months[0] - timedelta(days=1), signed=signed)}
    for column, month in enumerate(months, start=2):
        links[column] = recognitions(asked, since=month, until=month_end(month), signed=signed)
    return links | {len(months) + 2: still_expected(asked, signed=signed)}


def remaining(asked: Asked) -> Report:
    """What is promised and not earned, by the year in which it is expected; days that passed uncounted are late."""
    years = [asked.today.year, asked.today.year + 1]
    expected = {
        pk: _by_column(sums, years) for pk, sums in revenue.Expected(**asked.whose, today=asked.today).by_year().items()
    }

    def shown(contracts: Sequence[Contract]) -> list[Row]:
        rows = []
        for contract in contracts:
            names, url = named(contract)
            links = _remaining_links(asked, years, contract=contract.ref)
            figures = expected.get(contract.pk, [ZERO] * 5)
            rows.append(Row(cells=[*names, *figures], url=url, links=links))
        return rows

    heads = [_("Contract"), _("Buyer"), *map(str, years), _("Later"), _("Without a date, or late"), _("Remaining")]
    says = _("The contracts of which most is still to be earned, by year.")
    most = sorted(expected, key=lambda pk: expected[pk][-1], reverse=True)[:PLOTTED]
    chart = bars(asked, shown(by_pk(asked, most)), heads=heads, columns=range(2, len(heads) - 1), says=says)
    left = Obligation.objects.filter(contract=OuterRef("pk")).exclude(allocated=F("credited") + F("recognised"))
    lines = Listed(found=asked.contracts().filter(Exists(left)), shown=shown)
    rows, page = lines.page(asked.request, size=SHOWN)
    sums = {column: money.total(one[column - 2] for one in expected.values()) for column in range(2, len(heads))}
    links = _remaining_links(asked, years, contract="")
    return Report(heads=heads, rows=rows, chart=chart, note=spread(), links=links, page=page, lines=lines, sums=sums)


def _by_column(sums: Mapping[int | None, Decimal], years: list[int]) -> list[Decimal]:
    """This year and the next, later, late or without a date, and all of it."""
    later_on = sum((amount for year, amount in sums.items() if year is not None and year > years[-1]), ZERO)
    late = sum((amount for year, amount in sums.items() if year is None or year < years[0]), ZERO)
    figures = [*(sums.get(year, ZERO) for year in years), later_on, late]
    return [*figures, sum(figures, ZERO)]


def _remaining_links(asked: Asked, years: list[int], *, contract: str) -> dict[int, str]:
    links = {}
    for column, year in enumerate(years, start=2):
        links[column] = still_expected(asked, since=date(year, 1, 1), until=date(year, 12, 31), contract=contract)
    links[4] = still_expected(asked, since=date(years[-1] + 1, 1, 1), contract=contract)
    links[5] = still_expected(asked, since=date(years[0], 1, 1), is_late=True, contract=contract)
    return links | {6: still_expected(asked, contract=contract)}


def roll_forward(asked: Asked) -> Report:
    months = months_of(asked, before=11, after=0)
    found = revenue.roll_forward_by_month(**asked.whose, months=months)
    heads = [
        _("Month"),
        _("At its beginning"),
        _("Recognised"),
        _("Interest"),
        _("Billed, less credits"),
        _("At its end"),
    ]
    rows = [
        Row(
            cells=[formats.month(month), one.opening, one.recognised, one.interest, one.billed, one.closing],
            links={
                1: entries(asked, until=month - timedelta(days=1)),
                2: entries(asked, since=month, until=month_end(month), kind=EARNED),
                3: entries(asked, since=month, until=month_end(month), kind=INTEREST),
                4: entries(asked, since=month, until=month_end(month), kind=BILLED),
                5: entries(asked, until=month_end(month)),
            },
        )
        for month, one in found.items()
    ]
    chart = Lines(
        title=_("Contract balances at the end of each month"),
        says=_("Above zero more is recognised than billed, below it more is billed. As the ledger has it."),
        labels=[formats.month(month) for month in found],
        series=[Series(name=_("At its end"), values=[one.closing for one in found.values()])],
        currency=asked.currency,
    )
    note = _("At its end: what was there, with what is recognised and interest, less what is billed.")
    return Report(heads=heads, rows=rows, chart=chart, note=note)


def billing(asked: Asked) -> Report:
    """Over- and under-billing; unbilled is a contract asset, deferred a contract liability, net for each contract."""
    figures = {pk: _billed(one) for pk, one in revenue.of_every_contract(**asked.whose).items()}
    heads = [_("Contract"), _("Buyer"), _("Recognised"), _("Billed"), _("Over-billed"), _("Unbilled"), _("Deferred")]
    heads += [_("Retained")]

    def shown(contracts: Sequence[Contract]) -> list[Row]:
        rows = []
        for contract in contracts:
            names, url = named(contract)
            # Of one that was signed since, nothing is counted yet.
            cells: Cells = [*names, *figures.get(contract.pk, [ZERO] * 6)]
            rows.append(Row(cells=cells, url=url, links=_billing_links(asked, contract.ref)))
        return rows

    says = _("The contracts furthest from being billed as they are earned: unbilled is an asset, deferred a liability.")
    furthest = sorted(figures, key=lambda pk: abs(figures[pk][2]), reverse=True)[:PLOTTED]
    chart = bars(asked, shown(by_pk(asked, furthest)), heads=heads, columns=(5, 6), says=says)
    lines = Listed(found=asked.contracts(), shown=shown)
    rows, page = lines.page(asked.request, size=SHOWN)
    sums = {column: money.total(one[column - 2] for one in figures.values()) for column in range(2, len(heads))}
    # What some contracts have as an asset and others as a liability is no sum of entries.
    links = {column: url for column, url in _billing_links(asked, "").items() if column not in (5, 6)}
    return Report(heads=heads, rows=rows, chart=chart, links=links, page=page, lines=lines, sums=sums)


def _billed(one: revenue.ContractRevenue) -> list[Decimal]:
    return [one.recognised, one.billed, one.over_billed, one.position.asset, one.position.liability, one.retained]


def _billing_links(asked: Asked, contract: str) -> dict[int, str]:
    """What is over- or under-billed stands on the contract balance; with what is retained it is an asset or a
    liability."""
    position = entries(asked, contract=contract, account=POSITION)
    return {
        2: recognitions(asked, contract=contract),
        3: invoices(asked, contract=contract),
        4: entries(asked, contract=contract),
        5: position,
        6: position,
        7: entries(asked, contract=contract, account=RETENTION),
    }


REPORTS: Final[Mapping[str, tuple[Any, Callable[[Asked], Report]]]] = {
    "schedule": (gettext_lazy("Recognition schedule"), schedule),
    "waterfall": (gettext_lazy("Waterfall by signing"), waterfall),
    "remaining": (gettext_lazy("Remaining obligations by year"), remaining),
    "roll-forward": (gettext_lazy("Roll-forward of contract balances"), roll_forward),
    "billing": (gettext_lazy("Over- and under-billing, unbilled and deferred"), billing),
    "retention": (gettext_lazy("Retention held and released"), retention),
    "ageing": (gettext_lazy("Milestones planned and accepted"), ageing),
    "cash": (gettext_lazy("Days from submission to cash"), cash),
}
"""By name in the address, in the order in which they are offered."""

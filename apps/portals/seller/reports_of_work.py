"""Reports of what is retained, of how late milestones are, and of how long money takes."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from django.db.models import Exists, F, OuterRef, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.core import money
from apps.invoicing.models import Invoice, Retention
from apps.milestones.models import Milestone
from apps.portals.charts import Bars, Series
from apps.portals.seller.behind import HELD, RELEASED, WITHHELD, retained
from apps.portals.seller.durations import Took, durations, invoices_to_cash, took
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
    named,
)

BUCKETS: Final = (0, 30, 90)
"""Days late up to which a milestone is on time, a little and much too late."""


def retention(asked: Asked) -> Report:
    held = Retention.objects.visible_to(asked.actor).filter(
        seller_id=asked.actor.organisation_id, currency=asked.currency
    )
    heads = [_("Contract"), _("Buyer"), _("Withheld"), _("Released"), _("Still held")]

    def shown(contracts: Sequence[Contract]) -> list[Row]:
        sums = {
            pk: (withheld, released)
            for pk, withheld, released in held.filter(contract__in=contracts)
            .order_by()
            .values_list("contract_id")
            .annotate(withheld=Sum("held"), freed=Sum("released"))
        }
        rows = []
        for contract in contracts:
            withheld, released = sums.get(contract.pk, (ZERO, ZERO))
            links = _retained_links(asked, contract=contract.ref)
            cells: Cells = [*named(contract)[0], withheld, released, withheld - released]
            rows.append(Row(cells=cells, url=reverse("seller:contract", args=[contract.ref]), links=links))
        return rows

    says = _("The contracts of which buyers hold most: what was released, and what is still held.")
    kept = held.order_by().values_list("contract_id").annotate(left=Sum(F("held") - F("released")))
    most = by_pk(asked, [pk for pk, _left in kept.order_by("-left")[:PLOTTED]])
    chart = bars(asked, shown(most), heads=heads, columns=(3, 4), says=says)
    lines = Listed(found=asked.contracts().filter(Exists(held.filter(contract=OuterRef("pk")))), shown=shown)
    rows, page = lines.page(asked.request, size=SHOWN)
    found = held.aggregate(withheld=Sum("held", default=ZERO), freed=Sum("released", default=ZERO))
    sums = {2: found["withheld"], 3: found["freed"], 4: found["withheld"] - found["freed"]}
    links = _retained_links(asked)
    return Report(heads=heads, rows=rows, chart=chart, links=links, page=page, lines=lines, sums=sums)


def _retained_links(asked: Asked, *, contract: str = "") -> dict[int, str]:
    """By column the invoices of which so much is withheld, released, or still held."""
    return {at: retained(asked, contract=contract, kind=kind) for at, kind in enumerate((WITHHELD, RELEASED, HELD), 2)}


def ageing(asked: Asked) -> Report:
    """Milestones by how late they were accepted, or are: planned day beside the day of acceptance."""
    mine = Milestone.objects.sold_by(asked.actor).filter(currency=asked.currency, planned_on__isnull=False)
    mine = mine.exclude(state__in=["cancelled", "nullified"])
    names = [_("On time"), _("1–30 days"), _("31–90 days"), _("Over 90 days")]
    buckets = [[ZERO, ZERO] for _name in names]

    def late(planned: date | None, accepted: date | None) -> int:
        return ((accepted or asked.today) - (planned or asked.today)).days

    parts = mine.order_by().values_list("planned_on", "accepted_at", "amount")
    for planned, at, amount in parts.iterator(chunk_size=2000):
        accepted = asked.day(at)
        place = sum(late(planned, accepted) > days for days in BUCKETS)
        buckets[place][0 if accepted is not None else 1] += amount

    def shown(milestones: Sequence[Milestone]) -> list[Row]:
        rows = []
        for one in milestones:
            accepted = asked.day(one.accepted_at)
            cells: Cells = [one.contract.number, one.title, one.amount, one.planned_on, accepted]
            url = reverse("seller:milestone", args=[one.ref])
            rows.append(Row(cells=[*cells, max(late(one.planned_on, accepted), 0)], url=url))
        return rows

    heads = [_("Contract"), _("Milestone"), _("Amount"), _("Planned"), _("Accepted"), _("Days late")]
    chart = Bars(
        title=_("Milestones by how late they are"),
        says=_("Amounts by the days between the planned date and the acceptance, or today."),
        labels=names,
        series=[
            Series(name=_("Accepted"), values=[one for one, _open in buckets]),
            Series(name=_("Not accepted yet"), values=[one for _accepted, one in buckets]),
        ],
        currency=asked.currency,
    )
    lines = Listed(found=mine.select_related("contract"), shown=shown)
    rows, page = lines.page(asked.request, size=SHOWN)
    return Report(heads=heads, rows=rows, chart=chart, page=page, lines=lines, sums=_all_of(buckets))


def _all_of(buckets: Sequence[Sequence[Decimal]]) -> Mapping[int, Decimal]:
    """What stands below the column of amounts."""
    return {2: money.total(amount for pair in buckets for amount in pair)}


def cash(asked: Asked) -> Report:
    """Days from submission to acceptance, and from submission to the last money."""
    mine = invoices_to_cash(asked.actor, currency=asked.currency)
    names = [_("30 days"), _("60 days"), _("90 days"), _("Longer")]
    buckets = [[ZERO, ZERO] for _name in names]
    for one in durations(mine, zone=asked.zone):
        place = min(max(_to_cash(one, asked) - 1, 0) // 30, 3)
        buckets[place][0 if one.paid_on is not None else 1] += one.amount

    def shown(invoices: Sequence[Invoice]) -> list[Row]:
        rows = []
        for invoice in invoices:
            milestone = invoice.milestone
            submission = milestone.accepted_submission if milestone is not None else None
            if milestone is None or submission is None or not (submission.submitted_at and milestone.accepted_at):
                continue
            paid_on = vars(invoice)["received"] if not invoice.open_item.open else None
            one = took(invoice.gross, submission.submitted_at, milestone.accepted_at, paid_on, zone=asked.zone)
            cells: Cells = [invoice.contract.number, milestone.title, one.amount, one.submitted_on, one.accepted_on]
            days: Cells = [(one.accepted_on - one.submitted_on).days, _to_cash(one, asked) if one.paid_on else None]
            url = reverse("seller:milestone", args=[milestone.ref])
            rows.append(Row(cells=[*cells, one.paid_on, *days], url=url))
        return rows

    heads = [_("Contract"), _("Milestone"), _("Invoiced"), _("Submitted"), _("Accepted"), _("Paid in full")]
    heads += [_("Days to acceptance"), _("Days to cash")]
    chart = Bars(
        title=_("From submission to cash"),
        says=_("Amounts by the days from the submission to the last payment, or to today."),
        labels=names,
        series=[
            Series(name=_("Paid in full"), values=[one for one, _open in buckets]),
            Series(name=_("Not paid in full yet"), values=[one for _paid, one in buckets]),
        ],
        currency=asked.currency,
    )
    beside = ("contract", "milestone__accepted_submission", "open_item")
    lines = Listed(found=mine.select_related(*beside).defer("snapshot"), shown=shown)
    rows, page = lines.page(asked.request, size=SHOWN)
    return Report(heads=heads, rows=rows, chart=chart, page=page, lines=lines, sums=_all_of(buckets))


def _to_cash(one: Took, asked: Asked) -> int:
    """Days from the submission to the last payment, or to today."""
    return ((one.paid_on or asked.today) - one.submitted_on).days

"""Reports of what is retained, of how late milestones are, and of how long money takes."""

from typing import Final

from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.invoicing.models import Retention
from apps.milestones.models import Milestone
from apps.portals.charts import Bars, Series
from apps.portals.seller.behind import RETENTION, entries
from apps.portals.seller.durations import days_to_cash
from apps.portals.seller.report_parts import MOST, ZERO, Asked, Cells, Report, Row, bars, largest, named

BUCKETS: Final = (0, 30, 90)
"""Days late up to which a milestone is on time, a little and much too late."""


def retention(asked: Asked) -> Report:
    held = Retention.objects.visible_to(asked.actor).filter(seller_id=asked.actor.organisation_id)
    sums = {
        contract: (withheld, released)
        for contract, withheld, released in held.filter(currency=asked.currency)
        .order_by()
        .values_list("contract_id")
        .annotate(withheld=Sum("held"), freed=Sum("released"))
    }
    rows = []
    for contract in asked.contracts():
        names, _url = named(contract)
        if contract.pk in sums:
            withheld, released = sums[contract.pk]
            url = reverse("seller:contract", args=[contract.ref])
            links = dict.fromkeys((2, 3, 4), entries(asked, contract=contract.ref, account=RETENTION))
            rows.append(Row(cells=[*names, withheld, released, withheld - released], url=url, links=links))
    heads = [_("Contract"), _("Buyer"), _("Withheld"), _("Released"), _("Still held")]
    says = _("The contracts of which buyers hold most: what was released, and what is still held.")
    chart = bars(asked, largest(rows, 4), heads=heads, columns=(3, 4), says=says)
    links = dict.fromkeys((2, 3, 4), entries(asked, account=RETENTION))
    return Report(heads=heads, rows=rows, chart=chart, links=links)


def ageing(asked: Asked) -> Report:
    """Milestones by how late they were accepted, or are: planned day beside the day of acceptance."""
    mine = Milestone.objects.sold_by(asked.actor).filter(currency=asked.currency, planned_on__isnull=False)
    mine = mine.exclude(state__in=["cancelled", "nullified"]).select_related("contract").order_by("-planned_on", "-pk")
    heads = [_("Contract"), _("Milestone"), _("Amount"), _("Planned"), _("Accepted"), _("Days late")]
    rows, buckets = (
        [],
        {name: [ZERO, ZERO] for name in (_("On time"), _("1–30 days"), _("31–90 days"), _("Over 90 days"))},
    )
    names = list(buckets)
    for one in mine[:MOST]:
        accepted = asked.day(one.accepted_at)
        if one.planned_on is None:
            continue
        late = ((accepted or asked.today) - one.planned_on).days
        at = names[sum(late > days for days in BUCKETS)]
        buckets[at][0 if accepted is not None else 1] += one.amount
        cells: Cells = [one.contract.number, one.title, one.amount, one.planned_on, accepted, max(late, 0)]
        rows.append(Row(cells=cells, url=reverse("seller:milestone", args=[one.ref])))
    chart = Bars(
        title=_("Milestones by how late they are"),
        says=_("Amounts by the days between the planned date and the acceptance, or today."),
        labels=names,
        series=[
            Series(name=_("Accepted"), values=[buckets[name][0] for name in names]),
            Series(name=_("Not accepted yet"), values=[buckets[name][1] for name in names]),
        ],
        currency=asked.currency,
    )
    return Report(heads=heads, rows=rows, chart=chart)


def cash(asked: Asked) -> Report:
    """Days from submission to acceptance, and from submission to the last money."""
    heads = [_("Contract"), _("Milestone"), _("Invoiced"), _("Submitted"), _("Accepted"), _("Paid in full")]
    heads += [_("Days to acceptance"), _("Days to cash")]
    rows, buckets = [], {name: [ZERO, ZERO] for name in (_("30 days"), _("60 days"), _("90 days"), _("Longer"))}
    names = list(buckets)
    for one in days_to_cash(asked.actor, currency=asked.currency, zone=asked.zone, most=MOST):
        to_cash = (one.paid_on - one.submitted_on).days if one.paid_on is not None else None
        took = to_cash if to_cash is not None else (asked.today - one.submitted_on).days
        at = names[min(max(took - 1, 0) // 30, 3)]
        buckets[at][0 if one.paid_on is not None else 1] += one.amount
        days = [(one.accepted_on - one.submitted_on).days, to_cash]
        whole: Cells = [one.contract, one.title, one.amount, one.submitted_on, one.accepted_on, one.paid_on]
        rows.append(Row(cells=[*whole, *days], url=reverse("seller:milestone", args=[one.ref])))
    chart = Bars(
        title=_("From submission to cash"),
        says=_("Amounts by the days from the submission to the last payment, or to today."),
        labels=names,
        series=[
            Series(name=_("Paid in full"), values=[buckets[name][0] for name in names]),
            Series(name=_("Not paid in full yet"), values=[buckets[name][1] for name in names]),
        ],
        currency=asked.currency,
    )
    return Report(heads=heads, rows=rows, chart=chart)

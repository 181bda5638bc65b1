"""The change orders of a contract in its report."""

from collections.abc import Sequence

from apps.contracts.models import ChangeOrder, Contract
from apps.workflows.deal_file.report_parts import Report, amount_of, written


def change_orders(contract: Contract) -> list[Report]:
    """Every change order in the order of its number; without a price its net change is None."""
    orders = ChangeOrder.objects.using("owner").filter(contract=contract).order_by("number")
    return [_order(order, currency=contract.currency) for order in orders]


def _order(order: ChangeOrder, *, currency: str) -> Report:
    version = order.versions.using("owner").select_related("changes").order_by("number").last()
    net = version.price - version.changes.price if version is not None and version.changes is not None else None
    return {
        "number": order.number,
        "title": order.title,
        "state": order.state,
        "version": version.number if version is not None else None,
        "net": amount_of(net, currency) if net is not None else None,
        "recorded_at": written(order.recorded_at),
        "closed_at": written(order.closed_at),
    }


def in_words(orders: Sequence[Report], *, currency: str) -> list[str]:
    """The same as a person reads it in a terminal; nothing where there are none."""
    if not orders:
        return []
    rows = (f"  {row['number']} {row['title']:<40}{row['net'] or 'no price':>16}  {row['state']}" for row in orders)
    return ["", f"Change orders ({currency})", *rows]

"""What of change orders waits for somebody: for the home pages."""

from collections.abc import Iterator
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.contracts.models import ChangeOrder, ContractVersion
from apps.parties.actor import Actor
from apps.portals.parts import Need

SHOWN: Final = 5


def change_orders(actor: Actor, *, side: str) -> Iterator[Need]:
    """Change orders that the other side proposed, and that wait for this one."""
    rows = (
        ChangeOrder.objects.visible_to(actor)
        .answered_by(side)
        .filter(**{f"contract__{side}_id": actor.organisation_id})
        .select_related("contract__seller", "contract__buyer")
        .order_by("recorded_at")
    )
    orders = list(rows[:SHOWN])
    made = ContractVersion.objects.filter(change_order__in=orders).order_by("number")
    prices = dict(made.values_list("change_order_id", "price"))
    for order in orders:
        contract = order.contract
        other = contract.buyer if side == "seller" else contract.seller
        yield Need(
            what=_("Sign the change order: %(title)s") % {"title": order.title},
            who=other.legal_name,
            url=reverse(f"{side}:change_order", args=[order.ref]),
            button=_("Read and sign"),
            amount=prices.get(order.pk),
            currency=contract.currency,
            note=contract.title,
            icon="pen",
        )

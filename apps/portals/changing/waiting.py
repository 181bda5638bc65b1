"""What of change orders waits for somebody: for the home pages."""

from collections.abc import Iterator
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.contracts.models import ChangeOrder, ContractVersion
from apps.contracts.models.change_order import ChangeOrderState
from apps.core import clock
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.parts import Need

SHOWN: Final = 5


def change_orders(actor: Actor, *, side: str) -> Iterator[Need]:
    """Change orders that the other side proposed, and that wait for this one."""
    rows = (
        ChangeOrder.objects.visible_to(actor)
        .answered_by(side)
        .filter(**{f"contract__{side}_id": actor.organisation_id})
        .select_related("contract__seller", "contract__buyer")
        .order_by("recorded_at", "pk")
    )
    orders = list(rows[:SHOWN])
    made = ContractVersion.objects.filter(change_order__in=orders).order_by("number")
    written = made.values_list("change_order_id", "price", "answer_until")
    said = {order: (price, until) for order, price, until in written}
    for order in orders:
        contract, (price, until) = order.contract, said.get(order.pk, (None, None))
        other = contract.buyer if side == "seller" else contract.seller
        yield Need(
            what=_("Sign the change order: %(title)s") % {"title": order.title},
            who=other.legal_name,
            url=reverse(f"{side}:change_order", args=[order.ref]),
            button=_("Read and sign"),
            amount=price,
            due=until,
            currency=contract.currency,
            note=contract.title,
            icon="pen",
        )


def unpriced_changes(actor: Actor, *, side: str) -> Iterator[Need]:
    """Changes that were recorded, or ordered while nobody knew what they cost, and still wait for a price: the oldest
    first, each with its age. For those who may price them."""
    if not actor.may(Action.EDIT_CONTRACT):
        return
    rows = (
        ChangeOrder.objects.visible_to(actor)
        .filter(state=ChangeOrderState.UNPRICED, contract__state="active")
        .filter(**{f"contract__{side}_id": actor.organisation_id})
        .select_related("contract__seller", "contract__buyer")
        .order_by("recorded_at", "pk")
    )
    now = clock.now()
    for order in rows[:SHOWN]:
        contract = order.contract
        days = (now - order.recorded_at).days
        age = ngettext("recorded %(days)s day ago", "recorded %(days)s days ago", days) % {"days": days}
        yield Need(
            what=_("Price the change: %(title)s") % {"title": order.title},
            who=(contract.buyer if side == "seller" else contract.seller).legal_name,
            url=reverse(f"{side}:change_order", args=[order.ref]),
            button=_("Price it"),
            currency=contract.currency,
            note=f"{contract.title} · {age}",
            icon="question-circle",
        )

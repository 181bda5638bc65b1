"""What the pages of change orders share: whose they are, what they show of a change, and of its effect."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from apps.contracts.models import ChangeOrder, Contract, ContractVersion
from apps.contracts.models.change_order import ChangeOrderState
from apps.contracts.rules import Moved
from apps.core import clock
from apps.invoicing.rules import AtOnce
from apps.invoicing.services import RetentionState
from apps.invoicing.services.retention_ahead import WithheldAhead
from apps.milestones.rules import Effect
from apps.parties.actor import Actor, ActorKind
from apps.portals.access import PortalRequest
from apps.portals.drafting.desk import Crumbs, Desk
from apps.portals.version_differences import Row
from apps.workflows.change_effects import AdvancesAhead


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeReading:
    """A change as both sides read it before they sign: line by line, in terms and sums, and with what the buyer
    keeps back and a financier holds."""

    moved: Sequence[Moved]
    currency: str
    price_before: Decimal
    price_after: Decimal
    terms: Sequence[Row] = ()
    retention: RetentionState | None = None
    withheld: WithheldAhead | None = None
    effect: Effect | None = None
    refusal: str = ""
    advances: AdvancesAhead = field(default_factory=AdvancesAhead)
    is_by_application: bool = False
    at_once: Sequence[AtOnce] = ()
    changes_retention: bool = False

    @property
    def net(self) -> Decimal:
        return self.price_after - self.price_before


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """A change order in the list of its contract; ``net`` is None while nobody has priced it, and ``days`` is then for
    how long."""

    order: ChangeOrder
    net: Decimal | None
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """The change orders of a contract, and what became of its price: ``signed`` is that in force, ``lowered``, below
    zero, what both sides took off it for defects, and ``current`` what is left, of what ended early too."""

    rows: Sequence[OrderRow]
    original: Decimal
    signed: Decimal
    lowered: Decimal
    current: Decimal

    @property
    def net(self) -> Decimal:
        return self.signed - self.original

    @property
    def dropped(self) -> Decimal:
        """What was not done when the contract ended early, below zero."""
        return self.current - self.signed - self.lowered


def order_of(request: PortalRequest, ref: str, *, desk: Desk) -> ChangeOrder:
    """One of the change orders that this side may see; 404 for any other."""
    mine = ChangeOrder.objects.visible_to(request.actor).filter(contract__in=desk.contracts(request.actor))
    return get_object_or_404(
        mine.select_related("contract__seller", "contract__buyer", "contract__active_version"), ref=ref
    )


def version_of(order: ChangeOrder) -> ContractVersion | None:
    """What the order proposed last; None while it has no price."""
    versions = order.versions.select_related("changes", "change_order").prefetch_related("signatures")
    version = versions.order_by("number").last()
    if version is not None:
        version.contract = order.contract
        if version.changes is not None:
            version.changes.contract = order.contract
    return version


def orders_of(actor: Actor, contract: Contract, *, price: Decimal, lowered: Decimal) -> Orders | None:
    """What the page of a contract shows of its change orders, newest first; nothing before both sides signed it.

    ``price`` is what the page says that the contract comes to, and ``lowered`` what defects took off.
    """
    active = contract.active_version
    if active is None:
        return None
    orders = list(ChangeOrder.objects.visible_to(actor).filter(contract=contract).order_by("-number"))
    made = ContractVersion.objects.filter(change_order__in=orders).select_related("changes").order_by("number")
    newest: dict[int | None, ContractVersion] = {}
    original = active.price
    for version in made.defer("canonical_text", "changes__canonical_text"):
        newest[version.change_order_id] = version
    signed = [newest[order.pk] for order in orders if order.state == ChangeOrderState.SIGNED]
    if signed and signed[-1].changes is not None:
        original = min(signed, key=lambda one: one.number).changes.price  # type: ignore[union-attr]
    return Orders(
        rows=[OrderRow(order=order, net=_net(newest.get(order.pk)), days=_unpriced_for(order)) for order in orders],
        original=original,
        signed=active.price,
        lowered=lowered,
        current=price,
    )


def _unpriced_for(order: ChangeOrder) -> int | None:
    """For how many whole days it has waited for a price; None once it has one, or needs none any more."""
    return (clock.now() - order.recorded_at).days if order.state == ChangeOrderState.UNPRICED else None


def _net(version: ContractVersion | None) -> Decimal | None:
    return version.price - version.changes.price if version is not None and version.changes is not None else None


def tell(request: PortalRequest, text: str) -> None:
    """Say on the next page what was done. A guest's next page says it itself."""
    if request.actor.kind is ActorKind.USER:
        messages.success(request, text)


def crumbs(desk: Desk, contract: Contract, *more: tuple[str, str]) -> Crumbs:
    """Nothing for a guest, who has no other page."""
    return desk.crumbs((contract.number, desk.url("contract", contract.ref)), *more) if desk.has_crumbs else []


def name_of(order: ChangeOrder) -> str:
    """How pages call an order."""
    return _("Change order %(number)s") % {"number": order.number}

"""How far the seller's contracts are, on the scale of their price net of tax."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Q, Sum

from apps.contracts.models import Contract, ContractVersion
from apps.core import money
from apps.invoicing.models import OpenItem
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.portals import instalments


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One contract's sums in its currency, net of tax; ``open`` is what is owed with tax."""

    price: Decimal = money.ZERO
    earned: Decimal = money.ZERO
    billed: Decimal = money.ZERO
    paid: Decimal = money.ZERO
    open: Decimal = money.ZERO
    next_on: date | None = None
    accepted: int = 0
    milestones: int = 0


def of_contracts(actor: Actor, contracts: Iterable[Contract]) -> Mapping[int, Figures]:
    """The figures of each contract by its primary key, in four queries for all of them.

    Of contracts that were read for the actor, so that nothing is looked up once more to find what may be seen.
    """
    listed = {contract.pk: contract for contract in contracts}
    prices = dict(
        ContractVersion.objects.filter(contract_id__in=listed)
        .order_by("contract_id", "-number")
        .distinct("contract_id")
        .values_list("contract_id", "price")
    )
    lives = {
        row["contract_id"]: row
        for row in Milestone.objects.filter(contract_id__in=listed)
        .order_by()
        .values("contract_id")
        .annotate(
            earned=Sum("amount", filter=Q(state="accepted"), default=money.ZERO),
            next_on=Min("planned_on", filter=~Q(state="accepted")),
            accepted=Count("pk", filter=Q(state="accepted")),
            milestones=Count("pk"),
        )
    }
    by_calendar = instalments.sums(listed)
    owed = {
        row["contract_id"]: row
        for row in OpenItem.objects.filter(contract_id__in=listed)
        .order_by()
        .values("contract_id")
        .annotate(net=Sum("invoice__net"), gross_sum=Sum("gross"), paid_sum=Sum("paid"), open_sum=Sum("open"))
    }
    return {
        pk: _figures(
            prices.get(pk, money.ZERO),
            instalments.with_instalments(lives.get(pk, {}), by_calendar.get(pk)),
            owed.get(pk, {}),
            currency=contract.currency,
        )
        for pk, contract in listed.items()
    }


def _figures(price: Decimal, life: Mapping[str, Any], owed: Mapping[str, Any], *, currency: str) -> Figures:
    billed = owed.get("net", money.ZERO)
    share = billed * owed["paid_sum"] / owed["gross_sum"] if owed else money.ZERO
    return Figures(
        price=price,
        billed=billed,
        # A payment includes tax; on the scale of the price it is the same share of the net amount.
        paid=money.half_up(share, currency),
        open=owed.get("open_sum", money.ZERO),
        **{name: life[name] for name in ("earned", "next_on", "accepted", "milestones") if name in life},
    )

"""How far the seller's contracts are, on the scale of their price net of tax."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import Case, F, Q, Value, When

from apps.contracts.models import Contract, ContractVersion
from apps.contracts.models.contract import ContractState
from apps.core import money
from apps.core.database import at_once
from apps.parties.actor import Actor
from apps.portals import plan_sums
from apps.portals.correcting import sums

TERMINATED: Final = ContractState.TERMINATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One contract's sums, net of tax; ``open`` is what is owed with tax. Of a draft the currency is its own, which the
    contract shows once it is proposed. What defects took off ``price`` is ``lowered``, below zero."""

    currency: str
    price: Decimal = money.ZERO
    lowered: Decimal = money.ZERO
    earned: Decimal = money.ZERO
    billed: Decimal = money.ZERO
    paid: Decimal = money.ZERO
    open: Decimal = money.ZERO
    next_on: date | None = None
    accepted: int = 0
    in_part: int = 0
    milestones: int = 0


def of_contracts(actor: Actor, contracts: Iterable[Contract]) -> Mapping[int, Figures]:
    """The figures of each contract by its primary key: one statement, two where something was credited.

    Of contracts that were read for the actor, so that nothing is looked up once more to find what may be seen.
    """
    listed = {contract.pk: contract for contract in contracts}
    # What is in force, else what was written last; a change order that waits is no price yet.
    is_active = Q(pk=F("contract__active_version_id"))
    signed = (
        ContractVersion.plans.filter(is_active | Q(option_of__isnull=True), contract_id__in=listed)
        .alias(in_force=Case(When(is_active, then=Value(1)), default=Value(0)))
        .order_by("contract_id", "-in_force", "-number")
        .distinct("contract_id")
        .values_list("contract_id", "price", "currency")
    )
    items = sums.rows_of(listed)
    plans = plan_sums.rows_of(listed)
    at_once.read(signed, items, plans)
    prices = {pk: (price, currency) for pk, price, currency in signed}
    lives = plan_sums.of_rows(plans)
    net_owed = sums.less_credits({row["contract_id"]: row for row in items})
    # What ended early comes to what was accepted, as the buyer reads it too, and not to what was signed.
    came_to = {
        pk: life["price"] if listed[pk].state == TERMINATED else prices[pk][0] + life["lowered"]
        for pk, life in lives.items()
    }
    found = {pk: prices.get(pk, (money.ZERO, contract.currency)) for pk, contract in listed.items()}
    return {
        pk: _figures(came_to.get(pk, price), currency, lives.get(pk, {}), net_owed.get(pk, {}))
        for pk, (price, currency) in found.items()
    }


def _figures(price: Decimal, currency: str, life: Mapping[str, Any], owed: Mapping[str, Any]) -> Figures:
    billed = owed.get("net", money.ZERO)
    return Figures(
        currency=currency,
        price=price,
        billed=billed,
        paid=sums.paid_net(owed, currency=currency),
        open=owed.get("open_sum", money.ZERO),
        **{
            name: life[name]
            for name in ("earned", "lowered", "next_on", "accepted", "in_part", "milestones")
            if name in life
        },
    )

"""Sums that the buyer's pages show: per contract on the scale of its price, and per currency."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from apps.contracts.models import Contract
from apps.core import money
from apps.core.database import at_once
from apps.parties.actor import Actor
from apps.portals import plan_sums
from apps.portals.correcting import sums


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFigures:
    """How far one contract is, in its currency. ``earned``, ``billed`` and ``paid`` are net of tax, like ``price``.
    What defects took off it is ``lowered``, below zero."""

    price: Decimal
    lowered: Decimal = money.ZERO
    earned: Decimal = money.ZERO
    billed: Decimal = money.ZERO
    paid: Decimal = money.ZERO
    open: Decimal = money.ZERO
    next_on: date | None = None


def of_contracts(actor: Actor, contracts: Iterable[Contract]) -> Mapping[int, ContractFigures]:
    """The figures of active and completed contracts by primary key: one statement, two where something was credited.

    Of contracts that were read for the actor, so that nothing is looked up once more to find what may be seen.
    """
    running = {c.pk: c for c in contracts if c.active_version_id is not None}
    items = sums.rows_of(running)
    plans = plan_sums.rows_of(running)
    at_once.read(items, plans)
    lives = plan_sums.of_rows(plans)
    net_owed = sums.less_credits({row["contract_id"]: row for row in items})
    return {
        pk: _figures(lives[pk], net_owed.get(pk), currency=contract.currency)
        for pk, contract in running.items()
        if pk in lives
    }


def _figures(plan: Mapping[str, Any], owed: Mapping[str, Any] | None, *, currency: str) -> ContractFigures:
    billed: Decimal = owed["net"] if owed else money.ZERO
    return ContractFigures(
        price=plan["price"],
        lowered=plan["lowered"],
        earned=plan["earned"],
        billed=billed,
        paid=sums.paid_net(owed or {}, currency=currency),
        open=owed["open_sum"] if owed else money.ZERO,
        next_on=plan["next_on"],
    )

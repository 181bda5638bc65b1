"""Sums that the buyer's pages show: per contract on the scale of its price, and per currency."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from apps.contracts.models import Contract, ContractVersion
from apps.core import money
from apps.core.days import NOT_YET
from apps.invoicing import rules
from apps.invoicing import services as invoicing
from apps.invoicing.models import BESIDE_PLAN, OpenItem
from apps.invoicing.services.withholding import BilledWork
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.portals import plan_sums
from apps.portals.correcting.sums import less_credits, paid_net

BILLS = ~Q(invoice__kind__in=BESIDE_PLAN)
"""A statement of released retention bills nothing anew, nor does a claim for late payment; a bonus is no plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFigures:
    """How far one contract is, in its currency. ``earned``, ``billed`` and ``paid`` are net of tax, like ``price``."""

    price: Decimal
    earned: Decimal = money.ZERO
    billed: Decimal = money.ZERO
    paid: Decimal = money.ZERO
    open: Decimal = money.ZERO
    next_on: date | None = None


def of_contracts(actor: Actor, contracts: Iterable[Contract]) -> Mapping[int, ContractFigures]:
    """The figures of active and completed contracts by primary key, in two queries for all of them.

    Of contracts that were read for the actor, so that nothing is looked up once more to find what may be seen.
    """
    running = {c.pk: c for c in contracts if c.active_version_id is not None}
    lives = plan_sums.of_contracts(running)
    owed = {
        row["contract_id"]: row
        for row in OpenItem.objects.filter(contract_id__in=running)
        .order_by()
        .values("contract_id")
        .annotate(
            net=Sum("invoice__net", filter=BILLS, default=money.ZERO),
            gross_sum=Sum("gross", filter=BILLS, default=money.ZERO),
            credited_sum=Sum("credited"),
            paid_sum=Sum("paid"),
            open_sum=Sum("open"),
        )
    }
    net_owed = less_credits(owed)
    return {
        pk: _figures(lives[pk], net_owed.get(pk), currency=contract.currency)
        for pk, contract in running.items()
        if pk in lives
    }


def _figures(plan: Mapping[str, Any], owed: Mapping[str, Any] | None, *, currency: str) -> ContractFigures:
    billed: Decimal = owed["net"] if owed else money.ZERO
    return ContractFigures(
        price=plan["price"],
        earned=plan["earned"],
        billed=billed,
        paid=paid_net(owed or {}, currency=currency),
        open=owed["open_sum"] if owed else money.ZERO,
        next_on=plan["next_on"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceToCome:
    """The invoice that a sign-off today would issue; ``retained`` of it would be kept back as the contract says, and
    ``recovered`` (net of tax) is what it gives back of deposits, so that its ``net`` is lower than what is accepted. It
    is due once the ``documents`` are confirmed."""

    net: Decimal
    tax: Decimal
    gross: Decimal
    due_on: date
    currency: str
    retained: Decimal = money.ZERO
    recovered: Decimal = money.ZERO
    documents: tuple[str, ...] = ()

    @property
    def accepted(self) -> Decimal:
        """What of the price is accepted and billed, net of tax."""
        return self.net + self.recovered

    @property
    def payable(self) -> Decimal:
        """What of it would be due by ``due_on``."""
        return self.gross - self.retained


def invoice_to_come(amount: Decimal, *, milestone: Milestone, version: ContractVersion, today: date) -> InvoiceToCome:
    """``today`` is the calendar day in the seller's time zone: the date that the invoice would bear."""
    currency = version.contract.currency
    given_back = invoicing.given_back_by(amount=amount, contract=version.contract, milestone=milestone)
    recovered = money.total(one.amount for one in given_back)
    taxed = rules.TaxedAmount(net=amount - recovered, category=version.tax_category, rate=version.tax_rate)
    totals = rules.totals(rules.tax_breakdown([taxed], currency=currency))
    documents = invoicing.wanted_of(contract=version.contract, version=version, milestones=[milestone], on=today)
    work = [BilledWork(milestone, amount, recovered)]
    kept = invoicing.withheld(contract=version.contract, version=version, totals=totals, billed=work)
    return InvoiceToCome(
        retained=kept.said.withheld if kept.said is not None else money.ZERO,
        recovered=recovered,
        net=totals.net,
        tax=totals.tax,
        gross=totals.gross,
        due_on=NOT_YET if documents else milestone.line.agreed.due_on(today),
        documents=tuple(one.title for one in documents),
        currency=currency,
    )

"""Recoverable deposits: what a plan may say of one, and how much of it each later invoice gives back. No database.

A recoverable deposit is an advance on the price, not a part of it. The plan adds up to the price without it; every
later invoice is lower by what it gives back; so what is invoiced in the end is the price, to the minor unit.

Progress and performance payments of United States federal contracts are liquidated from the deliveries in the same way:
the liquidation rate is the ``rate``, the liquidation amount the ``fixed`` one (Federal Acquisition Regulation, 32.503-8
and 32.1004(d)).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from apps.contracts.drafts import DEPOSIT, FIRST, FIXED, RATE, WAYS, DraftLine, Recovery
from apps.contracts.rules.plan import PERCENT_DECIMALS, REMAINDER
from apps.core import money
from apps.core.errors import Refused
from apps.core.money import Money
from apps.core.percent import Percent

HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Advance:
    """A deposit that was invoiced: what of it no invoice has given back yet, net of tax, and how it is given back."""

    left: Decimal
    recovery: Recovery


def is_recoverable(line: DraftLine) -> bool:
    """Whether a line is an advance on the others, and so outside of the sum."""
    return line.kind == DEPOSIT and line.due is not None and line.due.recovery is not None


def check_recovery(recovery: Recovery, *, title: str) -> Recovery:
    """What is said of the recovery with nothing that its way does not have, if it can be kept."""
    if recovery.way not in WAYS:
        raise Refused(
            "Say how later invoices give “{title}” back: in proportion, at a rate, by an amount, or first.",
            field="lines",
            title=title,
        )
    if recovery.way == FIXED:
        if recovery.amount is not None and recovery.amount <= 0:
            raise _no_amount(title)
        return Recovery(recovery.way, amount=recovery.amount)
    if recovery.way != RATE:
        return Recovery(recovery.way)
    if recovery.rate is not None:
        _check_share(recovery.rate, least_is_zero=False, title=title)
    _check_share(recovery.begins, least_is_zero=True, title=title)
    return recovery


def _no_amount(title: str) -> Refused:
    return Refused(
        "Say by which amount each invoice is reduced until “{title}” is used up.", field="lines", title=title
    )


def check_recoveries(lines: Sequence[DraftLine], amounts: Sequence[Decimal], *, price: Decimal, currency: str) -> None:
    """Refuse advances that could not be recovered: more than the price together, or at a rate that nobody said.

    ``amounts`` are what the lines come to.
    """
    advances = money.ZERO
    for line, amount in zip(lines, amounts, strict=True):
        recovery = line.due.recovery if line.due is not None else None
        if recovery is None:
            continue
        advances += amount
        if recovery.way == RATE and recovery.rate is None:
            raise Refused(
                "Say by which percentage each invoice is reduced until “{title}” is used up.",
                field="lines",
                title=line.title,
            )
        if recovery.way == FIXED and recovery.amount is None:
            raise _no_amount(line.title)
        if recovery.amount is not None:
            money.payable(recovery.amount, currency, field="lines")
    if advances > price:
        raise Refused(
            "The deposits that later invoices give back come to {advances}, and the price is {price}: more than the"
            " price cannot be given back. Lower a deposit.",
            field="lines",
            advances=Money(advances, currency),
            price=Money(price, currency),
        )


def check_basis(line: DraftLine) -> None:
    """Refuse an advance that is what the other lines leave of the price: it is no part of the price."""
    if is_recoverable(line) and line.basis == REMAINDER:
        raise Refused(
            "“{title}” is an advance on the price and no part of it, so it cannot be the remainder. Give an amount or a"
            " percentage of the price.",
            field="lines",
            title=line.title,
        )


def recovered(
    advances: Sequence[Advance], *, amount: Decimal, rest: Decimal, price: Decimal, currency: str
) -> list[Decimal]:
    """What an invoice of ``amount`` gives back of each advance, in their order; all net of tax.

    ``rest`` is what of the price is still to be billed after it. Together it is never more than the invoice, of none
    more than is left of it, and enough that the rest can give back what is left then: so the last invoice gives back
    everything, whatever the rates say.
    """
    parts: list[Decimal] = []
    payable = amount
    for one in advances:
        part = min(_by_its_way(one, amount=amount, rest=rest, price=price, currency=currency), one.left, payable)
        parts.append(part)
        payable -= part
    short = money.total(one.left for one in advances) - money.total(parts) - rest
    for place, one in enumerate(advances):
        more = min(max(short, money.ZERO), one.left - parts[place], payable)
        parts[place] += more
        payable -= more
        short -= more
    return parts


def _by_its_way(one: Advance, *, amount: Decimal, rest: Decimal, price: Decimal, currency: str) -> Decimal:
    recovery = one.recovery
    if recovery.way == FIRST:
        return amount
    if recovery.way == FIXED:
        return recovery.amount or money.ZERO
    if recovery.way == RATE:
        billed, begins = price - rest, price * recovery.begins / HUNDRED
        above = max(min(amount, billed - begins), money.ZERO)
        return money.half_up(above * (recovery.rate or money.ZERO) / HUNDRED, currency)
    # In proportion to what is still to be billed: so it telescopes, whatever was credited or changed on the way.
    return money.half_up(one.left * amount / (amount + rest), currency)


def recovery_text(recovery: Recovery | None) -> dict[str, Any]:
    """What the canonical text of a line says of it; of a deposit that stays earned nothing, as always."""
    if recovery is None:
        return {}
    fixed = {"amount": recovery.amount} if recovery.way == FIXED else {}
    return {"recovery": {"way": recovery.way, "rate": recovery.rate, "begins": recovery.begins, **fixed}}


def read_recovery(said: Mapping[str, Any] | None) -> Recovery | None:
    """The recovery that a canonical text says."""
    if not said:
        return None
    rate, amount = said["rate"], said.get("amount")
    return Recovery(
        said["way"],
        None if rate is None else Decimal(rate),
        Decimal(said["begins"]),
        None if amount is None else Decimal(amount),
    )


def _check_share(percent: Decimal, *, least_is_zero: bool, title: str) -> None:
    is_inside = percent.is_finite() and (0 <= percent < HUNDRED if least_is_zero else 0 < percent <= HUNDRED)
    if not is_inside or percent != round(percent, PERCENT_DECIMALS):
        raise Refused(
            "“{percent}” cannot be the rate, or the beginning, of the recovery of “{title}”: a rate is above 0 and at"
            " most 100, the beginning from 0 and below 100, with at most six decimals.",
            field="lines",
            percent=Percent(percent) if percent.is_finite() else str(percent),
            title=title,
        )

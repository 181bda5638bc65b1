"""The arithmetic of credit notes: how much of an invoice is credited, shared over its lines, with its tax to the cent.

Credited amounts are net of tax and positive. Per category and rate, the tax of one credit note is the tax on all that
is credited so far less the tax credited before it: so the credits of an invoice never exceed its tax, and the last one
returns exactly what is left, however many there were. A single one differs by at most one minor unit from its net
amount times the rate, which EN 16931 allows (BR-CO-17).

An invoice that gives a deposit back has lines below zero. How much is credited is said of what it bills: its lines
above zero. A correction of the price lowers what is left of the invoice first, and only what goes beyond that returns
to the deposit; where an acceptance is withdrawn, the share of the recovery that belongs to that part returns to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from apps.core import money
from apps.core.errors import Refused
from apps.core.money import Money
from apps.invoicing.rules.amounts import TaxSubtotal

Kind = tuple[str, Decimal]
"""Tax category and rate in percent."""


@dataclass(frozen=True, slots=True)
class OfLine:
    """How much is credited of one line: its number on the invoice, from 1, and an amount net of tax."""

    number: int
    amount: Decimal

    @property
    def field(self) -> str:
        """Where a form asks for it."""
        return f"line_{self.number}"


@dataclass(frozen=True, slots=True)
class Share:
    """How much is credited: a net ``amount``, a ``percent`` of the invoice's net amount, an amount of each of some
    ``lines``, or, without any of them, the rest."""

    amount: Decimal | None = None
    percent: Decimal | None = None
    lines: tuple[OfLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Creditable:
    """A line of an invoice: its net amount, what of it is credited already, its tax category and rate in percent.

    One below zero gives a deposit back. ``bound`` is what later invoices have given back of a deposit: it is credited
    with those, and not here.
    """

    net: Decimal
    credited: Decimal
    category: str
    rate: Decimal
    bound: Decimal = money.ZERO

    @property
    def left(self) -> Decimal:
        """What of the line can still be credited; below zero what can still return to the deposit."""
        return self.net - self.credited - self.bound

    @property
    def kind(self) -> Kind:
        """Its row of the tax breakdown."""
        return self.category, self.rate


@dataclass(frozen=True, slots=True)
class Credit:
    """What one credit note credits: of each line of the invoice, in its order, and the tax breakdown of that.

    ``before`` is the breakdown of all that was credited before it.
    """

    lines: tuple[Decimal, ...]
    breakdown: tuple[TaxSubtotal, ...]
    before: tuple[TaxSubtotal, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a credit note takes of an invoice, tax included: of what is ``open``, of what is ``retained``, and of what
    was paid, which is ``freed``."""

    open: Decimal
    retained: Decimal
    freed: Decimal


def taken(gross: Decimal, *, open_: Decimal, retained: Decimal, own: Decimal = money.ZERO) -> Taken:
    """In which order a credit note takes: first what is open, then what is retained, and only then what was paid.

    What the buyer keeps back anyway falls before money is owed back to it. ``own`` of what is retained goes before all
    of it: it was kept back of the very work that is withdrawn, among other work of the same invoice.
    """
    first = min(own, retained, gross)
    of_open = min(gross - first, open_)
    of_retained = first + min(gross - first - of_open, retained - first)
    return Taken(of_open, of_retained, gross - of_open - of_retained)


def credited_amount(share: Share, *, lines: Sequence[Creditable], currency: str) -> Decimal:
    """What of the billed work a credit note credits, net: above nothing, and at most what is not credited yet."""
    billed = [line for line in lines if line.net > 0]
    net, left = money.total(line.net for line in billed), money.total(line.left for line in billed)
    if left == 0 and any(line.bound for line in lines):
        raise Refused(
            "Later invoices have given this deposit back, and nothing else of it is left. Credit those invoices: what"
            " they gave back returns to the deposit."
        )
    if left == 0:
        raise Refused("This invoice is credited in full. There is nothing left to credit.")
    if share.amount is not None and share.percent is not None:
        raise Refused("Give an amount or a percentage, not both.", field="amount")
    if share.lines:
        return _of_lines(share, lines=lines, currency=currency)
    if share.percent is not None:
        amount, field = _of_percent(share.percent, net=net, currency=currency), "percent"
    else:
        field = "amount"
        amount = left if share.amount is None else money.payable(share.amount, currency, field=field)
    if amount > left:
        raise Refused(
            "Only {left} net of tax are left to credit on this invoice. Enter that much or less.",
            field=field,
            left=Money(left, currency),
        )
    return amount


def credit(
    amount: Decimal,
    *,
    lines: Sequence[Creditable],
    currency: str,
    chosen: Sequence[OfLine] = (),
    is_withdrawn: bool = False,
) -> Credit:
    """Share a net amount over what is left of the lines, in proportion and without a cent lost, and tax it.

    Where lines are ``chosen``, which :func:`credited_amount` added up to the amount, each bears its own instead.
    ``is_withdrawn``: the work counts as not accepted, so its share of the recovery returns to the deposit.
    """
    own = {one.number: one.amount for one in chosen}
    billed = iter(
        [own.get(number, money.ZERO) for number, line in enumerate(lines, start=1) if line.net > 0]
        if chosen
        else _shared(amount, [line for line in lines if line.net > 0], currency)
    )
    returned = iter(_returned(amount, lines, currency, is_withdrawn=is_withdrawn))
    parts = [next(billed) if line.net > 0 else next(returned) for line in lines]
    credited: dict[Kind, Decimal] = {}
    now: dict[Kind, Decimal] = {}
    for line, part in zip(lines, parts, strict=True):
        credited[line.kind] = credited.get(line.kind, money.ZERO) + line.credited
        now[line.kind] = now.get(line.kind, money.ZERO) + part
    touched = {line.kind for line, part in zip(lines, parts, strict=True) if part}
    before = {kind: _subtotal(kind, base, _tax(kind, base, currency)) for kind, base in credited.items() if base}
    return Credit(
        lines=tuple(parts),
        breakdown=tuple(
            _subtotal(kind, base, credit_tax(base, before=credited[kind], rate=kind[1], currency=currency))
            for kind, base in now.items()
            if kind in touched
        ),
        before=tuple(before.values()),
    )


def credit_tax(net: Decimal, *, before: Decimal, rate: Decimal, currency: str) -> Decimal:
    """The tax of a credited net amount where ``before`` of the same category and rate was credited earlier."""
    return money.half_up((before + net) * rate / 100, currency) - money.half_up(before * rate / 100, currency)


def _of_lines(share: Share, *, lines: Sequence[Creditable], currency: str) -> Decimal:
    """What is credited of all chosen lines; refused at the field of the line with which something is wrong."""
    if share.amount is not None or share.percent is not None:
        raise Refused("Give an amount of each line, or one of the whole invoice, not both.", field="amount")
    if len({one.number for one in share.lines}) != len(share.lines):
        raise Refused("Name each line once.", field=share.lines[0].field)
    for one in share.lines:
        if not 1 <= one.number <= len(lines):
            raise Refused("This invoice has no line {number}.", field=one.field, number=one.number)
        line = lines[one.number - 1]
        if line.net < 0:
            raise Refused(
                "Line {number} gives a deposit back, and bills nothing. It is credited together with what it was"
                " deducted from.",
                field=one.field,
                number=one.number,
            )
        if money.payable(one.amount, currency, field=one.field) > line.left:
            raise Refused(
                "Only {left} net of tax are left to credit of line {number}. Enter that much or less.",
                field=one.field,
                left=Money(line.left, currency),
                number=one.number,
            )
    return money.total(one.amount for one in share.lines)


def _of_percent(percent: Decimal, *, net: Decimal, currency: str) -> Decimal:
    if not percent.is_finite() or not 0 < percent <= 100:
        raise Refused("Enter a percentage above 0 and at most 100.", field="percent")
    amount = money.half_up(net * percent / 100, currency)
    if amount == 0:
        raise Refused("This percentage comes to nothing. Enter a larger one.", field="percent")
    return amount


def _shared(amount: Decimal, lines: Sequence[Creditable], currency: str) -> list[Decimal]:
    left = [line.left for line in lines]
    # All that is left needs no sharing, and then no line can be rounded beyond what it has.
    return left if amount == money.total(left) else money.split(amount, left, currency)


def _returned(amount: Decimal, lines: Sequence[Creditable], currency: str, *, is_withdrawn: bool) -> list[Decimal]:
    """What returns to the deposits, of each line below zero: never more than it gave back, nor than is credited."""
    deducted = [line for line in lines if line.net < 0]
    work = money.total(line.left for line in lines if line.net > 0)
    recovered = -money.total(line.left for line in deducted)
    if is_withdrawn:
        back = money.half_up(recovered * amount / work, currency)
    else:
        back = max(amount - (work - recovered), money.ZERO)
    if not back:
        return [money.ZERO for _line in deducted]
    positive = [replace(line, net=-line.net, credited=-line.credited) for line in deducted]
    return [-part for part in _shared(back, positive, currency)]


def _tax(kind: Kind, base: Decimal, currency: str) -> Decimal:
    return money.half_up(base * kind[1] / 100, currency)


def _subtotal(kind: Kind, taxable: Decimal, tax: Decimal) -> TaxSubtotal:
    return TaxSubtotal(taxable=taxable, tax=tax, category=kind[0], rate=kind[1])

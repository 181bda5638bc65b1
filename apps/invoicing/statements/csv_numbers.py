"""Amounts with their sign, and days, as banks write them into CSV files. The whole column tells how they are meant."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from apps.contracts.rules.schedule.dates import DateOrder, date_of, order_of
from apps.contracts.rules.schedule.numbers import DecimalSign
from apps.core.errors import Refused

_SPACES: Final = "\u00a0\u202f\u2009\u2007"
_LONGEST: Final = 40
_MINUS: Final = "-−–"
_WRITTEN: Final[Mapping[DecimalSign, re.Pattern[str]]] = {
    DecimalSign.POINT: re.compile(r"[0-9]{1,3}(?:([,' ])[0-9]{3})(?:\1[0-9]{3})*(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?"),
    DecimalSign.COMMA: re.compile(r"[0-9]{1,3}(?:([.' ])[0-9]{3})(?:\1[0-9]{3})*(?:,[0-9]+)?|[0-9]+(?:,[0-9]+)?"),
}
_SHORT_YEAR: Final = re.compile(r"([0-9]{1,2}[./-][0-9]{1,2}[./-])([0-9]{2})")
_COMPACT: Final = re.compile(r"(20[0-9]{2})([0-9]{2})([0-9]{2})")
_CENTURY: Final = "20"


def decimal_sign_of(texts: Iterable[str]) -> DecimalSign | None:
    """The sign before the decimals that every number allows; None when both do and it makes a difference."""
    allow = dict.fromkeys(DecimalSign, 0)
    differ = False
    for text in texts:
        number, _is_minus = _bare(text)
        values = {sign: _value(number, sign) for sign in DecimalSign}
        for sign, value in values.items():
            allow[sign] += value is not None
        differ |= values[DecimalSign.POINT] != values[DecimalSign.COMMA]
    point, comma = allow[DecimalSign.POINT], allow[DecimalSign.COMMA]
    if point == comma:
        return None if differ else DecimalSign.POINT
    return DecimalSign.POINT if point > comma else DecimalSign.COMMA


def amount_of(text: str, *, sign: DecimalSign) -> Decimal:
    """The amount, negative with a minus before or behind it, or in brackets."""
    number, is_minus = _bare(text)
    value = _value(number, sign)
    if value is None:
        if any(_value(number, other) is not None for other in DecimalSign):
            raise Refused(
                "“{text}” is not written like the other amounts of this file, which have “{sign}” before their"
                " decimals.",
                text=text[:_LONGEST],
                sign=sign.value,
            )
        raise Refused("“{text}” is no amount.", text=text[:_LONGEST])
    return -value if is_minus else value


def date_order_of(texts: Iterable[str]) -> DateOrder | None:
    """Which comes first in dates with slashes; None when both are possible and it makes a difference."""
    return order_of(_full(text) for text in texts)


def day_of(text: str, *, order: DateOrder) -> date:
    """``2026-04-03``, ``03.04.2026``, ``3.4.26``, ``20260403``, or with slashes; a time behind it is left out."""
    return date_of(_full(text), order=order)


def _full(text: str) -> str:
    """With four digits of the year, and without a time."""
    written = re.split(r"[T ](?=[0-9]{1,2}:)", text.strip())[0]
    if found := _SHORT_YEAR.fullmatch(written):
        return f"{found[1]}{_CENTURY}{found[2]}"
    if found := _COMPACT.fullmatch(written):
        return "-".join(found.groups())
    return written


def _bare(text: str) -> tuple[str, bool]:
    """The number without currency and sign, and whether it is below zero."""
    kept = text.strip().replace("’", "'")
    for space in _SPACES:
        kept = kept.replace(space, " ")
    kept = re.sub(r"^(?:[A-Z]{3}|[€$£]) ?|(?: ?(?:[A-Z]{3}|[€$£]))$", "", kept.strip())
    is_minus = kept[:1] in tuple(_MINUS) or kept[-1:] in tuple(_MINUS) or (kept[:1] == "(" and kept[-1:] == ")")
    return kept.strip(f"{_MINUS}+() "), is_minus


def _value(number: str, sign: DecimalSign) -> Decimal | None:
    if len(number) > _LONGEST or not _WRITTEN[sign].fullmatch(number):
        return None
    other = DecimalSign.COMMA if sign is DecimalSign.POINT else DecimalSign.POINT
    return Decimal(number.replace(other.value, "").replace("'", "").replace(" ", "").replace(sign.value, "."))

"""Numbers as people write them. Whether a comma or a point stands before the decimals, the whole column tells."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final

from apps.contracts.rules.schedule.cells import Cell, Formula, Share, as_text
from apps.core.errors import Refused

SYMBOLS: Final[Mapping[str, str]] = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₺": "TRY"}
"""Signs that mean one currency. ``$`` is that of many, so it is taken for the contract's."""
_SPACES: Final = "\u00a0\u202f\u2009\u2007 "
_LONGEST: Final = 40


class DecimalSign(StrEnum):
    """The sign before the decimals: ``1,234.50`` or ``1.234,50``."""

    POINT = "."
    COMMA = ","


_WRITTEN: Final[Mapping[DecimalSign, re.Pattern[str]]] = {
    DecimalSign.POINT: re.compile(r"[0-9]{1,3}(?:([,' ])[0-9]{3})(?:\1[0-9]{3})*(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?"),
    DecimalSign.COMMA: re.compile(r"[0-9]{1,3}(?:([.' ])[0-9]{3})(?:\1[0-9]{3})*(?:,[0-9]+)?|[0-9]+(?:,[0-9]+)?"),
}


def bare(text: str, *, currency: str) -> tuple[str, bool]:
    """The number without currency and percent sign, and whether it had one; refused when it names other money."""
    kept = text.strip(_SPACES + "\t\n").replace("’", "'")
    for space in _SPACES:
        kept = kept.replace(space, " ")
    is_percent = kept.endswith("%") or kept.startswith("%")
    kept = kept.strip("% ")
    for sign, code in ((currency, currency), ("$", currency), *SYMBOLS.items()):
        if kept.upper().startswith(sign) or kept.upper().endswith(sign):
            if code != currency:
                raise Refused(
                    "“{text}” is not in {currency}, the currency of the contract.", text=text, currency=currency
                )
            kept = (kept[len(sign) :] if kept.upper().startswith(sign) else kept[: -len(sign)]).strip(" ")
            break
    return kept, is_percent


def sign_is_open() -> Refused:
    """That a person has to say which sign is meant."""
    return Refused(
        "Every number can be read with a decimal point and with a decimal comma. Say below the file which is meant."
    )


def sign_of(texts: Iterable[str], *, currency: str) -> DecimalSign | None:
    """The sign that every number of a column allows; None when both do and it makes a difference.

    Where some allow only the one and others only the other, it is the one that more of them allow.
    """
    allow = dict.fromkeys(DecimalSign, 0)
    differ = False
    for text in texts:
        try:
            number, _is_percent = bare(text, currency=currency)
        except Refused:
            continue
        values = {sign: _value(number, sign) for sign in DecimalSign}
        for sign, value in values.items():
            allow[sign] += value is not None
        differ |= values[DecimalSign.POINT] != values[DecimalSign.COMMA]
    point, comma = allow[DecimalSign.POINT], allow[DecimalSign.COMMA]
    if point == comma:
        return None if differ else DecimalSign.POINT
    return DecimalSign.POINT if point > comma else DecimalSign.COMMA


def number_of(text: str, *, sign: DecimalSign, currency: str) -> tuple[Decimal, bool]:
    """The number that a text says, and whether a percent sign stands with it; refused in words when it says none."""
    number, is_percent = bare(text, currency=currency)
    value = _value(number, sign)
    if value is not None:
        return value, is_percent
    if number[:1] in "-−–(" and any(letter.isdigit() for letter in number):
        raise Refused("“{text}” is below zero. Every line of a plan is above zero.", text=_short(text))
    if any(letter.isdigit() and not letter.isascii() for letter in number):
        raise Refused("“{text}” uses digits other than 0 to 9. Type it anew.", text=_short(text))
    if any(_value(number, other) is not None for other in DecimalSign):
        raise Refused(
            "“{text}” is not written like the other numbers of this file, which have “{sign}” before their decimals.",
            text=_short(text),
            sign=sign.value,
        )
    raise Refused("“{text}” is no number. Write it in digits, such as {example}.", text=_short(text), example="12400")


def value_of(cell: Cell, *, sign: DecimalSign | None, currency: str) -> tuple[Decimal, bool] | None:
    """The number of a cell, and whether it says that it is a percentage; None while nobody has said how it is read."""
    match cell:
        case Decimal():
            return cell, False
        case Share():
            return cell.percent, True
        case str():
            return number_of(cell, sign=sign, currency=currency) if sign is not None else _either_way(cell, currency)
        case Formula():
            raise Refused("This cell holds a formula, and formulas are not reckoned here. Paste its value instead.")
        case _:
            raise Refused("A date stands here, and a number is needed.")


def _either_way(text: str, currency: str) -> tuple[Decimal, bool] | None:
    """A number that means the same with either sign; None of one that does not, refused what is none with any."""
    number, is_percent = bare(text, currency=currency)
    point, comma = (_value(number, sign) for sign in DecimalSign)
    if point is None and comma is None:
        return number_of(text, sign=DecimalSign.POINT, currency=currency)
    return (point, is_percent) if point is not None and point == comma else None


def whole_of(cell: Cell) -> int | None:
    """The whole number of a cell, such as days; nothing when it is empty."""
    text = as_text(cell).strip()
    if not text:
        return None
    if len(text) > _LONGEST or not text.isascii() or not text.isdigit():
        raise Refused(
            "“{text}” is no whole number. Write it in digits, such as {example}.", text=_short(text), example="5"
        )
    return int(text)


def _value(number: str, sign: DecimalSign) -> Decimal | None:
    if len(number) > _LONGEST or not _WRITTEN[sign].fullmatch(number):
        return None
    other = DecimalSign.COMMA if sign is DecimalSign.POINT else DecimalSign.POINT
    return Decimal(number.replace(other.value, "").replace("'", "").replace(" ", "").replace(sign.value, "."))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"

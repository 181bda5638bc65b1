"""One text for one meaning: what is signed, hashed and chained is written the same way everywhere.

Canonical text is JSON with sorted keys, no insignificant white space, UTF-8, decimals as plain strings without
trailing zeros, dates and instants in ISO 8601 (instants in UTC): close to RFC 8785, without floats.
"""

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import IO, Any


def text(value: Any) -> str:
    """The canonical text of a value made of dicts, lists, strings, integers, booleans, Decimals, dates and None."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read(written: str) -> Any:
    """What a canonical text says; decimals and dates stay the strings that they were written as."""
    return json.loads(written)


def sha256(value: str | bytes) -> str:
    """Lower-case hexadecimal SHA-256 of a text (as UTF-8) or of bytes."""
    return hashlib.sha256(value.encode() if isinstance(value, str) else value).hexdigest()


def sha256_of(file: IO[bytes]) -> str:
    """The same of what is left to read of a file."""
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def plain(number: Decimal) -> str:
    """A decimal without exponent and without trailing zeros: ``Decimal('1E+2')`` and ``100.00`` are both ``100``."""
    written = f"{number:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


_AS_IT_IS = frozenset({str, int, bool, type(None)})


def _plain(value: Any) -> Any:
    # Of these is nearly all that is ever written, and to find that out by ``match`` costs more than to write it.
    if type(value) in _AS_IT_IS:
        return value
    if type(value) is dict:
        return {str(key): item if type(item) in _AS_IT_IS else _plain(item) for key, item in value.items()}
    if type(value) is Decimal:
        return plain(value)
    match value:
        case None | bool() | int() | str():
            plain_value: Any = value
        case Decimal():
            plain_value = plain(value)
        case datetime():
            plain_value = value.astimezone(UTC).isoformat(timespec="microseconds")
        case date():
            plain_value = value.isoformat()
        case dict():
            plain_value = {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            plain_value = [_plain(item) for item in value]
        case set() | frozenset():
            plain_value = sorted(_plain(item) for item in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            plain_value = {name: _plain(getattr(value, name)) for name in _names(type(value))}
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical text")
    return plain_value


@cache
def _names(of: type) -> tuple[str, ...]:
    """The fields of a dataclass, which would be looked for anew with every value."""
    return tuple(field.name for field in fields(of))

"""One text for one meaning: what is signed, hashed and chained is written the same way everywhere.

Canonical text is JSON with sorted keys, no insignificant white space, UTF-8, decimals as plain strings without
trailing zeros, dates and instants in ISO 8601 (instants in UTC): close to RFC 8785, without floats.
"""

import hashlib
import json
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any


def text(value: Any) -> str:
    """The canonical text of a value made of dicts, lists, strings, integers, booleans, Decimals, dates and None."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read(written: str) -> Any:
    """What a canonical text says; decimals and dates stay the strings that they were written as."""
    return json.loads(written)


def sha256(value: str | bytes) -> str:
    """Lower-case hexadecimal SHA-256 of a text (as UTF-8) or of bytes."""
    return hashlib.sha256(value.encode() if isinstance(value, str) else value).hexdigest()


def plain(number: Decimal) -> str:
    """A decimal without exponent and without trailing zeros: ``Decimal('1E+2')`` and ``100.00`` are both ``100``."""
    written = f"{number:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, frozenset | set):
        return sorted(_plain(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    raise TypeError(f"{type(value).__name__} has no canonical text")

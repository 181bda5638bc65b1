"""The internal rate of return of dated amounts on ACT/365, compounded yearly."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from math import isfinite

import pyxirr


def xirr(flows: Sequence[tuple[date, Decimal]]) -> Decimal | None:
    """XIRR in percent, or None where no rate exists: fewer than two dates, or amounts of one sign only.

    The one place where money becomes a binary fraction: the result is a rate that is shown, never an amount.
    """
    answer = pyxirr.xirr([on for on, _ in flows], [amount for _, amount in flows], silent=True)
    return None if answer is None or not isfinite(answer) else Decimal(repr(answer)) * 100

"""What may be agreed for late payment, and how it is written down.

Where nothing is agreed, the law of the contract may give interest all the same: Directive 2011/7/EU, Articles 3 and 6
(reference rate plus eight points, 40 EUR), German Civil Code, section 288 (nine points, 40 EUR). What stands here is
what the parties wrote, and nothing else is computed.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from apps.contracts.late_payment import LateTerms
from apps.core import money
from apps.core.errors import Refused

HIGHEST_RATE: Final = Decimal(50)
MOST_DECIMALS: Final = 4
YEARS: Final = (365, 360)
"""Days of a year by which a day's interest is reckoned: actual/365 and actual/360."""
LONGEST_BASIS: Final = 160


def check_late_payment(terms: LateTerms, *, currency: str) -> None:
    """Refuse terms that cost nothing, more than anybody may ask for, or that nobody could compute."""
    rate, fee = terms.annual_rate, terms.fee
    if not rate.is_finite() or not 0 <= rate <= HIGHEST_RATE:
        raise Refused("Interest is between 0 and {most} percent a year.", field="late_rate", most=HIGHEST_RATE)
    if rate != round(rate, MOST_DECIMALS):
        raise Refused("Give the rate with at most {most} decimals.", field="late_rate", most=MOST_DECIMALS)
    if terms.days_of_year not in YEARS:
        raise Refused("A year of interest has 365 or 360 days.", field="late_days")
    if len(terms.basis) > LONGEST_BASIS:
        raise Refused(
            "Say in at most {most} characters how the rate came about.", field="late_basis", most=LONGEST_BASIS
        )
    if fee:
        money.payable(fee, currency, field="late_fee")
    if not rate and not fee:
        raise Refused("Enter a rate or a fee for late payment, or leave both empty.", field="late_rate")


def plain_late_payment(terms: LateTerms | None) -> dict[str, Any] | None:
    """The same for a canonical text and for a column; decimals as text."""
    if terms is None:
        return None
    # Texts from before claims went with reminders say nothing of it, and keep their hash.
    claimed = {"with_reminders": True} if terms.with_reminders else {}
    return {
        "annual_rate": str(terms.annual_rate),
        "days_of_year": terms.days_of_year,
        "basis": terms.basis,
        "fee": str(terms.fee),
        **claimed,
    }


def read_late_payment(said: Mapping[str, Any] | None) -> LateTerms | None:
    """What :func:`plain_late_payment` wrote."""
    if said is None:
        return None
    return LateTerms(
        Decimal(said["annual_rate"]),
        said["days_of_year"],
        said["basis"],
        Decimal(said["fee"]),
        with_reminders=said.get("with_reminders", False),
    )

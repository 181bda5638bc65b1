"""What terms of retention must say, and how they are written down and read again.

Retention (retainage) is agreed freely; statutes limit it for some contracts. The rules here refuse what cannot be
computed or never ends. Limits of the law, such as 5 % of the price towards consumers in Germany (German Civil Code,
section 650m(2)), are for the sides to keep.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from apps.contracts.retention import (
    BUYER,
    COMPLETION,
    DATE,
    GROSS,
    NET,
    SELLER,
    RetentionRelease,
    RetentionStep,
    RetentionTerms,
    payable_until_final,
)
from apps.core import canonical, money
from apps.core.errors import Refused

BASES: Final = (NET, GROSS)
EVENTS: Final = (COMPLETION, DATE, BUYER, SELLER)
HUNDRED: Final = Decimal(100)
MOST_RATE: Final = Decimal(50)
"""Whoever keeps back more than half of every invoice means another plan, not a retention."""
MOST_STEPS: Final = 2
MOST_RELEASES: Final = 3
"""As many as the page of a draft shows."""
MOST_DAYS: Final = 3653
"""Ten years: the longest defects periods are shorter."""
DECIMALS: Final = 3
"""Of a percentage."""


def check_retention(terms: RetentionTerms, *, currency: str) -> RetentionTerms:
    """The terms if a draft can keep them; refused with the field named otherwise."""
    _check_rate(terms.rate, field="retention_rate")
    if terms.base not in BASES:
        raise Refused("Retention is taken of the amount net or gross of tax.", field="retention_base")
    _check_steps(terms.steps)
    if terms.cap_percent is not None:
        check_percent(terms.cap_percent, field="retention_cap_percent")
    if terms.cap_amount is not None:
        money.payable(terms.cap_amount, currency, field="retention_cap_amount")
    if len(terms.releases) > MOST_RELEASES:
        raise Refused("Retention is released in {most} parts at most.", field="retention_releases", most=MOST_RELEASES)
    for release in terms.releases:
        _check_release(release)
    if terms.payable_most is not None:
        check_percent(terms.payable_most, field="retention_payable_most")
        if terms != payable_until_final(terms.payable_most):
            raise Refused(
                "What is payable at most before the last milestone is accepted is a term of its own: leave the rate at"
                " 0, and steps, limits and releases out. What is above it becomes payable with the last milestone.",
                field="retention_payable_most",
            )
    return terms


def check_proposed_retention(terms: RetentionTerms) -> None:
    """Refuse terms by which something would stay withheld for ever, or of which nobody knows when they apply."""
    shares = money.total(release.share for release in terms.releases)
    if shares != HUNDRED:
        raise Refused(
            "The parts in which retention is released come to {sum} % and not to 100 %. Change one of them.",
            field="retention_releases",
            sum=canonical.plain(shares),
        )
    if any(release.event == DATE and release.on is None for release in terms.releases):
        raise Refused("Say on which date this part of the retention is released.", field="retention_releases")


def check_percent(percent: Decimal, *, field: str) -> None:
    """Refuse what is no percentage above zero."""
    if not percent.is_finite() or not 0 < percent <= HUNDRED or percent != round(percent, DECIMALS):
        raise Refused(
            "Enter a percentage above 0 and up to 100, with at most three decimals.",
            field=field,
        )


def _check_rate(rate: Decimal, *, field: str) -> None:
    if not rate.is_finite() or not 0 <= rate <= MOST_RATE or rate != round(rate, DECIMALS):
        raise Refused(
            "The rate of retention is a percentage between 0 and {most} with at most three decimals.",
            field=field,
            most=canonical.plain(MOST_RATE),
        )


def _check_steps(steps: Sequence[RetentionStep]) -> None:
    if len(steps) > MOST_STEPS:
        raise Refused("Retention has {most} steps at most.", field="retention_steps", most=MOST_STEPS)
    before = money.ZERO
    for step in steps:
        _check_rate(step.rate, field="retention_steps")
        check_percent(step.billed, field="retention_steps")
        if not before < step.billed < HUNDRED:
            raise Refused(
                "Each step of the retention begins at a higher part of the price than the one before, below 100 %.",
                field="retention_steps",
            )
        before = step.billed


def _check_release(release: RetentionRelease) -> None:
    check_percent(release.share, field="retention_releases")
    if release.event not in EVENTS:
        raise Refused("Choose by what this part of the retention is released.", field="retention_releases")
    if not 0 <= release.days <= MOST_DAYS:
        raise Refused(
            "Retention is released at most {most} days after completion.", field="retention_releases", most=MOST_DAYS
        )
    if release.days and release.event != COMPLETION:
        raise Refused("Days are counted from completion only.", field="retention_releases")
    if release.on is not None and release.event != DATE:
        raise Refused("A date belongs to a release on a date only.", field="retention_releases")


def plain_retention(terms: RetentionTerms | None) -> dict[str, Any] | None:
    """The terms as they stand in a version's row and its canonical text. What is payable at most is named if agreed."""
    if terms is None:
        return None
    said = dict(canonical.read(canonical.text(terms)))
    return said if terms.payable_most is not None else {name: said[name] for name in said if name != "payable_most"}


def read_retention(said: Mapping[str, Any] | None) -> RetentionTerms | None:
    """The terms that a canonical text, or a version's row, says."""
    if said is None:
        return None
    return RetentionTerms(
        rate=Decimal(said["rate"]),
        base=said["base"],
        steps=tuple(RetentionStep(Decimal(one["billed"]), Decimal(one["rate"])) for one in said["steps"]),
        cap_percent=_decimal(said["cap_percent"]),
        cap_amount=_decimal(said["cap_amount"]),
        releases=tuple(read_release(one) for one in said["releases"]),
        payable_most=_decimal(said.get("payable_most")),
    )


def read_release(said: Mapping[str, Any]) -> RetentionRelease:
    """One part of a release, from a canonical text."""
    on = date.fromisoformat(said["on"]) if said["on"] else None
    return RetentionRelease(Decimal(said["share"]), said["event"], said["days"], on)


def undated_retention(terms: RetentionTerms | None) -> RetentionTerms | None:
    """The same without dates, for another contract to start from."""
    if terms is None:
        return None
    return replace(terms, releases=tuple(replace(release, on=None) for release in terms.releases))


def _decimal(said: str | None) -> Decimal | None:
    return None if said is None else Decimal(said)

"""What terms of retention must say, and how they are written down and read again.

Retention (retainage) is agreed freely; statutes limit it for some contracts. The rules here refuse what cannot be
computed or never ends. Limits of the law, such as 5 % of the price towards consumers in Germany (German Civil Code,
section 650m(2)), are for the sides to keep.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from apps.contracts.retention import (
    COMPLETION,
    DATE,
    EVENTS,
    GROSS,
    MILESTONE,
    NET,
    RetentionRelease,
    RetentionStep,
    RetentionTerms,
    payable_until_final,
)
from apps.core import canonical, money
from apps.core.errors import Refused
from apps.core.percent import Percent

BASES: Final = (NET, GROSS)
HUNDRED: Final = Decimal(100)
MOST_RATE: Final = Decimal(50)
"""Whoever keeps back more than half of every invoice means another plan, not a retention."""
MOST_STEPS: Final = 2
MOST_RELEASES: Final = 3
"""As many as the page of a draft shows."""
MOST_KINDS: Final = 2
KINDS: Final = ("", "second_")
"""What stands before the names of the fields of each kind."""
MOST_NAME: Final = 60
MOST_DAYS: Final = 3653
"""Ten years: the longest defects periods are shorter."""
DECIMALS: Final = 3
"""Of a percentage."""


def check_retention(terms: RetentionTerms, *, currency: str) -> RetentionTerms:
    """The terms if a draft can keep them; refused with the field named otherwise."""
    if terms.payable_most is not None:
        check_percent(terms.payable_most, field="retention_payable_most")
        if terms != payable_until_final(terms.payable_most):
            raise Refused(
                "What is payable at most before the last milestone is accepted is a term of its own: leave the rate at"
                " 0, and steps, limits and releases out. What is above it becomes payable with the last milestone.",
                field="retention_payable_most",
            )
    _check_kinds(terms)
    for field, kind in zip(KINDS, terms.kinds, strict=False):
        with _told_of(field):
            _check_kind(kind, currency=currency)
    return terms


def _check_kinds(terms: RetentionTerms) -> None:
    if len(terms.kinds) > MOST_KINDS:
        raise Refused("A contract has {most} kinds of retention at most.", field="retention_name", most=MOST_KINDS)
    if any(kind.further or kind.payable_most is not None for kind in terms.further):
        raise Refused("Each further kind of retention has a rate of its own, and no kinds in it.")
    names = [kind.name for kind in terms.kinds]
    if terms.further and (not all(names) or len(set(names)) < len(names)):
        raise Refused(
            "Give each kind of retention a name of its own, such as performance and defects.", field="retention_name"
        )


def _check_kind(terms: RetentionTerms, *, currency: str) -> None:
    _check_rate(terms.rate, field="retention_rate")
    if len(terms.name) > MOST_NAME:
        raise Refused("The name of a retention has at most {most} characters.", field="retention_name", most=MOST_NAME)
    if terms.materials_rate is not None:
        _check_rate(terms.materials_rate, field="retention_materials_rate")
    if terms.base not in BASES:
        raise Refused("Retention is taken of the amount net or gross of tax.", field="retention_base")
    _check_steps(terms.steps)
    if terms.cap_percent is not None:
        check_percent(terms.cap_percent, field="retention_cap_percent")
    if terms.cap_amount is not None:
        money.payable(terms.cap_amount, currency, field="retention_cap_amount")
    if terms.cap_each is not None:
        money.payable(terms.cap_each, currency, field="retention_cap_each")
    if not 1 <= len(terms.releases) <= MOST_RELEASES:
        raise Refused("Retention is released in {most} parts at most.", field="retention_releases", most=MOST_RELEASES)
    for release in terms.releases:
        _check_release(release)


def check_own_rate(rate: Decimal) -> None:
    """Refuse what is no rate of retention that one line can have; zero is one."""
    _check_rate(rate, field="lines")


def check_proposed_retention(terms: RetentionTerms, *, titles: Sequence[str] = ()) -> None:
    """Refuse terms by which something would stay withheld for ever, or of which nobody knows when they apply.

    ``titles`` are those of the plan's milestones.
    """
    for field, kind in zip(KINDS, terms.kinds, strict=False):
        with _told_of(field):
            _check_whole(kind)
            _check_events(kind, titles=titles)


def _check_events(terms: RetentionTerms, *, titles: Sequence[str]) -> None:
    for release in terms.releases:
        if release.event == DATE and release.on is None:
            raise Refused("Say on which date this part of the retention is released.", field="retention_releases")
        if release.event == MILESTONE and list(titles).count(release.milestone) != 1:
            raise Refused(
                "A part of the retention is released with the milestone “{milestone}”, and the plan has {count} of"
                " that name. Name one that is there once.",
                field="retention_releases",
                milestone=release.milestone,
                count=list(titles).count(release.milestone),
            )


@contextmanager
def _told_of(kind: str) -> Iterator[None]:
    """Inside the block a refusal belongs to the fields of this kind of retention."""
    try:
        yield
    except Refused as refusal:
        refusal.field = f"{kind}{refusal.field}"
        raise


def _check_whole(terms: RetentionTerms) -> None:
    """The parts of all that is withheld are the whole; those of one section at most what is withheld of it."""
    shares = money.total(release.share for release in terms.releases if not release.only)
    if shares != HUNDRED:
        raise Refused(
            "The parts in which retention is released come to {sum} and not to 100%. Change one of them.",
            field="retention_releases",
            sum=Percent(shares),
        )
    for title in {release.milestone for release in terms.releases if release.only}:
        of_it = [one.share for one in terms.releases if one.only and one.milestone == title]
        if money.total(of_it) > HUNDRED:
            raise Refused(
                "More than all that is withheld of “{milestone}” would be released with it. Change one of the parts.",
                field="retention_releases",
                milestone=title,
            )


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
                "Each step of the retention begins at a higher part of the price than the one before, below 100%.",
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
    if release.days and release.event not in (COMPLETION, MILESTONE):
        raise Refused("Days are counted from completion, or from a milestone, only.", field="retention_releases")
    if bool(release.milestone) != (release.event == MILESTONE):
        raise Refused(
            "Name the milestone with which this part of the retention is released, or choose something else.",
            field="retention_releases",
        )
    if release.only and release.event != MILESTONE:
        raise Refused(
            "A part of what is withheld of one milestone alone is released with that milestone.",
            field="retention_releases",
        )
    if release.on is not None and release.event != DATE:
        raise Refused("A date belongs to a release on a date only.", field="retention_releases")


UNSAID: Final[Mapping[str, Any]] = {
    "payable_most": None,
    "materials_rate": None,
    "cap_each": None,
    "name": "",
    "further": [],
    "milestone": "",
    "only": False,
}
"""What is named only where it is agreed: texts that were signed before there was such a term stay as they are."""


def plain_retention(terms: RetentionTerms | None) -> dict[str, Any] | None:
    """The terms as they stand in a version's row and its canonical text."""
    if terms is None:
        return None
    return _said(dict(canonical.read(canonical.text(terms))))


def _said(terms: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in terms.items() if name not in UNSAID or value != UNSAID[name]}
    for name in ("releases", "further"):
        if name in kept:
            kept[name] = [_said(one) for one in kept[name]]
    return kept


def read_retention(said: Mapping[str, Any] | None) -> RetentionTerms | None:
    """The terms that a canonical text, or a version's row, says."""
    return None if said is None else _read(said)


def _read(said: Mapping[str, Any]) -> RetentionTerms:
    return RetentionTerms(
        rate=Decimal(said["rate"]),
        base=said["base"],
        steps=tuple(RetentionStep(Decimal(one["billed"]), Decimal(one["rate"])) for one in said["steps"]),
        cap_percent=_decimal(said["cap_percent"]),
        cap_amount=_decimal(said["cap_amount"]),
        releases=tuple(read_release(one) for one in said["releases"]),
        payable_most=_decimal(said.get("payable_most")),
        materials_rate=_decimal(said.get("materials_rate")),
        cap_each=_decimal(said.get("cap_each")),
        name=said.get("name", ""),
        further=tuple(_read(one) for one in said.get("further", ())),
    )


def read_release(said: Mapping[str, Any]) -> RetentionRelease:
    """One part of a release, from a canonical text."""
    on = date.fromisoformat(said["on"]) if said["on"] else None
    return RetentionRelease(
        Decimal(said["share"]),
        said["event"],
        said["days"],
        on,
        milestone=said.get("milestone", ""),
        only=said.get("only", False),
    )


def withholds(said: Mapping[str, Any] | None, *, own_rate: Decimal | None) -> bool:
    """Whether something may be withheld of a milestone by the terms that a version's row says, and by a rate of its
    own."""
    terms = read_retention(said)
    if terms is None:
        return False
    rates = [
        rate for kind in terms.kinds for rate in (kind.rate, kind.materials_rate, *(step.rate for step in kind.steps))
    ]
    return any(rates) or terms.payable_most is not None or bool(own_rate)


def undated_retention(terms: RetentionTerms | None) -> RetentionTerms | None:
    """The same without dates, for another contract to start from."""
    if terms is None:
        return None
    return replace(
        terms,
        releases=tuple(replace(release, on=None) for release in terms.releases),
        further=tuple(filter(None, map(undated_retention, terms.further))),
    )


def _decimal(said: str | None) -> Decimal | None:
    return None if said is None else Decimal(said)

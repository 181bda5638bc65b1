"""Seeded mutants of money that is advanced: a financier's book with one thing taken away."""

from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import Any, Final
from unittest.mock import patch

from apps.financing import services as financing
from apps.financing.models import Tranche
from apps.financing.rules import events, waterfall
from apps.financing.services import collecting, conversion, facilities, following, lapsing
from apps.milestones.models import Dispute
from apps.workflows import recourse
from tests.engines.mutants import Mutant, unchecked


def sub_limit_unread() -> AbstractContextManager[Any]:
    """Before acceptance as much is advanced as after it."""
    return patch.object(facilities, "pre_headroom", facilities.headroom)


def uncovered_stays() -> AbstractContextManager[Any]:
    """All that was advanced on a milestone buys the bill of whatever part of it was accepted."""
    return patch.object(conversion, "carry_over", lambda *_given, **_more: None)


def shortfall_stays() -> AbstractContextManager[Any]:
    """What is accepted for less is bought for all that was advanced."""
    return patch.object(following, "shortfall", lambda *_given, **_more: None)


def never_rebated() -> AbstractContextManager[Any]:
    """Who owes an advance back owes the discount of days that never come as well."""
    return patch.object(events, "_rebate", lambda *_given, **_more: Decimal(0))


def credits_unheard() -> AbstractContextManager[Any]:
    """What is credited of a bought invoice changes nothing for whom it was bought by."""
    return patch.object(recourse, "follow_credit", lambda *_given, **_more: None)


def plan_unheard() -> AbstractContextManager[Any]:
    """What a change or an end takes out of the plan stays advanced."""
    return patch.object(recourse, "follow_plan", lambda *_given, **_more: None)


def least_days_forgotten() -> AbstractContextManager[Any]:
    """Who is repaid early has earned the days gone by, and no more."""

    def gone(tranche: Tranche, *, paid_on: date) -> int:
        assert tranche.funded_on is not None
        return (paid_on - tranche.funded_on).days

    return patch.object(collecting, "last_day_earned", gone)


def disputes_unheard() -> AbstractContextManager[Any]:
    """What is in dispute lapses as what is not."""
    return patch.object(lapsing, "_disputes", lambda _tranche: Dispute.objects.none())


def recovered_for_the_seller() -> AbstractContextManager[Any]:
    """What comes in on what was given up is the seller's."""

    def shares(_tranche: Tranche, *, amount: Decimal, owed: Decimal) -> waterfall.Shares:
        return waterfall.for_the_seller(amount, owed=owed)

    return patch.object(collecting, "recovered_shares", shares)


OF_ADVANCES: Final[dict[str, Mutant]] = {
    "the limit of what is advanced before acceptance is not read": sub_limit_unread,
    "what a part does not cover is bought with it": uncovered_stays,
    "the financier bears what is credited": credits_unheard,
    "fewer days are earned than the least": least_days_forgotten,
    "what is in dispute lapses": disputes_unheard,
    "the discount of days that never come is owed back": never_rebated,
    "what is in dispute is financed": unchecked(financing, "require_undisputed"),
    "what is promised on the whole is divided": unchecked(financing, "require_divisible"),
    "what is taken out of the plan stays advanced": plan_unheard,
    "less is accepted than was advanced on": shortfall_stays,
    "what was given up is recovered for the seller": recovered_for_the_seller,
}
"""Each with its walk in :mod:`tests.engines.walks_ahead`."""

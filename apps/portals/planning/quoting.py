"""What a facility would pay the seller at signature for each plan, on its usual terms: indicative, never an offer.

What would be refused when it is asked for is not quoted, and the page says why.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, auto

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.contracts.models import ContractVersion
from apps.contracts.rules import Agreed, Expected, withholds
from apps.core.errors import Refused
from apps.financing.models import Facility
from apps.financing.rules import LineTerms, Price
from apps.financing.rules.price import LONGEST_TERM, price, totals
from apps.financing.rules.xirr import xirr
from apps.invoicing import services as invoicing
from apps.parties.actor import Actor
from apps.portals.planning.comparing import ComparedPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What would be paid out at once for the milestones of a plan before they are accepted, and what that costs.

    ``face`` is what their invoices come to with tax. ``lines`` of ``milestones`` find room in the facility; ``left``
    says why the others do not. ``rate`` is XIRR in percent a year.
    """

    facility: Facility
    lines: int
    milestones: int
    face: Decimal
    net: Decimal
    cost: Decimal
    rate: Decimal | None
    left: Sequence[str]


class Left(Enum):
    """Why a milestone is not advanced on, in the order in which the page says it."""

    RETAINED = auto()
    WITHOUT_CRITERIA = auto()
    WITHOUT_DATE = auto()
    OVER = auto()
    TOO_LATE = auto()
    WITHOUT_ROOM = auto()
    TOO_SMALL = auto()


def facilities_of(actor: Actor, version: ContractVersion) -> list[Facility]:
    """The live facilities of the seller in the contract's currency."""
    mine = Facility.objects.visible_to(actor).live().filter(seller_id=version.contract.seller_id)
    return list(mine.filter(currency=version.currency).select_related("financier").order_by("pk"))


def why_nothing(plan: ComparedPlan, *, version: ContractVersion) -> str:
    """Why no facility whatever could advance anything on a plan; empty where one could."""
    if not version.is_assignable:
        return _("Nothing: the contract does not allow its receivables to be assigned.")
    if version.is_by_application:
        return _("Nothing: invoices follow applications for payment, and only those of one milestone are advanced on.")
    if withholds(version.retention, own_rate=None):
        return _("Nothing: a part of each invoice is kept back as retention, so nobody knows how much will be payable.")
    if any(line.due is not None and line.due.recovery is not None for line in plan.lines):
        return _("Nothing: invoices of this plan give a deposit back, so nobody knows how much will be payable.")
    if not _milestones_of(plan):
        return _("Nothing: this plan has no milestone, and only milestones are advanced on.")
    return ""


def quotes_of(
    plan: ComparedPlan, *, version: ContractVersion, facilities: Sequence[Facility], funding_on: date
) -> list[Quote]:
    """What each facility would give for a plan of which :func:`why_nothing` says nothing."""
    return [_quote(plan, version=version, facility=facility, funding_on=funding_on) for facility in facilities]


def _longest(facility: Facility) -> int:
    return min(facility.pre_longest_days, LONGEST_TERM)


def _milestones_of(plan: ComparedPlan) -> list[Expected]:
    return [one for one in plan.cash if one.criteria is not None]


def _quote(plan: ComparedPlan, *, version: ContractVersion, facility: Facility, funding_on: date) -> Quote:
    ahead = _milestones_of(plan)
    room = min(
        facility.limit * facility.pre_limit_rate / 100 - facility.advanced_pre, facility.limit - facility.advanced
    )
    priced: list[tuple[date, Price]] = []
    left: Counter[Left] = Counter()
    for one in ahead:
        found = _priced(one, version=version, facility=facility, funding_on=funding_on)
        if isinstance(found, Left):
            left[found] += 1
        elif found.gross > room:
            left[Left.WITHOUT_ROOM] += 1
        elif one.on is not None:
            room -= found.gross
            priced.append((one.on, found))
    whole = totals([found for _on, found in priced])
    return Quote(
        facility=facility,
        lines=len(priced),
        milestones=len(ahead),
        face=whole.face,
        net=whole.net,
        cost=whole.discount + whole.fee,
        rate=xirr([(funding_on, whole.net), *((on, -found.gross) for on, found in priced)]) if priced else None,
        left=_said(left, most=_longest(facility)),
    )


def _priced(one: Expected, *, version: ContractVersion, facility: Facility, funding_on: date) -> Price | Left:
    """The price of the advance on one milestone, or why there is none."""
    left = _left(one, version=version, funding_on=funding_on, longest=_longest(facility))
    if left is not None or one.on is None:
        return left or Left.WITHOUT_DATE
    face = invoicing.total_to_bill(one.amount, agreed=Agreed(version, one.own), currency=version.currency)
    try:
        return price(
            face=face,
            eligible=face,
            currency=version.currency,
            terms=LineTerms(
                advance_rate=facility.pre_advance_rate,
                annual_rate=facility.pre_annual_rate,
                fee_rate=facility.pre_fee_rate,
                expected_on=one.on,
            ),
            funding_on=funding_on,
            least_fee_days=facility.least_fee_days,
        )
    except Refused:
        return Left.TOO_SMALL


def _left(one: Expected, *, version: ContractVersion, funding_on: date, longest: int) -> Left | None:
    """What leaves a milestone out, whatever it comes to."""
    if withholds(version.retention, own_rate=one.own.retention_rate):
        return Left.RETAINED
    if not one.criteria:
        return Left.WITHOUT_CRITERIA
    if one.on is None:
        return Left.WITHOUT_DATE
    if one.on <= funding_on:
        return Left.OVER
    return Left.TOO_LATE if (one.on - funding_on).days > longest else None


def _said(left: Mapping[Left, int], *, most: int) -> list[str]:
    """Each reason once, with the number of milestones that it holds for."""
    return [_reason(why, left[why], most=most) for why in Left if left.get(why)]


def _reason(why: Left, count: int, *, most: int) -> str:
    texts = {
        Left.RETAINED: ngettext(
            "a part of %(count)s is kept back as retention", "parts of %(count)s are kept back as retention", count
        ),
        Left.WITHOUT_CRITERIA: ngettext("%(count)s has no criteria", "%(count)s have no criteria", count),
        Left.WITHOUT_DATE: ngettext("%(count)s has no planned date", "%(count)s have no planned date", count),
        Left.OVER: ngettext(
            "%(count)s is expected to be paid by today", "%(count)s are expected to be paid by today", count
        ),
        Left.TOO_LATE: ngettext(
            "%(count)s is paid later than the facility's %(most)s days",
            "%(count)s are paid later than the facility's %(most)s days",
            count,
        ),
        Left.WITHOUT_ROOM: ngettext(
            "%(count)s finds no room under the facility's limit",
            "%(count)s find no room under the facility's limit",
            count,
        ),
        Left.TOO_SMALL: ngettext(
            "%(count)s is less than its discount and fee", "%(count)s are less than their discounts and fees", count
        ),
    }
    return texts[why] % {"count": count, "most": most}

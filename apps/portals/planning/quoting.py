"""What a facility would pay the seller at signature for each plan, on its usual terms: indicative, never an offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.contracts.models import ContractVersion
from apps.contracts.rules import Agreed, Expected
from apps.core import money
from apps.core.errors import Refused
from apps.financing.models import Facility
from apps.financing.rules import LineTerms, Price
from apps.financing.rules.price import price, totals
from apps.financing.rules.xirr import xirr
from apps.invoicing import rules as invoicing
from apps.parties.actor import Actor
from apps.portals.planning.comparing import ComparedPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What would be paid out at once for the milestones of a plan before they are accepted, and what that costs.

    ``face`` is what their invoices come to with tax. ``lines`` of ``milestones`` find room in the facility; ``rate`` is
    XIRR in percent a year.
    """

    facility: Facility
    lines: int
    milestones: int
    face: Decimal
    net: Decimal
    cost: Decimal
    rate: Decimal | None


def facilities_of(actor: Actor, version: ContractVersion) -> list[Facility]:
    """The live facilities of the seller in the contract's currency; none where nothing may be assigned."""
    if not version.is_assignable or version.retention is not None:
        return []
    mine = Facility.objects.visible_to(actor).live().filter(seller_id=version.contract.seller_id)
    return list(mine.filter(currency=version.currency).select_related("financier").order_by("pk"))


def quotes_of(
    plan: ComparedPlan, *, version: ContractVersion, facilities: Sequence[Facility], funding_on: date
) -> list[Quote]:
    """What each facility would give for a plan; a plan without milestones has nothing that is advanced on."""
    return [
        found
        for facility in facilities
        if (found := _quote(plan, version=version, facility=facility, funding_on=funding_on)) is not None
    ]


def _quote(plan: ComparedPlan, *, version: ContractVersion, facility: Facility, funding_on: date) -> Quote | None:
    ahead = [one for one in plan.cash if one.done_on is not None and one.on is not None]
    room = min(
        facility.limit * facility.pre_limit_rate / 100 - facility.advanced_pre, facility.limit - facility.advanced
    )
    priced: list[tuple[date, Price]] = []
    for one in ahead:
        assert one.on is not None  # noqa: S101  (narrows the type)
        if (one.on - funding_on).days > facility.pre_longest_days:
            continue
        face = _gross(one, version)
        try:
            found = price(
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
            continue
        if found.gross <= room:
            room -= found.gross
            priced.append((one.on, found))
    if not priced:
        return None
    whole = totals([found for _on, found in priced])
    return Quote(
        facility=facility,
        lines=len(priced),
        milestones=len(ahead),
        face=whole.face,
        net=whole.net,
        cost=whole.discount + whole.fee,
        rate=xirr([(funding_on, whole.net), *((on, -found.gross) for on, found in priced)]),
    )


def _gross(one: Expected, version: ContractVersion) -> Decimal:
    agreed = Agreed(version, one.own)
    taxed = invoicing.TaxedAmount(one.amount, agreed.tax_category, agreed.tax_rate)
    return money.half_up(
        invoicing.totals(invoicing.tax_breakdown([taxed], currency=version.currency)).gross,
        version.currency,
    )

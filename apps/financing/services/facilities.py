"""Facilities: how much a financier is ready to advance to a seller, and how much of that is left."""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from apps.audit import services as audit
from apps.core import money
from apps.core.errors import NotAllowed, Refused
from apps.financing.models import Facility, Tranche
from apps.financing.models.tranche import TrancheState
from apps.financing.rules.price import rate_refused
from apps.financing.services.record import person
from apps.ledger import services as ledger
from apps.milestones.models.milestone import MilestoneState
from apps.parties import services as parties
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action

LONGEST_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityTerms:
    """The limit and the usual terms of a facility's offers. Rates in percent, per year of 360 days where yearly.

    Those with ``pre`` are for milestones before their acceptance; ``pre_limit_rate`` is the part of the limit that may
    be out on them.
    """

    currency: str
    limit: Decimal
    advance_rate: Decimal = Decimal(85)
    annual_rate: Decimal = Decimal(12)
    fee_rate: Decimal = Decimal(0)
    pre_limit_rate: Decimal = Decimal(30)
    pre_advance_rate: Decimal = Decimal(50)
    pre_annual_rate: Decimal = Decimal(18)
    pre_fee_rate: Decimal = Decimal(0)
    pre_longest_days: int = 180
    late_rate: Decimal = Decimal(12)
    grace_days: int = 5
    least_fee_days: int = 15
    concentration_rate: Decimal = Decimal(100)
    """The most of the book that one buyer may owe, before a second person has to waive it."""


def open_facility(*, actor: Actor, seller_ref: str, terms: FacilityTerms, at: datetime) -> Facility:
    """Open a facility for a seller, known by its reference, and the financier's book in that currency."""
    actor.require(Action.MANAGE_FACILITY)
    if not actor.speaks_for_financier:
        raise NotAllowed("Only a financier opens facilities.")
    refuse_impossible(terms)
    seller = _seller(seller_ref)
    if seller.pk == actor.organisation_id:
        raise Refused("A financier does not finance itself.", field="seller_ref")
    if seller.is_financier:
        raise Refused("{name} is a financier, not a seller.", field="seller_ref", name=seller.legal_name)
    # Two people of the financier may open it at the same moment: the second one is told of the first one's.
    parties.lock(organisation_id=actor.organisation_id)
    same = Facility.objects.live().filter(financier_id=actor.organisation_id, seller=seller, currency=terms.currency)
    if same.exists():
        raise Refused(
            "{name} already has a facility in {currency}.",
            field="seller_ref",
            name=seller.legal_name,
            currency=terms.currency,
        )
    facility = Facility.objects.create(
        financier_id=actor.organisation_id,
        seller=seller,
        **asdict(terms),
        opened_by_id=person(actor),
        opened_at=at,
    )
    ledger.open_book(organisation_id=actor.organisation_id, currency=terms.currency, purpose=ledger.Purpose.FINANCIER)
    audit.record(
        chain=f"organisation:{facility.financier.ref}",
        parties=(facility.financier_id,),
        verb="facility.opened",
        subject=f"facility:{facility.ref}",
        actor=actor,
        at=at,
        seller=seller.ref,
        terms=terms,
    )
    return facility


def headroom(facility: Facility) -> Decimal:
    """What can still be advanced: the limit less what is out and what is accepted and waits for its funding."""
    waiting = Tranche.objects.filter(facility=facility, state=TrancheState.ACCEPTED).values_list("gross", flat=True)
    return max(money.ZERO, facility.limit - facility.advanced - money.total(waiting))


def pre_headroom(facility: Facility) -> Decimal:
    """What can still be advanced before acceptance, within that part of the limit."""
    waiting = Tranche.objects.filter(facility=facility, state=TrancheState.ACCEPTED).exclude(
        milestone__state=MilestoneState.ACCEPTED
    )
    promised = money.total(waiting.values_list("gross", flat=True))
    return max(money.ZERO, facility.pre_limit - facility.advanced_pre - promised)


def require_headroom(facility: Facility, *, advance: Decimal, before_acceptance: Decimal = money.ZERO) -> None:
    """Refuse an advance that the limit does not hold, and say what is left; ``before_acceptance`` is its part of B."""
    left = headroom(facility)
    if advance > left:
        raise Refused(
            "This advance would be {advance}, and the facility has {headroom} left of its limit of {limit}.",
            advance=str(money.Money(advance, facility.currency)),
            headroom=str(money.Money(left, facility.currency)),
            limit=str(money.Money(facility.limit, facility.currency)),
        )
    if before_acceptance and before_acceptance > (left := pre_headroom(facility)):
        raise Refused(
            "Before acceptance this advance would be {advance}, and the facility has {headroom} left of the {limit}"
            " that it advances on milestones that are not accepted.",
            advance=str(money.Money(before_acceptance, facility.currency)),
            headroom=str(money.Money(left, facility.currency)),
            limit=str(money.Money(facility.pre_limit, facility.currency)),
        )


def _seller(ref: str) -> Organisation:
    """Who knows an organisation's reference may read its row, while it is being looked up."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.token', %s, true)", [ref])
        seller = Organisation.objects.filter(ref=ref).first()
        cursor.execute("SELECT set_config('app.token', '', true)")
    if seller is None:
        raise Refused("No organisation has this reference. Ask the seller for it.", field="seller_ref")
    return seller


def refuse_impossible(terms: FacilityTerms) -> None:
    """Refuse terms that no facility can have, at the field that is wrong."""
    if terms.currency not in money.currencies():
        raise Refused("Choose a currency.", field="currency")
    money.payable(terms.limit, terms.currency, field="limit")
    if rate_refused(terms.advance_rate) or terms.advance_rate == 0:
        raise Refused(
            "Enter an advance rate above 0 and up to 100 percent, with at most 3 decimals.", field="advance_rate"
        )
    if rate_refused(terms.pre_advance_rate) or terms.pre_advance_rate == 0:
        raise Refused(
            "Enter an advance rate above 0 and up to 100 percent, with at most 3 decimals.", field="pre_advance_rate"
        )
    if rate_refused(terms.concentration_rate) or terms.concentration_rate == 0:
        raise Refused(
            "Enter a share above 0 and up to 100 percent, with at most 3 decimals.", field="concentration_rate"
        )
    for field in ("annual_rate", "fee_rate", "late_rate", "pre_limit_rate", "pre_annual_rate", "pre_fee_rate"):
        if rate_refused(getattr(terms, field)):
            raise Refused("Enter a rate between 0 and 100 percent, with at most 3 decimals.", field=field)
    for field in ("grace_days", "least_fee_days", "pre_longest_days"):
        if not 0 <= getattr(terms, field) <= LONGEST_DAYS:
            raise Refused("Enter between 0 and {most} days.", field=field, most=LONGEST_DAYS)

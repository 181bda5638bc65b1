"""An invoice that its seller sold: the notice of assignment waits for the buyer."""

from datetime import date, timedelta
from decimal import Decimal

from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.financing.models import Assignment, Offer
from apps.financing.rules import LineTerms, OfferTerms
from apps.financing.services import FacilityTerms
from apps.invoicing.models import Invoice
from apps.milestones.models import Milestone
from apps.workflows import funding
from tests import scenarios
from tests.scenarios import Parties, acting, key, member


def invoiced(contract: Contract, *, position: int = 1) -> Invoice:
    """The invoice of an accepted milestone."""
    milestone = scenarios.accepted_milestone(contract, position=position)
    with walls.asking_for(contract.seller_id):
        return Invoice.objects.select_related("open_item", "milestone").get(milestone=milestone)


def assigned(parties: Parties, invoice: Invoice) -> Assignment:
    """Asked for, priced, approved, accepted: assigned to the financier, and not acknowledged yet."""
    return pledged(parties, scenarios.milestone_billed(invoice), expected_on=invoice.due_on)


def pledged(parties: Parties, milestone: Milestone, *, expected_on: date | None = None) -> Assignment:
    """The same of any milestone, accepted or not."""
    today = clock.today("Europe/Berlin")
    when = expected_on or today + timedelta(days=60)
    line = LineTerms(advance_rate=Decimal(85), annual_rate=Decimal(12), fee_rate=Decimal(0), expected_on=when)
    terms = OfferTerms(funding_on=today + timedelta(days=2), lines=(line,))
    facility = FacilityTerms(currency="EUR", limit=Decimal(500_000))
    with acting(member(parties, "financier")) as actor:
        facility_ref = funding.open_facility(actor=actor, key=key(), seller_ref=parties.seller.ref, terms=facility)[
            "facility"
        ]
    with acting(member(parties, "billing")) as actor:
        request_ref = funding.request_funding(
            actor=actor, key=key(), milestone_refs=[milestone.ref], facility_ref=facility_ref
        )["request"]
    with acting(member(parties, "analyst")) as actor:
        offer_ref = funding.price_offer(actor=actor, key=key(), request_ref=request_ref, terms=terms)["offer"]
    with acting(member(parties, "underwriter")) as actor:
        funding.approve_offer(actor=actor, key=key(), offer_ref=offer_ref)
    with acting(scenarios.seller_actor(parties)) as actor:
        seen = Offer.objects.get(ref=offer_ref).disclosure_sha256
        funding.accept_offer(actor=actor, key=key(), offer_ref=offer_ref, seen=seen)
        return Assignment.objects.select_related("milestone__invoice").get(milestone=milestone)

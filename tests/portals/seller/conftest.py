"""Browsers of the seller's people and of others, and the states of financing that their pages show."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from apps.core import clock
from apps.financing import services as financing
from apps.financing.models import Assignment, BuyerVerification, Facility, FundingRequest, Offer, Tranche
from apps.financing.rules import LineTerms, OfferTerms
from apps.financing.services import FacilityTerms
from apps.milestones.models import Milestone
from apps.workflows import funding, underwriting
from tests import scenarios
from tests.scenarios import Parties, acting, key, member

SignIn = Callable[..., Client]


@pytest.fixture
def strangers(db: None, parties: Parties) -> Parties:
    """Another seller with another buyer, of whom the first must never hear."""
    return scenarios.organisations("Foreign")


@pytest.fixture
def signed_in(db: None, parties: Parties) -> SignIn:
    """A browser in which somebody of the story has signed in, by role."""

    def sign_in(role: str = "seller", *, of: Parties | None = None) -> Client:
        client = Client()
        client.force_login((of or parties).people[role].user)
        return client

    return sign_in


@pytest.fixture
def seller(signed_in: SignIn) -> Client:
    """The browser of the seller's owner."""
    return signed_in("seller")


def hidden(response: Any, form: str = "form") -> dict[str, str]:
    """The one-time key and the hash of a page's form, as a browser would send them back."""
    shown = response.context.get("again") or response.context[form]
    return {name: str(shown[name].value()) for name in ("key", "seen") if name in shown.fields}


def content_of(response: Any) -> bytes:
    """The bytes of a download, all of them; reading to the end closes the file."""
    return b"".join(response.streaming_content)


def opened_facility(parties: Parties, *, limit: str = "500000") -> str:
    uli = member(parties, "financier")
    with acting(uli):
        answer = funding.open_facility(
            actor=uli,
            key=key(),
            seller_ref=parties.seller.ref,
            terms=FacilityTerms(currency="EUR", limit=Decimal(limit), fee_rate=Decimal("0.5")),
        )
    return answer["facility"]


def requested_funding(parties: Parties, milestone: Milestone, facility: str) -> str:
    bilge = member(parties, "billing")
    with acting(bilge):
        return funding.request_funding(actor=bilge, key=key(), milestone_refs=[milestone.ref], facility_ref=facility)[
            "request"
        ]


def priced_offer(parties: Parties, milestone: Milestone, facility: str) -> str:
    """12 % for 30 days on 85 % of the invoice, waiting for a second person."""
    request = requested_funding(parties, milestone, facility)
    ana = scenarios.analyst(parties)
    today = clock.today("Europe/Berlin")
    line = LineTerms(
        advance_rate=Decimal(85),
        annual_rate=Decimal(12),
        fee_rate=Decimal("0.5"),
        expected_on=today + timedelta(days=30),
    )
    terms = OfferTerms(funding_on=today, lines=(line,))
    with acting(ana):
        return funding.price_offer(actor=ana, key=key(), request_ref=request, terms=terms)["offer"]


def issued_offer(parties: Parties, milestone: Milestone, facility: str) -> Offer:
    """The same, approved: the seller may answer it."""
    offer = priced_offer(parties, milestone, facility)
    udo = scenarios.underwriter(parties)
    with acting(udo):
        funding.approve_offer(actor=udo, key=key(), offer_ref=offer)
        if not BuyerVerification.objects.live().exists():
            underwriting.verify_buyer(actor=udo, key=key(), buyer_ref=parties.buyer.ref, checked="Register extract.")
        return Offer.objects.select_related("request").get(ref=offer)


def offered_as_one(parties: Parties, request: FundingRequest) -> Offer:
    """One offer on every milestone of a request, on the facility's usual terms; the seller may answer it."""
    ana, udo, today = scenarios.analyst(parties), scenarios.underwriter(parties), clock.today("Europe/Berlin")
    with acting(ana):
        facility = Facility.objects.get()
        milestones = Milestone.objects.filter(funding_items__request=request).order_by("position")
        # The plan of the story lies far ahead: everything is expected within the longest days.
        lines = [
            financing.usual_terms(facility=facility, milestone=one, expected_on=today + timedelta(days=30 * at))
            for at, one in enumerate(milestones, start=1)
        ]
        terms = OfferTerms(funding_on=today, lines=tuple(lines))
        offer = funding.price_offer(actor=ana, key=key(), request_ref=request.ref, terms=terms)["offer"]
    with acting(udo):
        funding.approve_offer(actor=udo, key=key(), offer_ref=offer)
        return Offer.objects.get(ref=offer)


def accepted_offer(parties: Parties, milestone: Milestone, facility: str) -> Tranche:
    offer = issued_offer(parties, milestone, facility)
    sina = scenarios.seller_actor(parties)
    with acting(sina):
        answer = funding.accept_offer(actor=sina, key=key(), offer_ref=offer.ref, seen=offer.disclosure_sha256)
        return Tranche.objects.select_related("milestone__invoice").get(ref=answer["tranche"])


def settled_tranche(parties: Parties, milestone: Milestone, facility: str) -> Tranche:
    """Funded, paid by the buyer in full, and the reserve paid out."""
    tranche = accepted_offer(parties, milestone, facility)
    finish(parties, tranche)
    return tranche


def fund(parties: Parties, tranche: Tranche) -> None:
    """The buyer acknowledges, and treasury pays the advance today."""
    tea, olga = scenarios.treasury(parties), scenarios.buyer_actor(parties)
    with acting(olga):
        assignment = Assignment.objects.get(milestone_id=tranche.milestone_id)
        funding.acknowledge_assignment(
            actor=olga, key=key(), assignment_ref=assignment.ref, seen=assignment.notice_sha256
        )
    with acting(tea):
        funding.fund_tranche(
            actor=tea,
            key=key(),
            tranche_ref=tranche.ref,
            value_on=clock.today("Europe/Berlin"),
            bank_reference=f"OUT-{tranche.ref}",
        )


def finish(parties: Parties, tranche: Tranche) -> None:
    """Fund, collect in full and pay out the reserve, all today."""
    fund(parties, tranche)
    tea = scenarios.treasury(parties)
    today: date = clock.today("Europe/Berlin")
    with acting(tea):
        funding.collect_payment(
            actor=tea,
            key=key(),
            tranche_ref=tranche.ref,
            amount=tranche.face,
            received_on=today,
            bank_reference=f"IN-{tranche.ref}",
        )
        funding.pay_reserve(
            actor=tea, key=key(), tranche_ref=tranche.ref, value_on=today, bank_reference=f"RES-{tranche.ref}"
        )

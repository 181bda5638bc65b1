"""The page of a sign-off under each meaning of silence: what it says will happen, when, and what it says afterwards."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.urls import reverse

from apps.contracts.drafts import LineTerms
from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.milestones.models import Submission
from apps.milestones.models.submission import Proof
from apps.parties.actor import Actor
from apps.portals import formats
from apps.workflows import notices, reviews
from tests import scenarios
from tests.browser.visitors import House
from tests.scenarios import Parties

MEANINGS = ("accepted", "rejected", "escalates", "interest")
WAITS = "Nothing is decided, and the buyer can still decide."
BEFORE = {
    "accepted": "the milestone counts as accepted and is billed as agreed.",
    "rejected": "the milestone counts as not accepted, and the seller may submit it again.",
    "escalates": "nothing is decided: the milestone waits, and the seller is told.",
    "interest": "interest for late payment counts as if it had been accepted then.",
}
AFTER = {
    "accepted": ("accepted by lapse of the review period", "INV-"),
    "rejected": ("Not accepted by lapse of the review period", "the seller may submit it again"),
    "escalates": ("The review ended", "without an answer", WAITS),
    "interest": ("The review ended", WAITS, "interest for late payment counts as if it had been accepted then"),
}


def _contract(parties: Parties, now: datetime) -> Contract:
    """Two milestones for each meaning: one whose review runs, one whose review is over."""
    lines = tuple(
        replace(
            scenarios.line(f"{when} {meaning}", 1),
            basis="amount",
            percent=None,
            amount=Decimal(1_000),
            own=LineTerms(silence=meaning),
        )
        for when in ("Runs", "Ended")
        for meaning in MEANINGS
    )
    draft = scenarios.software_draft(parties, price=Decimal(8_000), lines=lines)
    return scenarios.active_contract(parties, draft=draft, at=now - timedelta(days=60))


def _submitted(contract: Contract, place: int, at: datetime) -> Submission:
    submission = scenarios.submitted_milestone(contract, position=place, at=at)
    with clock.stopped(at), walls.asking_for(contract.buyer_id):
        actor = Actor.system(organisation_id=contract.buyer_id)
        notices.note_delivery(actor=actor, submission_ref=submission.ref, proof=Proof.MAIL, at=at)
        submission.refresh_from_db(fields=["review_due_at", "review_zone"])
    return submission


def test_the_page_says_what_silence_will_do_and_what_it_did(house: House) -> None:
    now = clock.now()
    with clock.stopped(now - timedelta(days=90)):
        parties = scenarios.organisations()
    contract = _contract(parties, now)
    sent = [
        _submitted(contract, place, now - timedelta(days=3 if place <= len(MEANINGS) else 40))
        for place in range(1, 2 * len(MEANINGS) + 1)
    ]
    for review in reviews.due(at=now, contract_refs=[contract.ref]):
        reviews.tend(submission_ref=review.submission_ref, seller_id=review.seller_id, what=review.what, due=review.due)
    buyer, seller = house.signed_in(parties.people["approver"].user), house.signed_in(parties.people["seller"].user)
    for submission, meaning in zip(sent, MEANINGS * 2, strict=True):
        milestone = submission.milestone
        is_over = milestone.position > len(MEANINGS)
        assert submission.review_due_at is not None
        buyer.open(reverse("buyer:milestone", args=[milestone.ref]))
        due = formats.instant(submission.review_due_at, "Europe/Berlin")
        if is_over:
            buyer.sees(*AFTER[meaning])
        else:
            buyer.sees(f"If the buyer says nothing by {due} (Berlin)", BEFORE[meaning])
        is_open = not is_over or meaning in ("escalates", "interest")
        assert buyer.page.get_by_role("link", name="Request changes").count() == is_open
        if is_open:
            seller.open(reverse("seller:milestone", args=[milestone.ref]))
            seller.sees(WAITS if is_over else BEFORE[meaning])

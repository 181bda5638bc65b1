"""Change orders of who signs off and of the calendar, tried as a seller would who wants to be his own buyer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apps.contracts import services as contracts
from apps.contracts.drafts import ChangeDraft, ChangedTerms
from apps.contracts.models import Contract, GuestGrant
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.milestones.models import Submission
from apps.parties.actor import Actor
from apps.portals.changing.terms import TermsForm
from apps.workflows import sign_off
from apps.workflows.once import Answer
from tests import change_orders, scenarios
from tests.scenarios import Parties, acting, key

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
HEIN, INA = "hein@hafen.example", "ina@hafen.example"
TO_INA = ChangedTerms(signatory_name="Ina Insel", signatory_email=INA)


@pytest.fixture
def contract(parties: Parties) -> Contract:
    """With a buyer that nobody has claimed: Hein signs and signs off by personal link."""
    buyer = scenarios.named_buyer(parties)
    draft = scenarios.software_draft(parties, buyer_ref=buyer.ref, signatory_name="Hein Hafen", signatory_email=HEIN)
    return scenarios.active_contract(parties, draft=draft, at=NOON)


def proposed(parties: Parties, contract: Contract, terms: ChangedTerms) -> Answer:
    draft = ChangeDraft("Another hand", "Hein retires.", terms=terms)
    return change_orders.propose(contract, draft, by=scenarios.seller_actor(parties), at=NOON)


def links(contract: Contract, purpose: str) -> list[GuestGrant]:
    with walls.asking_for(contract.seller_id):
        return list(GuestGrant.objects.filter(contract=contract, purpose=purpose).order_by("pk"))


def accepted(submission: Submission, *, by: Actor) -> Answer:
    with acting(by, at=NOON + timedelta(hours=1)):
        return sign_off.accept_milestone(actor=by, key=key(), submission_ref=submission.ref, seen=submission.sha256)


def test_who_signed_off_signs_the_change_and_what_waits_goes_to_the_new_hand(
    parties: Parties, contract: Contract
) -> None:
    submission = scenarios.submitted_milestone(contract, at=NOON)
    hein = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    answer = proposed(parties, contract, TO_INA)
    to_sign = links(contract, "sign_contract")[-1]
    assert (to_sign.subject_ref, to_sign.email) == (answer["version"], HEIN)
    change_orders.sign(answer, by=scenarios.guest_actor(to_sign), at=NOON)
    before, after = links(contract, "sign_off")
    assert (before.email, before.revoked_at, after.email, after.revoked_at) == (HEIN, NOON, INA, None)
    assert after.subject_ref == submission.ref
    with pytest.raises(NotAllowed):
        accepted(submission, by=hein)
    assert "invoice" in accepted(submission, by=scenarios.guest_actor(after))


def test_a_link_to_the_new_hand_signs_no_change_that_would_name_it(parties: Parties, contract: Contract) -> None:
    answer = proposed(parties, contract, TO_INA)
    with walls.asking_for(contract.seller_id):
        link = links(contract, "sign_contract")[-1]
    forged = scenarios.guest_actor(link)
    object.__setattr__(forged, "email", INA)
    with pytest.raises(NotAllowed):
        change_orders.sign(answer, by=forged, at=NOON)


@pytest.mark.parametrize("mailbox", ["dario@nordlicht.example", "anybody@nordlicht.example"])
def test_nobody_of_the_seller_becomes_the_signatory(parties: Parties, contract: Contract, mailbox: str) -> None:
    with pytest.raises(Refused):
        proposed(parties, contract, ChangedTerms(signatory_name="Dario", signatory_email=mailbox))


def test_of_a_buyer_with_an_owner_only_its_own_people_become_it(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=NOON)
    with pytest.raises(Refused, match="has an owner here"):
        proposed(parties, contract, TO_INA)


def test_the_calendar_changes_from_then_on_and_nothing_else_is_named(parties: Parties, contract: Contract) -> None:
    terms = ChangedTerms(review_unit="working", review_country="DE", review_subdivision="BY", review_days=12)
    answer = proposed(parties, contract, terms)
    change_orders.sign(answer, by=scenarios.guest_actor(links(contract, "sign_contract")[-1]), at=NOON)
    with walls.asking_for(contract.seller_id):
        version = Contract.objects.select_related("active_version__contract__buyer").get(pk=contract.pk).active_version
        assert version is not None
        said = {one["term"] for one in contracts.terms_moved(version)}
        review = contracts.review_terms(version)
    assert said == {"review_unit", "review_subdivision", "review_days"}
    assert (review.unit, review.country, review.subdivision, review.days) == ("working", "DE", "BY", 12)
    with pytest.raises(Refused):
        proposed(parties, contract, ChangedTerms(review_subdivision="ZZ"))


def test_an_empty_calendar_is_offered_only_where_it_is_how_the_contract_stands(parties: Parties) -> None:
    """Chosen elsewhere it would say nothing, and the change would leave the calendar as it is."""
    stands = scenarios.software_draft(parties, review_country="AT", review_time_zone="Europe/Vienna")
    names = ("review_country", "review_time_zone")
    for draft, is_there in ((stands, False), (replace(stands, review_country="", review_time_zone=""), True)):
        form = TermsForm(None, stands=draft)
        assert [("" in dict(form.fields[name].choices)) for name in names] == [is_there] * 2  # type: ignore[attr-defined]

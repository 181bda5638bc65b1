"""Who left the seller lately does not decide for a buyer of whom only the seller says who it is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.parties import services as parties_services
from apps.parties.models import Membership, Organisation
from apps.parties.services.members import join
from apps.workflows import sign_off, team
from tests import scenarios
from tests.scenarios import BROWSER, Parties, acting, key

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DORA = "dora.delgado@gmx.de"
"""A mailbox of a provider that strangers share: nothing about it says whose it is."""


@pytest.fixture
def parties(db: None) -> Parties:
    with clock.stopped(NOON - 500 * DAY):
        return scenarios.organisations()


def joined(organisation: Organisation, *, role: str, at: datetime) -> Membership:
    user = parties_services.enrol(email=DORA, name="Dora Delgado")
    with walls.asking_for(organisation.pk), transaction.atomic():
        return join(user=user, organisation=organisation, roles={role}, at=at)


def leaves(membership: Membership, *, at: datetime) -> None:
    with acting(scenarios.actor_of(membership), at=at) as dora:
        team.end_membership(actor=dora, key=key(), membership_ref=membership.ref)


def contract_with_dora(parties: Parties, *, at: datetime, buyer: Organisation | None = None) -> Contract:
    buyer = buyer or scenarios.named_buyer(parties)
    draft = scenarios.software_draft(
        parties, buyer_ref=buyer.ref, signatory_name="Dora Delgado", signatory_email="Dora.Delgado@gmx.de"
    )
    return scenarios.active_contract(parties, draft=draft, at=at)


@pytest.mark.parametrize("days", [0, 100, 364])
def test_who_left_lately_is_not_named_as_signatory(parties: Parties, days: int) -> None:
    dora = joined(parties.seller, role="delivery", at=NOON - 400 * DAY)
    leaves(dora, at=NOON - days * DAY)
    with pytest.raises(Refused, match="belongs to the seller"):
        contract_with_dora(parties, at=NOON)


def test_who_left_long_ago_is(parties: Parties) -> None:
    leaves(joined(parties.seller, role="delivery", at=NOON - 400 * DAY), at=NOON - 366 * DAY)
    submission = scenarios.submitted_milestone(contract_with_dora(parties, at=NOON), at=NOON)
    with acting(scenarios.guest_actor(scenarios.link_to_sign_off(submission)), at=NOON) as dora:
        answer = sign_off.accept_milestone(actor=dora, key=key(), submission_ref=submission.ref, seen=submission.sha256)
    assert "invoice" in answer


def test_who_was_of_the_seller_meanwhile_signs_nothing_off_by_its_link(parties: Parties) -> None:
    submission = scenarios.submitted_milestone(contract_with_dora(parties, at=NOON), at=NOON)
    leaves(joined(parties.seller, role="delivery", at=NOON + DAY), at=NOON + 2 * DAY)
    link = scenarios.link_to_sign_off(submission)
    with (
        acting(scenarios.guest_actor(link), at=NOON + 3 * DAY) as dora,
        pytest.raises(Refused, match="belongs to the seller"),
    ):
        sign_off.accept_milestone(actor=dora, key=key(), submission_ref=submission.ref, seen=submission.sha256)


def test_whom_the_owner_of_the_buyer_takes_on_decides_as_a_member(parties: Parties) -> None:
    leaves(joined(parties.seller, role="delivery", at=NOON - 400 * DAY), at=NOON - 10 * DAY)
    membership = joined(parties.buyer, role="approver", at=NOON - 5 * DAY)
    contract = contract_with_dora(parties, at=NOON, buyer=parties.buyer)
    submission = scenarios.submitted_milestone(contract, at=NOON)
    with acting(scenarios.actor_of(membership), at=NOON) as dora:
        answer = sign_off.accept_milestone(actor=dora, key=key(), submission_ref=submission.ref, seen=submission.sha256)
    assert "invoice" in answer


def test_who_was_of_the_seller_meanwhile_does_not_take_the_buyer_over(parties: Parties) -> None:
    buyer = scenarios.named_buyer(parties)
    contract_with_dora(parties, at=NOON, buyer=buyer)
    dora = joined(parties.seller, role="delivery", at=NOON + DAY)
    leaves(dora, at=NOON + 2 * DAY)
    asking = walls.asking_for(user=dora.user.pk)
    with asking, clock.stopped(NOON + 3 * DAY), pytest.raises(NotAllowed, match="or did not long ago"):
        team.claim_organisation(user=dora.user, origin=BROWSER, organisation_ref=buyer.ref)

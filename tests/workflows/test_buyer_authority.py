"""Who signs for a buyer once it has an owner here: whom the owner says, up to the limit that the owner gave."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused, Stale
from apps.parties import services as parties_services
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Role
from apps.parties.services import AccountData, OrganisationData
from apps.workflows import contracting, team
from tests import scenarios
from tests.scenarios import BROWSER, Parties, acting, key

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HANNA = "hanna@hafen.example"


def sign(contract: Contract, *, actor: Actor) -> None:
    with acting(actor):
        version = ContractVersion.objects.get(contract=contract)
        contracting.sign_contract(actor=actor, key=key(), version_ref=version.ref, seen=version.sha256)


def proposed_to(
    buyer: Organisation, parties: Parties, *, number: str, mailbox: str, at: datetime | None = None
) -> Contract:
    draft = scenarios.software_draft(parties, number=number, buyer_ref=buyer.ref, signatory_email=mailbox)
    return scenarios.proposed_contract(parties, draft=draft, at=at)


def limited(parties: Parties, limit: str | None, *, role: str = "approver") -> Actor:
    """The buyer's approver with another limit."""
    with acting(scenarios.buyer_actor(parties)) as olga:
        team.change_member(
            actor=olga,
            key=key(),
            membership_ref=parties.people[role].ref,
            roles=frozenset({Role.APPROVER}),
            approval_limit=None if limit is None else Decimal(limit),
        )
    parties.people[role].approval_limit = None if limit is None else Decimal(limit)
    return scenarios.member(parties, role)


def claim(buyer: Organisation, mailbox: str) -> None:
    user = parties_services.enrol(email=mailbox, name="Hanna Hafen")
    with walls.asking_for(user=user.pk):
        team.claim_organisation(user=user, origin=BROWSER, organisation_ref=buyer.ref)


def test_once_the_buyer_has_an_owner_a_link_to_nobody_of_its_team_signs_nothing(parties: Parties) -> None:
    buyer = scenarios.named_buyer(parties)
    first = proposed_to(buyer, parties, number="NL-1", mailbox="accomplice@gmail.com")
    proposed_to(buyer, parties, number="NL-2", mailbox=HANNA)
    claim(buyer, HANNA)
    guest = scenarios.guest_actor(scenarios.link_to_sign(first))
    with pytest.raises(NotAllowed, match="Hafen Spedition KG has an owner here"):
        sign(first, actor=guest)


def test_a_link_to_the_second_proved_mailbox_of_a_member_signs(parties: Parties) -> None:
    bea = parties.people["approver"].user
    bea.emailaddress_set.create(email="Bea@Berg.example", verified=True)  # type: ignore[attr-defined]
    draft = scenarios.software_draft(parties, signatory_email="bea@berg.example")
    contract = scenarios.active_contract(parties, draft=draft)
    assert contract.state == "active"


def test_a_mailbox_that_nobody_proved_to_read_is_no_members(parties: Parties) -> None:
    bea = parties.people["approver"].user
    bea.emailaddress_set.create(email="bea@berg.example", verified=False)  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="has an owner here"):
        scenarios.proposed_contract(
            parties, draft=scenarios.software_draft(parties, signatory_email="bea@berg.example")
        )


@pytest.mark.parametrize("by_link", [True, False])
def test_nobody_signs_a_contract_above_his_limit(parties: Parties, by_link: bool) -> None:
    contract = scenarios.proposed_contract(parties)
    bea = limited(parties, "39999.99")
    actor = scenarios.guest_actor(scenarios.link_to_sign(contract)) if by_link else bea
    with pytest.raises(NotAllowed, match=r"comes to 40,000.00 EUR; you sign up to 39,999.99 EUR"):
        sign(contract, actor=actor)
    limited(parties, "40000.00")
    sign(contract, actor=actor)


def test_a_limit_in_another_currency_signs_nothing(parties: Parties) -> None:
    with acting(scenarios.seller_actor(parties)) as sina:
        account = AccountData(holder="Nordlicht", currency="USD", account_number="1234567", routing_number="111000025")
        team.set_bank_account(actor=sina, key=key(), account=account)
    contract = scenarios.proposed_contract(parties, draft=scenarios.software_draft(parties, currency="USD"))
    with pytest.raises(NotAllowed, match="Your limit is in EUR, this contract in USD"):
        sign(contract, actor=limited(parties, "90000.00"))


def test_the_currency_stays_while_there_are_limits_in_it(parties: Parties) -> None:
    limited(parties, "5000.00")
    dollars = OrganisationData(legal_name="Meridian Logistik AG", country="DE", currency="USD")
    with acting(scenarios.buyer_actor(parties)) as olga:
        with pytest.raises(Refused, match="Approval limits are in EUR") as refused:
            team.change_organisation(actor=olga, key=key(), data=dollars)
        assert refused.value.field == "currency"
        team.change_organisation(actor=olga, key=key(), data=replace(dollars, currency="EUR"))
    limited(parties, None)
    with acting(scenarios.buyer_actor(parties)) as olga:
        team.change_organisation(actor=olga, key=key(), data=dollars)


def test_who_let_the_link_expire_unused_takes_nothing_over(parties: Parties) -> None:
    buyer = scenarios.named_buyer(parties)
    contract = proposed_to(buyer, parties, number="NL-1", mailbox=HANNA, at=NOON)
    hanna = parties_services.enrol(email=HANNA, name="Hanna Hafen")
    later = NOON + timedelta(days=31)
    with walls.asking_for(user=hanna.pk), clock.stopped(later):
        assert team.claimable_organisations(user=hanna) == []
        with pytest.raises(NotAllowed, match="names you as signatory"):
            team.claim_organisation(user=hanna, origin=BROWSER, organisation_ref=buyer.ref)
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    with acting(guest, at=NOON):
        version = ContractVersion.objects.get(contract=contract)
        contracting.sign_contract(actor=guest, key=key(), version_ref=version.ref, seen=version.sha256)
    with walls.asking_for(user=hanna.pk), clock.stopped(later):
        assert [found.pk for found in team.claimable_organisations(user=hanna)] == [buyer.pk]


def test_a_draft_that_somebody_else_changed_is_not_overwritten_unseen(parties: Parties) -> None:
    contract = scenarios.drafted_contract(parties)
    with acting(scenarios.seller_actor(parties)) as sina:
        seen = contracts.fingerprint(contracts.draft_of(contract))
        theirs = scenarios.software_draft(parties, payment_days=60)
        mine = scenarios.software_draft(parties, payment_days=90)
        contracting.change_draft(actor=sina, key=key(), contract_ref=contract.ref, draft=theirs, seen=seen)
        with pytest.raises(Stale, match="Somebody changed this draft"):
            contracting.change_draft(actor=sina, key=key(), contract_ref=contract.ref, draft=mine, seen=seen)
        assert contracts.draft_of(contract) == theirs
        now = contracts.fingerprint(contracts.draft_of(contract))
        contracting.change_draft(actor=sina, key=key(), contract_ref=contract.ref, draft=mine, seen=now)
        assert contracts.draft_of(contract) == mine

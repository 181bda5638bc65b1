"""From a draft to a contract that both sides signed, and every way in which that is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.audit.models import Chain
from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion, Criterion, GuestGrant, PlanLine, Signature
from apps.core import canonical, clock
from apps.core.errors import IllegalTransition, NotAllowed, Refused, Stale
from apps.milestones.models import Milestone
from apps.parties import services as parties_services
from apps.parties.actor import Actor
from apps.parties.roles import Role
from apps.parties.services.members import join
from apps.workflows import contracting
from tests import scenarios
from tests.scenarios import Parties, acting, key

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def version_of(contract: Contract) -> ContractVersion:
    return ContractVersion.objects.select_related("contract").filter(contract=contract).order_by("-number")[0]


def seen_by_seller(contract: Contract) -> str:
    return contracts.preview(contract)[1]


def sign(contract: Contract, *, actor: Actor) -> dict[str, str]:
    with acting(actor):
        version = version_of(contract)
        return contracting.sign_contract(actor=actor, key=key(), version_ref=version.ref, seen=version.sha256)


def raw(statement: str, *values: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)  # type: ignore[arg-type]
        connection.check_constraints()


# --- drafts ------------------------------------------------------------------------------------------------------


def test_a_draft_holds_what_was_written_and_its_known_amounts(parties: Parties) -> None:
    contract = scenarios.drafted_contract(parties, at=NOON)
    with acting(scenarios.seller_actor(parties)):
        assert contract.state == "draft"
        assert contracts.draft_of(contract) == scenarios.software_draft(parties)
        amounts = [line.amount for line in version_of(contract).lines.all()]
    assert amounts == [Decimal("12000.00"), Decimal("12000.00"), Decimal("16000.00")]


def test_nobody_but_the_seller_sees_a_draft(parties: Parties) -> None:
    contract = scenarios.drafted_contract(parties)
    for role in ("buyer", "approver", "financier"):
        with acting(scenarios.member(parties, role)) as actor:
            assert not Contract.objects.visible_to(actor).filter(pk=contract.pk).exists()
            assert not Contract.objects.filter(pk=contract.pk).exists(), "the second wall alone holds"
            assert not ContractVersion.objects.exists()
            assert not PlanLine.objects.exists()


def test_a_draft_may_be_incomplete_and_says_at_the_proposal_what_is_missing(parties: Parties) -> None:
    draft = scenarios.software_draft(parties, lines=scenarios.software_draft(parties).lines[:2])
    contract = scenarios.drafted_contract(parties, draft=draft)
    with acting(scenarios.seller_actor(parties)), pytest.raises(Refused) as refused:
        contracts.preview(contract)
    assert str(refused.value) == "The plan adds up to 60%, 16,000.00 EUR short."


def test_changing_a_draft_replaces_it_as_a_whole(parties: Parties) -> None:
    contract = scenarios.drafted_contract(parties)
    draft = scenarios.software_draft(
        parties, price=Decimal("50000.00"), number="NL-2", lines=(scenarios.line("All", 100),)
    )
    with acting(scenarios.seller_actor(parties)) as sina:
        contracting.change_draft(actor=sina, key=key(), contract_ref=contract.ref, draft=draft)
        contract.refresh_from_db()
        assert contracts.draft_of(contract) == draft
        assert Criterion.objects.filter(line__version__contract=contract).count() == 2


def test_two_contracts_of_one_seller_never_have_the_same_number(parties: Parties) -> None:
    scenarios.drafted_contract(parties)
    with pytest.raises(Refused, match="already have a contract with the number NL-2026-014") as refused:
        scenarios.drafted_contract(parties)
    assert refused.value.field == "number"


def test_a_buyer_whom_the_seller_does_not_know_is_refused(parties: Parties) -> None:
    strangers = scenarios.organisations("Foreign")
    for ref in (strangers.buyer.ref, parties.seller.ref, parties.financier.ref, "nothing"):
        with pytest.raises(Refused) as refused:
            scenarios.drafted_contract(parties, draft=scenarios.software_draft(parties, buyer_ref=ref))
        assert refused.value.field == "buyer_ref"


@pytest.mark.parametrize("role", ["delivery", "billing", "financier"])
def test_only_who_may_write_contracts_drafts_one(parties: Parties, role: str) -> None:
    with acting(scenarios.member(parties, role)) as actor, pytest.raises(NotAllowed):
        contracting.draft_contract(actor=actor, key=key(), draft=scenarios.software_draft(parties))


def test_a_stranger_changes_no_draft_even_with_its_reference(parties: Parties) -> None:
    contract = scenarios.drafted_contract(parties)
    strangers = scenarios.organisations("Foreign")
    with acting(scenarios.seller_actor(strangers)) as stranger, pytest.raises(Refused, match="no such contract"):
        contracting.change_draft(
            actor=stranger, key=key(), contract_ref=contract.ref, draft=scenarios.software_draft(strangers)
        )


# --- proposals ---------------------------------------------------------------------------------------------------


def test_a_proposal_is_signed_by_the_seller_frozen_and_sent_by_link(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties, at=NOON)
    with acting(scenarios.seller_actor(parties)):
        version = version_of(contract)
        signature = Signature.objects.get(version=version)
        grant = GuestGrant.objects.get(contract=contract)
    assert contract.state == "proposed"
    assert version.proposed_at == signature.signed_at == NOON
    assert version.sha256 == signature.sha256 == canonical.sha256(version.canonical_text)
    assert (signature.side, signature.name, signature.email) == ("seller", "Sina Nord", "sina@nordlicht.example")
    assert (signature.address, signature.agent) == ("192.0.2.10", "Firefox")
    assert signature.statement_version == "seller-1"
    assert "I sign version 1 of contract NL-2026-014" in signature.statement
    assert (grant.email, grant.subject_ref) == ("bea@meridian.example", version.ref)
    assert grant.expires_at == NOON + timedelta(days=30)
    job = ProcrastinateJob.objects.get(task_name__endswith="send_contract_proposal")
    assert job.args == {"grant_ref": grant.ref, "organisation_id": parties.buyer.pk}


def test_the_signed_text_names_parties_terms_plan_criteria_and_signatory(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    with acting(scenarios.seller_actor(parties)):
        text = canonical.read(version_of(contract).canonical_text)
    assert text["seller"]["legal_name"] == "Nordlicht Software GmbH"
    assert text["buyer"]["legal_name"] == "Meridian Logistik AG"
    assert text["terms"]["price"] == "40000"
    assert [line["amount"] for line in text["plan"]] == ["12000", "12000", "16000"]
    assert [len(line["criteria"]) for line in text["plan"]] == [2, 2, 2]
    assert text["signs_for_buyer"] == {"name": "Bea Berg", "email": "bea@meridian.example"}


def test_what_was_not_shown_is_not_proposed(parties: Parties) -> None:
    contract = scenarios.drafted_contract(parties)
    with acting(scenarios.seller_actor(parties)) as sina:
        seen = seen_by_seller(contract)
        changed = scenarios.software_draft(parties, payment_days=90)
        contracting.change_draft(actor=sina, key=key(), contract_ref=contract.ref, draft=changed)
        with pytest.raises(Stale):
            contracting.propose_contract(actor=sina, key=key(), contract_ref=contract.ref, seen=seen)
        contract.refresh_from_db()
        assert contract.state == "draft"
        assert not Signature.objects.exists()
        assert not GuestGrant.objects.exists()


def test_a_proposal_cannot_be_changed_or_proposed_again(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    with acting(scenarios.seller_actor(parties)) as sina:
        with pytest.raises(IllegalTransition, match="This contract is proposed"):
            contracting.change_draft(
                actor=sina, key=key(), contract_ref=contract.ref, draft=scenarios.software_draft(parties)
            )
        with pytest.raises(IllegalTransition):
            contracting.propose_contract(actor=sina, key=key(), contract_ref=contract.ref, seen="0" * 64)


@pytest.mark.parametrize(
    "mailbox",
    ["sina@nordlicht.example", "dario@nordlicht.example", "friend@nordlicht.example", "friend@mail.nordlicht.example"],
)
def test_the_seller_cannot_name_himself_as_the_buyers_signatory(parties: Parties, mailbox: str) -> None:
    with pytest.raises(Refused, match="belongs to the seller") as refused:
        scenarios.drafted_contract(parties, draft=scenarios.software_draft(parties, signatory_email=mailbox))
    assert refused.value.field == "signatory_email"


def test_a_second_mailbox_of_a_seller_is_the_sellers_too(parties: Parties) -> None:
    dario = parties.people["delivery"].user
    dario.emailaddress_set.create(email="dario.privat@gmail.com", verified=True)  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="belongs to the seller"):
        scenarios.drafted_contract(
            parties, draft=scenarios.software_draft(parties, signatory_email="dario.privat@gmail.com")
        )


def test_once_the_buyer_has_an_owner_the_seller_names_none_but_its_people(parties: Parties) -> None:
    draft = scenarios.software_draft(parties, signatory_email="accomplice@gmail.com")
    with pytest.raises(Refused, match="Meridian Logistik AG has an owner here"):
        scenarios.proposed_contract(parties, draft=draft)


def test_a_buyer_without_people_here_signs_by_whom_the_contract_names(parties: Parties) -> None:
    buyer = scenarios.named_buyer(parties)
    draft = scenarios.software_draft(parties, buyer_ref=buyer.ref, signatory_email="hanna@hafen.example")
    contract = scenarios.active_contract(parties, draft=draft)
    assert contract.state == "active"


# --- signatures --------------------------------------------------------------------------------------------------


def test_the_buyer_signs_by_link_and_the_milestones_exist(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=NOON)
    with acting(scenarios.buyer_actor(parties)):
        version = version_of(contract)
        signature = Signature.objects.get(version=version, side="buyer")
        grant = GuestGrant.objects.get(contract=contract)
        milestones = list(Milestone.objects.values_list("position", "title", "amount", "state"))
    assert (contract.state, contract.active_version_id, contract.activated_at) == ("active", version.pk, NOON)
    assert (signature.sha256, signature.grant_id, signature.user_id) == (version.sha256, grant.pk, None)
    assert (signature.name, signature.email) == ("Bea Berg", "bea@meridian.example")
    assert (signature.address, signature.authenticated_by) == ("198.51.100.7", "personal link")
    assert signature.statement_version == "buyer-1"
    assert grant.used_at == NOON
    assert milestones == [
        (1, "Prototype", Decimal("12000.000"), "planned"),
        (2, "Integration", Decimal("12000.000"), "planned"),
        (3, "Final delivery and sign-off", Decimal("16000.000"), "planned"),
    ]


def test_the_record_tells_who_did_what_in_order(parties: Parties) -> None:
    contract = scenarios.active_contract(parties)
    with acting(scenarios.buyer_actor(parties)):
        entries = list(Chain.objects.get(subject=f"contract:{contract.ref}").entries.order_by("position"))
    told = [(entry.verb, entry.actor_name) for entry in entries]
    assert told == [
        ("contract.drafted", "Sina Nord"),
        ("contract.proposed", "Sina Nord"),
        ("link.granted", "Sina Nord"),
        ("contract.signed", "Bea Berg"),
    ]
    assert all(later.previous == earlier.sha256 for earlier, later in pairwise(entries))


@pytest.mark.parametrize("role", ["buyer", "approver"])
def test_a_member_of_the_buyer_who_may_sign_signs_and_the_link_dies(parties: Parties, role: str) -> None:
    contract = scenarios.proposed_contract(parties)
    sign(contract, actor=scenarios.member(parties, role))
    with acting(scenarios.buyer_actor(parties)):
        grant = GuestGrant.objects.get(contract=contract)
    assert grant.used_at is None
    assert grant.revoked_at is not None


@pytest.mark.parametrize("role", ["seller", "delivery", "payables"])
def test_who_may_not_sign_for_the_buyer_is_refused(parties: Parties, role: str) -> None:
    contract = scenarios.proposed_contract(parties)
    with pytest.raises(NotAllowed):
        sign(contract, actor=scenarios.member(parties, role))


def test_a_member_of_both_sides_does_not_sign_for_the_buyer(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    both = parties_services.enrol(email="olga@meridian.example", name="Olga Ost")
    with acting(scenarios.seller_actor(parties)):
        join(user=both, organisation=parties.seller, roles={Role.DELIVERY}, at=clock.now())
    with pytest.raises(Refused, match="belongs to the seller"):
        sign(contract, actor=scenarios.buyer_actor(parties))


def test_another_text_than_the_one_shown_is_not_signed(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    with acting(scenarios.buyer_actor(parties)) as olga:
        with pytest.raises(Stale):
            contracting.sign_contract(
                actor=olga, key=key(), version_ref=version_of(contract).ref, seen=canonical.sha256("other")
            )
        contract.refresh_from_db()
        assert contract.state == "proposed"


def test_a_signed_contract_is_not_signed_twice(parties: Parties) -> None:
    contract = scenarios.active_contract(parties)
    with pytest.raises(IllegalTransition, match="This is already “Active”"):
        sign(contract, actor=scenarios.buyer_actor(parties))


def test_a_link_that_expired_is_renewed_to_the_same_mailbox_and_only_the_new_one_works(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties, at=NOON)
    old = scenarios.guest_actor(scenarios.link_to_sign(contract))
    later = NOON + timedelta(days=31)
    with acting(old, at=later):
        version = version_of(contract)
        with pytest.raises(NotAllowed, match="expired"):
            contracting.sign_contract(actor=old, key=key(), version_ref=version.ref, seen=version.sha256)
        grant_ref = GuestGrant.objects.get(pk=old.grant_id or 0).ref
        answer = contracting.renew_link(actor=replace(old, roles=frozenset()), key=key(), grant_ref=grant_ref)
        with pytest.raises(NotAllowed, match="no longer valid"):
            contracting.sign_contract(actor=old, key=key(), version_ref=version.ref, seen=version.sha256)
        with pytest.raises(Refused, match="was replaced"):
            contracting.renew_link(actor=old, key=key(), grant_ref=grant_ref)
    new = scenarios.link_to_sign(contract)
    assert (new.ref, new.email, new.replaces_id) == (answer["grant"], "bea@meridian.example", old.grant_id)
    guest = scenarios.guest_actor(new)
    with acting(guest, at=later):
        contracting.sign_contract(actor=guest, key=key(), version_ref=version.ref, seen=version.sha256)


def test_a_link_to_one_contract_signs_no_other(parties: Parties) -> None:
    first = scenarios.proposed_contract(parties)
    second = scenarios.proposed_contract(parties, draft=scenarios.software_draft(parties, number="NL-2"))
    guest = scenarios.guest_actor(scenarios.link_to_sign(first))
    with acting(scenarios.seller_actor(parties)):
        version = version_of(second)
    with acting(guest), pytest.raises(Refused, match="no such contract"):
        contracting.sign_contract(actor=guest, key=key(), version_ref=version.ref, seen=version.sha256)
    whole_buyer = replace(guest, contract_id=None)
    with acting(whole_buyer), pytest.raises(NotAllowed, match="for something else"):
        contracting.sign_contract(actor=whole_buyer, key=key(), version_ref=version.ref, seen=version.sha256)


def test_a_member_whom_the_owner_removed_signs_neither_by_link_nor_by_session(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    bea = scenarios.approver_actor(parties)
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    with acting(scenarios.buyer_actor(parties)) as olga:
        parties_services.end_membership(actor=olga, membership_ref=parties.people["approver"].ref, at=clock.now())
    for actor in (bea, guest):
        with pytest.raises(NotAllowed, match="Your role does not allow"):
            sign(contract, actor=actor)


# --- changes and withdrawal --------------------------------------------------------------------------------------


def test_asking_for_changes_gives_the_seller_a_draft_that_copies_the_refused_version(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    with acting(guest, at=NOON):
        refused_version = version_of(contract)
        contracting.request_contract_changes(
            actor=guest, key=key(), version_ref=refused_version.ref, reason=" Pay after 60 days. "
        )
    with acting(scenarios.seller_actor(parties)):
        contract.refresh_from_db()
        refused_version.refresh_from_db()
        assert contract.state == "draft"
        assert (refused_version.changes_asked, refused_version.changes_asked_at) == ("Pay after 60 days.", NOON)
        assert contracts.draft_of(contract) == scenarios.software_draft(parties)
        assert version_of(contract).number == 2
    with acting(scenarios.buyer_actor(parties)):
        assert list(ContractVersion.objects.values_list("number", flat=True)) == [1], "the new draft is the seller's"


def test_the_next_version_is_signed_and_the_refused_one_never_is(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    with acting(scenarios.buyer_actor(parties)) as olga:
        first = version_of(contract)
        contracting.request_contract_changes(actor=olga, key=key(), version_ref=first.ref, reason="60 days, please.")
        with pytest.raises(Stale, match="Changes were asked for"):
            contracting.sign_contract(actor=olga, key=key(), version_ref=first.ref, seen=first.sha256)
    with acting(scenarios.seller_actor(parties)) as sina:
        draft = scenarios.software_draft(parties, payment_days=60)
        contracting.change_draft(actor=sina, key=key(), contract_ref=contract.ref, draft=draft)
        contract.refresh_from_db()
        contracting.propose_contract(actor=sina, key=key(), contract_ref=contract.ref, seen=seen_by_seller(contract))
    with acting(scenarios.buyer_actor(parties)) as olga, pytest.raises(Stale):
        contracting.sign_contract(actor=olga, key=key(), version_ref=first.ref, seen=first.sha256)
    sign(contract, actor=scenarios.guest_actor(scenarios.link_to_sign(contract)))
    with acting(scenarios.buyer_actor(parties)):
        contract.refresh_from_db()
        assert contract.active_version is not None
        assert (contract.active_version.number, contract.active_version.payment_days) == (2, 60)


def test_a_contract_that_was_proposed_keeps_its_buyer(parties: Parties) -> None:
    other = scenarios.named_buyer(parties)
    contract = scenarios.proposed_contract(parties)
    with acting(scenarios.buyer_actor(parties)) as olga:
        contracting.request_contract_changes(
            actor=olga, key=key(), version_ref=version_of(contract).ref, reason="Cheaper."
        )
    with acting(scenarios.seller_actor(parties)) as sina, pytest.raises(Refused, match="was proposed to Meridian"):
        contracting.change_draft(
            actor=sina,
            key=key(),
            contract_ref=contract.ref,
            draft=scenarios.software_draft(parties, buyer_ref=other.ref),
        )


@pytest.mark.parametrize("reason", ["", "  ", "x" * 4_001])
def test_changes_without_a_readable_reason_are_refused(parties: Parties, reason: str) -> None:
    contract = scenarios.proposed_contract(parties)
    with acting(scenarios.buyer_actor(parties)) as olga, pytest.raises(Refused) as refused:
        contracting.request_contract_changes(actor=olga, key=key(), version_ref=version_of(contract).ref, reason=reason)
    assert refused.value.field == "reason"


def test_withdrawing_a_proposal_kills_its_link(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    with acting(scenarios.seller_actor(parties)) as sina:
        contracting.withdraw_contract(actor=sina, key=key(), contract_ref=contract.ref)
    with pytest.raises(NotAllowed, match="no longer valid"):
        sign(contract, actor=guest)
    with pytest.raises(IllegalTransition):
        sign(contract, actor=scenarios.buyer_actor(parties))


def test_the_buyer_withdraws_nothing(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    with acting(scenarios.buyer_actor(parties)) as olga, pytest.raises(NotAllowed):
        contracting.withdraw_contract(actor=olga, key=key(), contract_ref=contract.ref)


def test_a_link_is_marked_when_it_is_opened_first(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    with acting(guest):
        contracts.mark_viewed(grant_id=guest.grant_id or 0, at=NOON)
        contracts.mark_viewed(grant_id=guest.grant_id or 0, at=NOON + timedelta(hours=1))
        assert GuestGrant.objects.get(pk=guest.grant_id or 0).first_viewed_at == NOON


# --- around the services -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE contracts_contract SET state = 'completed', completed_at = now()",
        "UPDATE contracts_contractversion SET price = price + 1",
        "UPDATE contracts_contractversion SET sha256 = repeat('0', 64)",
        "UPDATE contracts_planline SET amount = amount + 1",
        "UPDATE contracts_criterion SET text = 'nothing'",
        "DELETE FROM contracts_criterion",
        "INSERT INTO contracts_planline (ref, version_id, position, title, scope, basis, amount)"
        " SELECT 'x', id, 99, 'More', '', 'amount', 1 FROM contracts_contractversion",
        "INSERT INTO contracts_signature (contract_id, version_id, side, organisation_id, user_id, name, email,"
        " signed_at, address, agent, authenticated_by, statement, statement_version, sha256)"
        " SELECT contract_id, version_id, 'buyer', organisation_id, user_id, name, email, signed_at, address, agent,"
        " authenticated_by, statement, statement_version, repeat('0', 64) FROM contracts_signature",
        "UPDATE contracts_guestgrant SET email = 'x@y.z'",
        "UPDATE contracts_guestgrant SET expires_at = expires_at + interval '1 day'",
    ],
)
def test_the_database_itself_refuses_to_alter_what_was_proposed(parties: Parties, statement: str) -> None:
    scenarios.proposed_contract(parties)
    with acting(scenarios.seller_actor(parties)), pytest.raises(IntegrityError):
        raw(statement)


def test_a_version_whose_plan_does_not_add_up_is_never_committed_as_proposed(parties: Parties) -> None:
    scenarios.drafted_contract(parties)
    propose = (
        "UPDATE contracts_contractversion"
        " SET proposed_at = now(), canonical_text = 'x', sha256 = repeat('0', 64), price = price + %s"
    )
    with acting(scenarios.seller_actor(parties)):
        with pytest.raises(IntegrityError, match="does not add up to its price"):
            raw(propose, 1)
        raw("UPDATE contracts_planline SET amount = NULL, basis = 'remainder', percent = NULL WHERE position = 3")
        with pytest.raises(IntegrityError, match="does not add up to its price"):
            raw(propose, -16000)


def test_an_active_contract_steps_back_to_nothing(parties: Parties) -> None:
    scenarios.active_contract(parties)
    with acting(scenarios.seller_actor(parties)):
        for state in ("draft", "proposed", "withdrawn"):
            with pytest.raises(IntegrityError, match="illegal step"):
                raw("UPDATE contracts_contract SET state = %s, active_version_id = NULL, activated_at = NULL", state)
        with pytest.raises(IntegrityError, match="never deleted"):
            raw("DELETE FROM contracts_contract")

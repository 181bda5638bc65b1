"""A contract that the buyer begins: it writes and signs first, the seller is asked, and nobody plays both sides."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.audit.models import Chain
from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.parties import services as parties_services
from apps.parties.actor import Actor
from apps.workflows import contracting, negotiating, team, worker
from apps.workflows.deal_file import player
from apps.workflows.deal_file.read import read
from apps.workflows.deal_file.report import report
from tests import scenarios
from tests.scenarios import BROWSER, Parties, acting, key

FILE = Path(__file__).with_name("deals") / "lift-ordered.yaml"
NEW_SELLER = parties_services.OrganisationData(legal_name="Kranbau Ost GmbH", country="DE", city="Leipzig")


def test_an_order_is_negotiated_and_billed_like_an_offer(scratch: str) -> None:
    deal = read(FILE.read_text(encoding="utf-8"), today=date(2026, 6, 30))
    (ref,) = player.play(deal)
    found = report(title=deal.title, contract_ref=ref)
    assert (found["contract"]["state"], found["contract"]["price"]) == ("active", "48000.00")
    # 15 m were billed on the terms of their day; 35 of the 50 that are agreed now follow at the new rate.
    assert [(one["net"], one["tax"]) for one in found["invoices"]] == [("6000.00", "1140.00"), ("14000.00", "2800.00")]
    parts = [(one["amount"], one["quantity"]) for one in found["milestones"]]
    assert parts == [("6000.00", "15"), ("14000.00", "35"), ("28000.00", None)]
    lift = found["milestones"][-1]
    assert (lift["title"], lift["state"]) == ("Lift and its doors", "submitted")
    contract = Contract.objects.using("owner").get(ref=ref)
    version = contract.versions.using("owner").latest("number")
    assert (version.governing_law, version.second_acceptor_above, version.notice_days) == ("Austria", None, 60)
    call_command("verify_ledger", verbosity=0)
    said = [(one.number, one.author) for one in contract.versions.using("owner").order_by("number")]
    assert said == [(1, "buyer"), (2, "buyer"), (3, "seller"), (4, "seller")]


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


def buyer_of(parties: Parties) -> Actor:
    return scenarios.actor_of(parties.people["buyer"])


def order(parties: Parties, **said: Any) -> Any:
    draft = scenarios.software_draft(parties)
    named = {"buyer_ref": "", "seller_ref": parties.seller.ref, "number": "PO-1"}
    return replace(draft, **{**named, **said})


def ordered(parties: Parties, **said: Any) -> Contract:
    """The buyer's draft of an order."""
    olga = buyer_of(parties)
    with acting(olga):
        answer = contracting.draft_contract(actor=olga, key=key(), draft=order(parties, **said))
        return Contract.objects.get(ref=answer["contract"])


def proposed(parties: Parties, contract: Contract) -> Contract:
    olga = buyer_of(parties)
    with acting(olga):
        _text, seen = contracts.preview(contract, side="buyer")
        contracting.propose_contract(actor=olga, key=key(), contract_ref=contract.ref, seen=seen)
        return Contract.objects.get(pk=contract.pk)


def test_an_order_is_the_buyers_own_paper_until_it_is_sent(parties: Parties) -> None:
    scenarios.proposed_contract(parties)  # by it the buyer knows the seller
    sina, olga = scenarios.seller_actor(parties), buyer_of(parties)
    contract = ordered(parties)
    assert (contract.begun_by, contract.seller_id, contract.buyer_id) == ("buyer", parties.seller.pk, parties.buyer.pk)
    with acting(sina):
        assert not Contract.objects.filter(pk=contract.pk).exists(), "the wall shows a draft of the other side"
        assert not Contract.objects.of_seller(sina).filter(pk=contract.pk).exists()
        assert not Chain.objects.filter(subject=f"contract:{contract.ref}").exists(), "its record tells of the draft"
        with pytest.raises(Refused):
            contracting.withdraw_contract(actor=sina, key=key(), contract_ref=contract.ref)
    with acting(olga):
        assert Chain.objects.filter(subject=f"contract:{contract.ref}").exists()
    # The seller may have a contract of the same number, and the buyer none of its own.
    with acting(sina):
        contracting.draft_contract(
            actor=sina, key=key(), draft=replace(order(parties), seller_ref="", buyer_ref=parties.buyer.ref)
        )
    with pytest.raises(Refused, match="already have a contract with the number"):
        ordered(parties)
    sent = proposed(parties, contract)
    with acting(sina):
        version = contracts.newest_proposal(Contract.objects.get(pk=contract.pk))
        contracting.sign_contract(actor=sina, key=key(), version_ref=version.ref, seen=version.sha256)
    with acting(olga):
        assert Contract.objects.get(pk=sent.pk).state == "active"
    with acting(olga), pytest.raises(IntegrityError), transaction.atomic():
        Contract.objects.filter(pk=contract.pk).update(begun_by="seller")


def corrected_after_its_last_day(parties: Parties, contract: Contract, **said: Any) -> None:
    """Nobody signed in time, and the buyer sends it again with another person of the seller."""
    olga, at = buyer_of(parties), timezone.now() + timedelta(days=5)
    with acting(olga, at=at):
        version = contract.versions.get()
        negotiating.expire_proposal(actor=olga, key=key(), version_ref=version.ref)
        contracting.change_draft(actor=olga, key=key(), contract_ref=contract.ref, draft=order(parties, **said))
        _text, seen = contracts.preview(Contract.objects.get(pk=contract.pk), side="buyer")
        contracting.propose_contract(actor=olga, key=key(), contract_ref=contract.ref, seen=seen)


def test_a_seller_who_is_not_here_is_asked_by_mail_and_is_nobody_of_the_buyers(parties: Parties) -> None:
    olga = buyer_of(parties)
    with acting(olga):
        named = team.name_counterparty(actor=olga, key=key(), data=NEW_SELLER)["organisation"]
    for mailbox in ("paul@meridian.example", "someone@sub.meridian.example"):
        with pytest.raises(Refused, match="belongs to the buyer"):
            ordered(parties, seller_ref=named, seller_email=mailbox)
    nameless = ordered(parties, seller_ref=named)
    with pytest.raises(Refused, match="has nobody here yet"):
        proposed(parties, nameless)
    wrong = {"seller_ref": named, "seller_email": "Karla@kranbau.test", "number": "PO-2"}
    contract = proposed(parties, ordered(parties, **wrong, answer_until=timezone.localdate() + timedelta(days=2)))
    corrected_after_its_last_day(parties, contract, seller_ref=named, seller_email="Karl@kranbau.test", number="PO-2")
    mail.outbox.clear()
    worker.run_due_jobs()
    (letter,) = [one for one in mail.outbox if one.to == ["karl@kranbau.test"]]
    assert "/s/" not in letter.body, "a seller acts with an account, never by a link"
    with walls.asking_for(parties.buyer.pk):
        grant = GuestGrant.objects.get(contract=contract, revoked_at__isnull=True)
        assert grant.expires_at - grant.created_at == timedelta(days=365), "nobody could renew it"
        assert grant.email.lower() == "karl@kranbau.test"
    assert contracts.guest(grant, origin=BROWSER).roles == frozenset()

    claim: Callable[[Any], Any] = lambda user: team.claim_organisation(  # noqa: E731
        user=user, origin=BROWSER, organisation_ref=named
    )
    stranger = parties_services.enrol(email="kurt@kranbau.test", name="Kurt Kunz")
    mistaken = parties_services.enrol(email="karla@kranbau.test", name="Karla Kran")
    for user in (stranger, mistaken, parties.people["payables"].user):
        with walls.asking_for(user=user.pk), pytest.raises(NotAllowed):
            claim(user)
    karl = parties_services.enrol(email="karl@kranbau.test", name="Karl Kran")
    with walls.asking_for(user=karl.pk):
        assert [one.ref for one in team.claimable_organisations(user=karl)] == [named]
        claim(karl)
    with walls.asking_for(contract.seller_id, user=karl.pk):
        membership = parties_services.membership_of(karl, organisation_id=contract.seller_id)
        assert membership is not None
        seller = parties_services.actor_for(membership, origin=scenarios.shown_now(BROWSER))
    with acting(seller):
        assert Contract.objects.of_seller(seller).get().number == "PO-2"

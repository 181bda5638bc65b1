"""A seller cannot be funded on a real, verified buyer with a signatory of its own making."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from apps.contracts.models import GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.financing.models import Assignment, BuyerVerification, ConfirmedSignatory, Facility, Tranche
from apps.parties import services as parties_services
from apps.parties.models import Organisation
from apps.workflows import funding, team, underwriting
from tests import scenarios
from tests.conftest import Once
from tests.financing import stories
from tests.scenarios import BROWSER, Parties, acting, key, member

HEIN: dict[str, Any] = {"signatory_name": "Hein Hafen", "signatory_email": "hein@hafen.example"}
MINE: dict[str, Any] = {"signatory_name": "H. Hafen", "signatory_email": "hafen@mailbox.example"}


@pytest.fixture
def deal(committed: Once) -> Parties:
    return committed(stories.parties)


@pytest.fixture
def hafen(deal: Parties) -> Organisation:
    """A buyer whom the seller wrote down, and of whom nobody has come yet."""
    return scenarios.named_buyer(deal)


def advanced_on(deal: Parties, hafen: Organisation, number: str, signatory: dict[str, Any]) -> Tranche:
    """Signed, accepted and acknowledged by the mailbox that the seller wrote into the contract; not paid out yet."""
    with walls.asking_for(deal.financier.pk):
        facility = Facility.objects.first()
    invoice = stories.invoiced(deal, number=number, buyer_ref=hafen.ref, **signatory)
    request = stories.requested(deal, invoice, facility or stories.opened_facility(deal, limit=Decimal(1_000_000)))
    tranche = stories.accepted(deal, stories.issued(deal, request))
    with walls.asking_for(deal.seller.pk):
        notice = Assignment.objects.get(tranche__ref=tranche.ref)
        guest = scenarios.guest_actor(GuestGrant.objects.get(subject_ref=notice.ref))
    with acting(guest, at=stories.START):
        funding.acknowledge_assignment(actor=guest, key=key(), assignment_ref=notice.ref, seen=notice.notice_sha256)
    return tranche


def confirmed(deal: Parties, mailbox: str, *, by: str = "underwriter") -> str:
    with walls.asking_for(deal.financier.pk):
        ref = BuyerVerification.objects.live().get().ref
    with acting(member(deal, by), at=stories.START) as actor:
        return underwriting.confirm_signatory(
            actor=actor, key=key(), verification_ref=ref, signatory=mailbox, checked="Called the harbour office back."
        )["signatory"]


def test_the_next_contract_of_a_verified_buyer_waits_for_its_own_signatory(deal: Parties, hafen: Organisation) -> None:
    honest = advanced_on(deal, hafen, "C-1", HEIN)
    assert stories.paid_out(deal, honest).state == "funded_post"
    forged = advanced_on(deal, hafen, "C-2", MINE)
    with pytest.raises(Refused, match=r"not that hafen@mailbox.example signs off for it .* has to confirm this"):
        stories.paid_out(deal, forged, reference="OUT-2")
    assert confirmed(deal, "Hafen@Mailbox.example ") == "hafen@mailbox.example"
    assert stories.paid_out(deal, forged, reference="OUT-2").state == "funded_post"
    again = advanced_on(deal, hafen, "C-3", HEIN)
    assert stories.paid_out(deal, again, reference="OUT-3").state == "funded_post"
    stories.verify_books()


def test_who_takes_a_verified_buyer_over_afterwards_confirms_nobody(deal: Parties, hafen: Organisation) -> None:
    """The seller's mailbox claims the organisation: that makes it no more of the buyer than before."""
    advanced_on(deal, hafen, "C-1", HEIN)
    forged = advanced_on(deal, hafen, "C-2", MINE)
    with walls.asking_for(deal.seller.pk):
        user = parties_services.enrol(email=MINE["signatory_email"], name="H. Hafen")
    with clock.stopped(stories.START + timedelta(minutes=5)), walls.asking_for(user=user.pk):
        team.claim_organisation(user=user, origin=BROWSER, organisation_ref=hafen.ref)
    with pytest.raises(Refused, match=r"hafen@mailbox\.example signs off for it"):
        stories.paid_out(deal, forged)


def test_a_buyer_that_its_own_people_had_taken_over_names_them_itself(deal: Parties) -> None:
    tranche = stories.accepted_advance(deal)
    stories.acknowledged(deal, tranche)
    with connections["owner"].cursor() as cursor, transaction.atomic(using="owner"):
        cursor.execute("SET LOCAL session_replication_role = replica; DELETE FROM financing_confirmedsignatory")
    assert stories.paid_out(deal, tranche).state == "funded_post"


def test_only_an_underwriter_confirms_and_only_who_stands_in_a_contract(deal: Parties, hafen: Organisation) -> None:
    advanced_on(deal, hafen, "C-1", HEIN)
    advanced_on(deal, hafen, "C-2", MINE)
    for role in ("analyst", "treasury"):
        with pytest.raises(NotAllowed):
            confirmed(deal, MINE["signatory_email"], by=role)
    with pytest.raises(Refused, match="no such verification"):
        confirmed(deal, MINE["signatory_email"], by="seller")
    with pytest.raises(Refused, match=r"No contract .* names somebody@else.example"):
        confirmed(deal, "somebody@else.example")
    with pytest.raises(IllegalTransition, match="already confirmed"):
        confirmed(deal, HEIN["signatory_email"])
    with acting(member(deal, "underwriter"), at=stories.START) as udo:
        found = BuyerVerification.objects.live().get()
        underwriting.revoke_verification(actor=udo, key=key(), verification_ref=found.ref, reason="Doubts.")
        with pytest.raises(IllegalTransition, match="is revoked"):
            underwriting.confirm_signatory(
                actor=udo, key=key(), verification_ref=found.ref, signatory=MINE["signatory_email"], checked="Asked."
            )


def test_a_verification_anew_begins_without_the_former_signatories(deal: Parties, hafen: Organisation) -> None:
    tranche = advanced_on(deal, hafen, "C-1", HEIN)
    with acting(member(deal, "underwriter"), at=stories.START) as udo:
        found = BuyerVerification.objects.live().get()
        underwriting.revoke_verification(actor=udo, key=key(), verification_ref=found.ref, reason="Doubts.")
        underwriting.verify_buyer(actor=udo, key=key(), buyer_ref=hafen.ref, checked="Register.")
    with pytest.raises(Refused, match=r"hein@hafen\.example signs off"):
        stories.paid_out(deal, tranche)


def test_postgres_asks_again(deal: Parties, hafen: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    advanced_on(deal, hafen, "C-1", HEIN)
    forged = advanced_on(deal, hafen, "C-2", MINE)
    monkeypatch.setattr("apps.financing.services.funding.require_verified", lambda **_said: None)
    with pytest.raises(IntegrityError, match="paid out only on a confirmed signatory"):
        stories.paid_out(deal, forged)
    with connections["owner"].cursor() as cursor:
        for wrong in (
            "UPDATE financing_confirmedsignatory SET email = 'hafen@mailbox.example'",
            "DELETE FROM financing_confirmedsignatory",
            "INSERT INTO financing_confirmedsignatory (verification_id, email, checked, confirmed_by_id, confirmed_at)"
            " SELECT verification_id, 'Other@hafen.example', checked, confirmed_by_id, confirmed_at"
            " FROM financing_confirmedsignatory",
        ):
            with pytest.raises(IntegrityError), transaction.atomic(using="owner"):
                cursor.execute(wrong)
    with walls.asking_for(deal.seller.pk):
        assert not ConfirmedSignatory.objects.exists()

"""Applications for payment certified by personal link, of a buyer of whom nobody has an account."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from apps.contracts.models import Contract, GuestGrant
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import NotAllowed
from apps.invoicing.models import Application, Invoice
from apps.milestones.models import SettlementSignature
from apps.parties.models import Organisation
from apps.workflows import applying, worker
from tests import applications, scenarios, terminations
from tests.conftest import Once
from tests.portals.buyer.browsers import Guest
from tests.portals.buyer.test_accept_part import kept
from tests.portals.buyer.test_link_goes_on import MAILBOX, prove
from tests.scenarios import Parties, acting

D = Decimal


@dataclass
class World:
    """12,000.00 accepted by link and applied for."""

    parties: Parties
    contract: Contract
    application: Application

    def guest(self, purpose: str = "certify", **which: Any) -> Guest:
        with walls.asking_for(self.contract.buyer_id):
            return Guest(GuestGrant.objects.filter(contract=self.contract, purpose=purpose, **which).latest("pk"))


@pytest.fixture(scope="module")
def told(once: Once) -> World:
    return once(_story)


@pytest.fixture
def world(told: World, db: None) -> World:
    return told


def _story() -> World:
    parties = scenarios.organisations()
    buyer = scenarios.named_buyer(parties)
    named: dict[str, Any] = {"buyer_ref": buyer.ref, "signatory_name": "Hanna Hafen", "signatory_email": MAILBOX}
    contract = applications.contract_by_application(parties, **named)
    scenarios.accepted_milestone(contract)
    return World(parties, contract, applications.submitted(contract))


def certified(guest: Guest, **typed: Any) -> Any:
    page = guest.get("application/")
    return guest.post("application/", kept(page) | {"do": "certify"} | typed)


def test_the_signatory_certifies_lower_by_the_link_in_the_mail_and_it_shows_what_came_of_it(world: World) -> None:
    worker.run_due_jobs()
    guest, ref = world.guest(), scenarios.milestone_of(world.contract).ref
    asked = next(one for one in mail.outbox if "waits for you" in str(one.body))
    assert (asked.to, guest.address in str(asked.body)) == ([MAILBOX], True)
    opened = guest.get()
    assert opened.url == f"{guest.address}application/"
    page = guest.get("application/").content.decode()
    assert "/buyer/" not in page.split("<main", 1)[1].split("</main>", 1)[0]
    assert guest.get("application.pdf")["Content-Type"] == "application/pdf"
    assert guest.get("application.xlsx").status_code == 200
    assert certified(guest, **{f"amount_{ref}": "9000.00"}).status_code == 422, "why not more?"
    done = certified(guest, **{f"amount_{ref}": "9000.00", f"reason_{ref}": "Not measured."})
    assert (done.status_code, done.url) == (302, f"{guest.address}application/")
    with walls.asking_for(world.contract.seller_id):
        application = Application.objects.select_related("grant").get(pk=world.application.pk)
        assert (application.state, application.decided_by_id, application.decided_by_name) == (
            "certified",
            None,
            "Hanna Hafen",
        )
        assert application.grant is not None
        assert application.grant.used_at is not None
        assert canonical.read(application.certified_text)["certified_by_link_to"] == MAILBOX
        assert Invoice.objects.get(application=application).net == D(9000)
    page = guest.get("application/").content.decode()
    assert "Certified by Hanna Hafen" in page
    assert 'value="certify"' not in page


def test_above_the_buyers_amount_a_code_from_the_mailbox_comes_first(world: World) -> None:
    with walls.asking_for(world.contract.buyer_id):
        Organisation.objects.filter(pk=world.contract.buyer_id).update(step_up_above=D(100))
    guest = world.guest()
    ref = scenarios.milestone_of(world.contract).ref
    amounts = {f"amount_{ref}": "12000.00"}
    refused = certified(guest, **amounts)
    assert (refused.status_code, "confirm/" in refused.content.decode()) == (422, True)
    prove(guest, f"{guest.address}confirm/")
    assert certified(guest, **amounts).status_code == 302
    with walls.asking_for(world.contract.seller_id):
        assert Application.objects.get(pk=world.application.pk).proved_at is not None


def test_no_other_link_certifies_and_none_that_is_dead(world: World) -> None:
    with walls.asking_for(world.contract.buyer_id):
        other = GuestGrant.objects.filter(contract=world.contract, purpose="sign_off").latest("pk")
    assert Guest(other).get("application/").status_code == 404
    actor = scenarios.guest_actor(other)
    said = {"application_ref": world.application.ref, "seen": world.application.sha256}
    with acting(actor), pytest.raises(NotAllowed, match="for something else"):
        applying.certify_application(actor=actor, key="o", figures={}, **said)
    mine = scenarios.guest_actor(world.guest().grant)
    with acting(mine, at=clock.now() + timedelta(days=40)), pytest.raises(NotAllowed, match="expired"):
        applying.certify_application(actor=mine, key="e", figures={}, **said)
    with (
        walls.asking_for(world.contract.seller_id, world.contract.buyer_id),
        pytest.raises(IntegrityError, match="its own link"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE invoicing_application SET state = 'returned', decided_at = %s, grant_id = %s WHERE id = %s",
            [datetime(2026, 5, 1, tzinfo=UTC), other.pk, world.application.pk],
        )


def test_what_is_withdrawn_or_returned_closes_its_link_and_the_next_one_has_its_own(world: World) -> None:
    guest, sina = world.guest(), scenarios.seller_actor(world.parties)
    with acting(sina):
        applying.withdraw_application(actor=sina, key="w", application_ref=world.application.ref)
    assert "Withdrawn by the seller" in guest.get("application/").content.decode()
    again = applications.submitted(world.contract)
    second = world.guest(subject_ref=again.ref)
    page = second.get("application/")
    back = second.post("application/", kept(page) | {"do": "return", "comment": "No waiver."})
    assert back.status_code == 302
    assert applications.newest(world.contract, number=2).state == "returned"


def test_a_guest_signs_the_settlement_that_bills_what_stands(world: World) -> None:
    sina, now = scenarios.seller_actor(world.parties), clock.now()
    with walls.asking_for(world.contract.buyer_id):
        Organisation.objects.filter(pk=world.contract.buyer_id).update(step_up_above=D(100))
    with acting(sina):
        applying.withdraw_application(actor=sina, key="w", application_ref=world.application.ref)
    today = clock.today(world.parties.seller.time_zone)
    terminations.noticed(world.contract, by=sina, effective_on=today, at=now)
    settlement = terminations.proposed(world.contract, {}, by=sina, at=now)
    guest = world.guest("settle")
    sign = guest.get("settlement/sign/")
    assert "Accepted before and not billed yet" in sign.content.decode()
    prove(guest, sign.context["proof_url"])
    seen = {name: str(sign.context["again"][name].value()) for name in ("key", "seen")}
    assert guest.post("settlement/sign/", seen)["Location"] == guest.address
    with walls.asking_for(world.contract.seller_id):
        last = Application.objects.get(contract=world.contract, state="certified")
        assert (last.decided_by_id, last.grant_id, last.proved_by) == (None, guest.grant.pk, "code sent to e-mail")
        assert settlement.sha256 == SettlementSignature.objects.get(grant=guest.grant).sha256
        assert [(str(one.kind), one.net) for one in Invoice.objects.all()] == [("application", D(12000))]

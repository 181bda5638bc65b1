"""What a contract waits for is confirmed by a personal link, by a buyer of whom nobody has an account."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.contracts.drafts import (
    EVENT,
    FIXED,
    ChangeDraft,
    ChangedTerms,
    Condition,
    DraftLine,
    Due,
    LineTerms,
    Recovery,
)
from apps.contracts.models import Contract, GuestGrant
from apps.core import canonical
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.invoicing.models import Invoice
from apps.milestones.event_certificates import snapshot
from apps.milestones.models import ConfirmedEvent
from apps.parties.models import Organisation
from apps.workflows import confirming
from apps.workflows.mails import going_on
from tests import change_orders, scenarios
from tests.conftest import Once
from tests.portals.buyer.browsers import Guest, hidden
from tests.portals.buyer.test_link_goes_on import prove
from tests.scenarios import Parties, acting, key

MAILBOX = "hanna@hafen.example"
CAST, PERMIT = "The castings are poured", "The city granted the permit"


@dataclass
class World:
    """9,000.00 are payable with one event, for which the second milestone waits too; the third waits for another."""

    parties: Parties
    contract: Contract

    def links(self) -> list[GuestGrant]:
        with walls.asking_for(self.contract.buyer_id):
            return list(GuestGrant.objects.filter(contract=self.contract, purpose="confirm_event").order_by("pk"))

    def confirmed(self) -> list[ConfirmedEvent]:
        with walls.asking_for(self.contract.seller_id):
            return list(ConfirmedEvent.objects.filter(contract=self.contract).select_related("grant"))


def _story() -> World:
    parties = scenarios.organisations()
    buyer = scenarios.named_buyer(parties)
    named = {"buyer_ref": buyer.ref, "signatory_name": "Hanna Hafen", "signatory_email": MAILBOX}
    draft = scenarios.software_draft(parties, retention=None, **named)
    due = Due(start=EVENT, event=CAST, recovery=Recovery(FIXED, amount=Decimal("5000.00")))
    advance = DraftLine("Payment for castings", basis="amount", amount=Decimal("9000.00"), kind="deposit", due=due)
    first, *others = draft.lines
    waits = [
        replace(line, own=LineTerms(condition=Condition(events=(event,))))
        for line, event in zip(others, (CAST, PERMIT), strict=True)
    ]
    return World(parties, scenarios.active_contract(parties, draft=replace(draft, lines=(advance, first, *waits))))


@pytest.fixture(scope="module")
def told(once: Once) -> World:
    return once(_story)


@pytest.fixture
def world(told: World, db: None) -> World:
    return told


def say(guest: Guest, event: str) -> Any:
    page = guest.get("event/")
    return guest.post("event/", hidden(page) | {"event": event, "note": "Seen at the foundry."})


def test_with_the_contract_comes_a_link_and_with_the_last_event_it_dies(world: World) -> None:
    (link,) = world.links()
    assert (link.email, link.subject_ref) == (MAILBOX, world.contract.ref)
    with walls.asking_for(world.contract.buyer_id):
        going_on.link_to_what_goes_on(grant_ref=link.ref)
    guest = Guest(link)
    assert guest.address in str(mail.outbox[-1].body)
    assert "once one of them has happened" in " ".join(str(mail.outbox[-1].body).split())
    assert guest.get()["Location"] == f"{guest.address}event/"
    page = guest.get("event/").content.decode()
    assert "9,000.00" in page
    assert PERMIT in page
    assert "/buyer/" not in page.split("<main", 1)[1].split("</main>", 1)[0]

    assert say(guest, CAST)["Location"] == f"{guest.address}event/"
    (event,) = world.confirmed()
    assert (event.name, event.user_id, event.grant_id) == ("Hanna Hafen", None, link.pk)
    assert event.authenticated_by == "personal link"
    with walls.asking_for(world.contract.seller_id):
        event = ConfirmedEvent.objects.select_related("contract__seller", "contract__buyer", "grant").get()
        assert Invoice.objects.get(contract=world.contract).net == Decimal(9000)
        said = canonical.read(snapshot.written(event, invoices=[], ref="ref", at=event.confirmed_at))
    assert said["confirmation"]["link"]["sent_to"] == MAILBOX
    again = guest.get("event/").content.decode()
    assert "Thank you. Nordlicht Software GmbH is told" in again
    assert "Seen at the foundry." in again
    assert [one.used_at for one in world.links()] == [None], "another event waits"

    assert say(guest, PERMIT).status_code == 302
    assert world.links()[0].used_at is not None
    assert "No event of this contract waits for your word." in guest.get("event/").content.decode()


def test_a_contract_from_before_there_were_such_links_gets_one_from_the_link_that_signed_it(world: World) -> None:
    (sent_before,) = world.links()
    with walls.asking_for(world.contract.buyer_id):
        signed = GuestGrant.objects.get(contract=world.contract, purpose="sign_contract")
        GuestGrant.objects.filter(pk=sent_before.pk).update(revoked_at=signed.used_at)
    guest = Guest(signed)
    page = guest.get()
    assert CAST in page.content.decode()
    assert guest.post("renew/", {"key": str(page.context["renewal"]["key"].value())}).status_code == 302
    (link,) = [one for one in world.links() if one.revoked_at is None]
    assert (link.email, link.used_at) == (MAILBOX, None)
    sent = ProcrastinateJob.objects.filter(task_name__endswith="send_link", args__grant_ref=link.ref)
    assert sent.count() == 1


def test_above_the_buyers_amount_a_code_is_asked_for_first(world: World) -> None:
    with walls.asking_for(world.contract.buyer_id):
        Organisation.objects.filter(pk=world.contract.buyer_id).update(step_up_above=Decimal(100))
    guest = Guest(world.links()[0])
    refused = say(guest, CAST)
    assert refused.status_code == 422
    assert "Confirm that it is you" in refused.content.decode()
    back = prove(guest, f"{guest.address}confirm/?next={guest.address}event/")
    assert back["Location"] == f"{guest.address}event/"
    # What was typed stands in the form again.
    assert "Seen at the foundry." in guest.get("event/").content.decode()
    assert say(guest, CAST).status_code == 302


def test_a_new_signatory_has_the_link_and_one_mail_with_it(world: World) -> None:
    terms = ChangedTerms(signatory_name="Ina Insel", signatory_email="ina@hafen.example")
    draft = ChangeDraft("Another hand", "Hanna retires.", terms=terms)
    order = change_orders.propose(world.contract, draft, by=scenarios.seller_actor(world.parties))
    with walls.asking_for(world.contract.buyer_id):
        to_sign = GuestGrant.objects.filter(purpose="sign_contract").latest("pk")
    change_orders.sign(order, by=scenarios.guest_actor(to_sign))
    before, after = world.links()
    assert (before.revoked_at is None, after.email, after.revoked_at) == (False, "ina@hafen.example", None)
    assert ProcrastinateJob.objects.filter(args__grant_ref=after.ref).count() == 1


def test_another_link_and_raw_sql_confirm_nothing(world: World) -> None:
    other = scenarios.submitted_milestone(world.contract, position=2)
    sign_off = scenarios.link_to_sign_off(other)
    assert Guest(sign_off).status("event/") == 404
    actor = scenarios.guest_actor(sign_off)
    with acting(actor), pytest.raises((NotAllowed, Refused), match="link"):
        confirming.confirm_event(actor=actor, key=key(), contract_ref=world.contract.ref, event=CAST)
    with acting(scenarios.guest_actor(world.links()[0])) as hanna:
        confirming.confirm_event(actor=hanna, key=key(), contract_ref=world.contract.ref, event=CAST)
    columns = [one.attname for one in ConfirmedEvent._meta.concrete_fields if one.attname not in ("id", "ref")]
    kept = ", ".join(columns)
    for changed in ({"grant_id": str(sign_off.pk)}, {"email": "'else@hafen.example'"}, {"grant_id": "NULL"}):
        said = ", ".join({"event": f"'{PERMIT}'", **changed}.get(one, one) for one in columns)
        with (
            walls.asking_for(world.contract.seller_id, world.contract.buyer_id),
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                f"INSERT INTO milestones_confirmedevent (ref, {kept}) SELECT 'forged', {said}"
                " FROM milestones_confirmedevent"
            )

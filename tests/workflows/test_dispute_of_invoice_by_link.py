"""From the page of an invoice to a dispute of it, without an account: asked for by whoever reads the page, raised by
the signatory whom the signed contract names."""

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.test import Client

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import CreditNote, DisputedInvoice, Invoice, InvoiceLink
from apps.invoicing.rules import Share
from apps.milestones.models import Dispute, Submission
from apps.parties.actor import Actor, ActorKind
from apps.parties.models import Organisation
from apps.workflows import disputing, hosting, proofs, sign_off, worker
from apps.workflows.models import EvidencePack
from tests import disputes, scenarios
from tests.conftest import Once
from tests.packed import says_of
from tests.portals.buyer.browsers import Guest, hidden
from tests.scenarios import Parties, acting, key, member

HANNA = "hanna@hafen.example"
ASKED = "Your link to dispute an invoice"


@dataclass
class World:
    """Hanna Hafen signed off 12,000.00 by personal link; 14,280.00 are owed, and nobody of the buyer has an account."""

    parties: Parties
    contract: Contract
    invoice: Invoice

    def reader(self) -> Actor:
        """Whoever has the address of the invoice's page."""
        return Actor(kind=ActorKind.GUEST, organisation_id=self.contract.buyer_id, contract_id=self.contract.pk)

    def link(self) -> InvoiceLink:
        with walls.asking_for(self.contract.buyer_id):
            return InvoiceLink.objects.get(invoice=self.invoice, revoked_at=None)

    def page(self) -> str:
        return f"/i/{invoicing.token_of(self.link())}/"

    def asks(self, once: str = "") -> GuestGrant:
        link = self.link()
        with acting(self.reader()) as reader:
            hosting.ask_to_dispute(actor=reader, key=once or key(), invoice_ref=self.invoice.ref, link_ref=link.ref)
        return self.grants()[-1]

    def grants(self, purpose: str = "dispute_invoice") -> list[GuestGrant]:
        with walls.asking_for(self.contract.buyer_id):
            links = GuestGrant.objects.filter(contract=self.contract, purpose=purpose)
            return list(links.select_related("contract").order_by("pk"))

    def owed(self) -> tuple[Decimal, Decimal, Decimal]:
        """What is open, in dispute and payable."""
        with walls.asking_for(self.contract.buyer_id):
            item = Invoice.objects.select_related("open_item").get(pk=self.invoice.pk).open_item
            return item.open, item.disputed_open, item.payable


def _story() -> World:
    parties = scenarios.organisations()
    buyer = scenarios.named_buyer(parties)
    draft = scenarios.software_draft(
        parties, buyer_ref=buyer.ref, signatory_name="Hanna Hafen", signatory_email=HANNA, second_acceptor_above=None
    )
    contract = scenarios.active_contract(parties, draft=draft)
    submission: Submission = scenarios.submitted_milestone(contract)
    hanna = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    with acting(hanna):
        sign_off.accept_milestone(actor=hanna, key=key(), submission_ref=submission.ref, seen=submission.sha256)
    worker.run_due_jobs()
    with walls.asking_for(contract.seller_id):
        return World(parties, contract, Invoice.objects.get(milestone=submission.milestone))


@pytest.fixture(scope="module")
def told(once: Once) -> World:
    return once(_story)


@pytest.fixture
def world(told: World, db: None) -> World:
    return told


def test_from_the_page_of_the_invoice_to_the_credit_note(world: World, tmp_path: Path) -> None:
    reader, way = Client(), f"{world.page()}dispute/"
    assert way in reader.get(world.page()).content.decode()
    asking = reader.get(way)
    assert HANNA not in asking.content.decode(), "the mailbox is shown to nobody who found the page"
    mail.outbox.clear()
    assert reader.post(way, hidden(asking)).status_code == 302
    worker.run_due_jobs()
    (asked,) = [one for one in mail.outbox if ASKED in one.subject]
    hanna = Guest(world.grants()[0])
    assert (asked.to, hanna.address in str(asked.body), world.invoice.number in str(asked.body)) == (
        [HANNA],
        True,
        True,
    )
    assert world.owed() == (Decimal(14280), Decimal(0), Decimal(14280)), "nothing is disputed by asking"

    form = hanna.get("dispute/")
    said = {"how": "amount", "amount": "1200.00", "reason": "Rows are lost.", "answer_days": "14"}
    assert hanna.post("dispute/", {"key": hidden(form)["key"], **said}).status_code == 302
    assert world.owed() == (Decimal(14280), Decimal(1428), Decimal(12852))
    shown = hanna.get("dispute/").content.decode()
    assert ("Rows are lost." in shown, "Go on in this dispute by the link in the mail" in shown) == (True, True)
    assert hanna.post("dispute/", {"key": key(), "do": "withdraw"}).status_code == 422, "it is used"
    assert way not in reader.get(world.page()).content.decode()

    worker.run_due_jobs()
    with acting(member(world.parties, "seller")) as sina:
        dispute = Dispute.objects.get(billed__invoice=world.invoice)
        assert (dispute.raiser_name, dispute.amount, dispute.grant_id) == ("Hanna Hafen", Decimal(1200), hanna.grant.pk)
        disputing.propose_outcome(actor=sina, key=key(), dispute_ref=dispute.ref, outcome="upheld", note="So be it.")
    (going_on,) = world.grants("dispute")
    talk = Guest(going_on)
    assert any(talk.address in str(one.body) for one in mail.outbox if one.to == [HANNA])
    agreeing = talk.get("dispute/")
    agree = {"key": str(agreeing.context["forms"]["agree"]["key"].value()), "do": "agree"}
    proposal = agreeing.context["proposal"].ref
    assert talk.post("dispute/", {**agree, "proposal": proposal}).status_code == 302
    assert world.owed() == (Decimal(12852), Decimal(0), Decimal(12852))
    with walls.asking_for(world.contract.seller_id):
        assert CreditNote.objects.get(invoice=world.invoice).net == Decimal(1200)
    code, told = says_of(_pack(world, folder=tmp_path))
    assert (code, "Hanna Hafen" in told) == (0, True), told


def _pack(world: World, *, folder: Path) -> Path:
    with acting(member(world.parties, "seller")) as sina:
        asked = proofs.request_pack(actor=sina, key=key(), contract_ref=world.contract.ref, milestone_ref="")
    worker.run_due_jobs()
    with acting(sina), default_storage.open(EvidencePack.objects.get(ref=asked["pack"]).stored_as) as stored:
        (folder / "pack.zip").write_bytes(stored.read())
    return folder / "pack.zip"


def test_asking_is_for_whoever_holds_the_live_link_of_what_is_owed(world: World) -> None:
    once = key()
    first = world.asks(once)
    assert world.asks(once).pk == first.pk, "sent twice, it is asked once"
    assert world.asks().pk == first.pk, "asked again, the same link is sent again"
    bystander = scenarios.guest_actor(world.grants("sign_off")[-1])
    for who, link in ((bystander, world.link().ref), (world.reader(), "guessed")):
        with pytest.raises(NotAllowed), acting(who):
            hosting.ask_to_dispute(actor=who, key=key(), invoice_ref=world.invoice.ref, link_ref=link)
    world.asks()
    with pytest.raises(Refused, match="too many"):
        world.asks()
    assert len(world.grants()) == 1


def test_nobody_is_asked_for_where_members_dispute_or_nothing_can_be(world: World) -> None:
    with acting(scenarios.guest_actor(world.asks())) as hanna:
        disputes_of(world, hanna)
    with pytest.raises(Refused, match="in dispute already"):
        world.asks()
    assert "in dispute already" in Client().get(f"{world.page()}dispute/").content.decode()
    with walls.asking_for(world.contract.buyer_id):
        buyer = Organisation.objects.get(pk=world.contract.buyer_id)
        dispute = Dispute.objects.get(contract=world.contract)
    with acting(contracts.guest(world.grants("dispute")[-1], origin=hanna.origin)) as talking:
        disputing.withdraw_dispute(actor=talking, key=key(), dispute_ref=dispute.ref)
    grant = world.asks()
    scenarios.claimed(buyer, domain=world.parties.domain)
    with pytest.raises(NotAllowed, match="people of its own"):
        world.asks()
    assert not re.search("/i/[^/]+/dispute/", Client().get(world.page()).content.decode())
    with pytest.raises(NotAllowed), acting(scenarios.guest_actor(grant)) as late:
        disputes_of(world, late)


def disputes_of(world: World, actor: Actor) -> None:
    disputes.on_invoice(
        world.invoice.ref, actor=actor, at=clock.now(), share=Share(percent=Decimal(10)), reason="Rows are lost."
    )


def test_a_link_to_something_else_disputes_no_invoice(world: World) -> None:
    """Neither that to the submission, nor that to the dispute of another invoice; and none raises a second one."""
    for grant in world.grants("sign_off"):
        with pytest.raises(NotAllowed), acting(scenarios.guest_actor(grant)) as actor:
            disputes_of(world, actor)
    with acting(scenarios.guest_actor(world.asks())) as hanna:
        disputes_of(world, hanna)
        with pytest.raises(Refused):
            disputes_of(world, hanna)
    (talk,) = world.grants("dispute")
    with acting(scenarios.guest_actor(talk)) as hanna:
        disputing.withdraw_dispute(actor=hanna, key=key(), dispute_ref=talk.subject_ref)
    for grant in (*world.grants("sign_off"), talk):
        with pytest.raises(IntegrityError, match="link disputes only"), transaction.atomic():
            _forged(world, grant)
    with walls.asking_for(world.contract.buyer_id):
        mine = world.contract.grants.filter(purpose="dispute_invoice").values_list("pk", flat=True)[0]
        other = GuestGrant(**vars_of(GuestGrant.objects.get(pk=mine)), subject_ref="another", ref="x", token_sha256="x")
        other.save(force_insert=True)
    forged = _forged(world, other)
    with (
        pytest.raises(IntegrityError, match="link disputes only its invoice"),
        walls.asking_for(world.contract.buyer_id),
        transaction.atomic(),
    ):
        DisputedInvoice.objects.create(contract=world.contract, invoice=world.invoice, dispute=forged, gross=1)


def vars_of(grant: GuestGrant) -> dict[str, Any]:
    """Whose link it is, and from when until when."""
    named = ("contract_id", "organisation_id", "purpose", "name", "email", "created_at", "expires_at")
    return {name: getattr(grant, name) for name in named}


def _forged(world: World, grant: GuestGrant) -> Dispute:
    """A dispute about no submission, by somebody with a link and with SQL."""
    at = clock.now()
    with walls.asking_for(world.contract.buyer_id):
        return Dispute.objects.create(
            contract=world.contract,
            grant=grant,
            amount=1,
            whole=12000,
            currency="EUR",
            raised_by="buyer",
            raised_at=at,
            raiser_name="Eve",
            answer_days=14,
            awaits="seller",
            answer_due_at=at,
        )


def test_nobody_of_the_seller_asks_in_the_buyers_place(world: World) -> None:
    client = Client()
    client.force_login(world.parties.people["seller"].user)
    answer = client.post(f"{world.page()}dispute/", {"key": key()})
    assert (answer.status_code, world.grants()) == (403, [])

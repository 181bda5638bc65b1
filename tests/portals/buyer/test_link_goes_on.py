"""What goes on after a decision, by personal link: defects, a dispute, a termination; each to its end.

Of a buyer of whom nobody has an account.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction

from apps.contracts.models import Contract, GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.invoicing import services as invoicing
from apps.invoicing.models import CreditNote, Invoice, InvoiceLink, OpenItem
from apps.milestones.models import Decision, Dispute, Reservation, ReservationWord, Settlement, SettlementSignature
from apps.milestones.services import Defect
from apps.parties.models import Organisation
from apps.workflows import contracting, proof_codes, reserving
from apps.workflows.mails import going_on, reservations
from apps.workflows.models import ProofCode
from tests import disputes, scenarios, terminations
from tests.conftest import Once
from tests.portals.buyer.browsers import Guest, tells_what_is_beyond
from tests.portals.buyer.test_accept_part import kept
from tests.scenarios import Parties, acting, key

D = Decimal
MAILBOX = "hanna@hafen.example"


@dataclass
class World:
    """A buyer of whom nobody has an account: 12,000.00 accepted under two defects, and the next milestone submitted."""

    parties: Parties
    contract: Contract

    def guest(self, purpose: str, subject_ref: str = "") -> Guest:
        """The signatory with the newest link of a purpose."""
        with walls.asking_for(self.contract.buyer_id):
            links = GuestGrant.objects.filter(contract=self.contract, purpose=purpose)
            return Guest((links.filter(subject_ref=subject_ref) if subject_ref else links).order_by("-pk")[0])

    def defects(self) -> list[Reservation]:
        with walls.asking_for(self.contract.buyer_id):
            return list(Reservation.objects.filter(contract=self.contract).select_related("milestone"))

    def open(self) -> Decimal:
        with walls.asking_for(self.contract.seller_id):
            return OpenItem.objects.get(contract=self.contract).open

    def ask_for_codes(self) -> None:
        """The buyer, were it here, would have asked for a code above this."""
        with walls.asking_for(self.contract.buyer_id):
            Organisation.objects.filter(pk=self.contract.buyer_id).update(step_up_above=D(100))


@pytest.fixture(scope="module")
def told(once: Once) -> World:
    return once(_story)


@pytest.fixture
def world(told: World, db: None) -> World:
    return told


def _story() -> World:
    parties = scenarios.organisations()
    buyer = scenarios.named_buyer(parties)
    contract = scenarios.active_contract(
        parties,
        draft=scenarios.software_draft(
            parties, buyer_ref=buyer.ref, signatory_name="Hanna Hafen", signatory_email=MAILBOX
        ),
    )
    submission = scenarios.submitted_milestone(contract)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    listed = [Defect("Door 4", date(2036, 1, 31), D(1000)), Defect("Paint", date(2036, 1, 31), D(500))]
    with acting(guest):
        reserving.accept_with_reservations(
            actor=guest, key=key(), submission_ref=submission.ref, seen=submission.sha256, defects=listed
        )
    return World(parties, contract)


def posted(guest: Guest, path: str, do: str, **typed: Any) -> Any:
    """One form of a page, sent as its button does."""
    page = guest.get(path)
    return guest.post(path, kept(page) | {"do": do} | typed)


def prove(guest: Guest, address: str) -> Any:
    """The code from the mailbox, typed on the page to which ``address`` leads."""
    guest.client.post(address, {"send": "yes"})
    with acting(scenarios.guest_actor(guest.grant)):
        code = ProofCode.objects.filter(grant=guest.grant).latest("pk")
    return guest.client.post(address, {"code": proof_codes.code_of(code.ref)})


def test_a_guest_releases_defects_one_by_one_and_the_link_dies_with_the_last(world: World) -> None:
    door, paint = world.defects()
    seller = scenarios.seller_actor(world.parties)
    with acting(seller):
        reserving.report_mended(actor=seller, key=key(), reservation_ref=door.ref, text="A new hinge.")
        offer = reserving.offer_reduction(actor=seller, key=key(), reservation_ref=paint.ref, amount=D(200))["offer"]
        word = ReservationWord.objects.get(reservation=door)
    guest = world.guest("mend")
    with walls.asking_for(world.contract.buyer_id):
        assert GuestGrant.objects.filter(contract=world.contract, purpose="mend").count() == 1
        reservations.reservation_news(word_ref=word.ref, organisation_id=world.contract.buyer_id)
    assert mail.outbox[-1].to == [MAILBOX]
    assert guest.address in str(mail.outbox[-1].body)

    page = guest.get().content.decode()
    assert f"{guest.address}defects/{door.ref}/" in page
    said = page.replace("\N{NO-BREAK SPACE}", " ")
    assert "1,500.00 EUR withheld" in said
    assert said.count("The other side offers 200.00 EUR off the price: it waits for your answer") == 1
    # The link that accepted shows the list too, and leads nowhere: each defect has its page by the other link.
    accepted = world.guest("sign_off").get().content.decode()
    assert all(one.title in accepted for one in (door, paint))
    assert "Prototype is signed off with reservations" in accepted
    assert "the seller mends the defects by their dates, and you release each of them" in accepted
    assert accepted.count("to be mended by") == 2
    assert "link in the mail about what is to be mended" in accepted
    assert "defects/" not in accepted
    assert "/buyer/" not in page.split("<main", 1)[1].split("</main>", 1)[0]
    assert posted(guest, f"defects/{door.ref}/", "missing", text="").status_code == 422
    assert posted(guest, f"defects/{door.ref}/", "release", text="It closes.").status_code == 302
    assert world.open() == D("13685.00")
    assert posted(guest, f"defects/{paint.ref}/", "agree", offer=offer).status_code == 302
    assert world.open() == D("14042.00")
    accepted = world.guest("sign_off").get().content.decode()
    assert "waits for your answer" not in accepted
    # All of them are settled: there is nothing to mend.
    assert "the seller mends the defects" not in accepted
    with walls.asking_for(world.contract.seller_id):
        note, words = CreditNote.objects.get(), ReservationWord.objects.filter(side="buyer")
        assert (note.gross, note.issued_by_name) == (D("238.00"), seller.name)
        assert [(one.user_id, one.grant_id, one.name) for one in words] == [(None, guest.grant.pk, "Hanna Hafen")] * 2
    spent = posted(guest, f"defects/{door.ref}/", "release", text="")
    assert "Released" in guest.get(f"defects/{door.ref}/").content.decode()
    assert spent.status_code == 422
    assert posted(world.guest("mend"), "", "release").status_code == 405


def test_nobody_releases_by_the_link_that_accepted_or_by_that_of_another_milestone(world: World) -> None:
    door, _paint = world.defects()
    assert world.guest("sign_off").status(f"defects/{door.ref}/") == 404
    other = scenarios.submitted_milestone(world.contract, position=2)
    assert Guest(scenarios.link_to_sign_off(other)).status(f"defects/{door.ref}/") == 404
    with (
        pytest.raises(IntegrityError, match="link speaks only of its defects"),
        walls.asking_for(world.contract.buyer_id),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO milestones_reservationword (ref, contract_id, reservation_id, number, kind, side, text,"
            " grant_id, name, written_at) VALUES ('forged', %s, %s, 1, 'released', 'buyer', '', %s, 'Nobody', now())",
            [world.contract.pk, door.pk, scenarios.link_to_sign_off(other).pk],
        )


def test_above_the_buyers_amount_a_code_is_asked_for_first(world: World) -> None:
    world.ask_for_codes()
    door, _paint = world.defects()
    guest = world.guest("mend")
    page = guest.get(f"defects/{door.ref}/")
    assert page.context["proof_url"].startswith(f"{guest.address}confirm/?next=")
    refused = posted(guest, f"defects/{door.ref}/", "release", text="It closes.")
    assert refused.status_code == 422
    assert "Confirm that it is you" in refused.content.decode()
    back = prove(guest, page.context["proof_url"])
    assert back["Location"] == f"{guest.address}defects/{door.ref}/"
    assert guest.client.get(f"{guest.address}confirm/?next=https://elsewhere.example/").context["back"] == guest.address
    assert posted(guest, f"defects/{door.ref}/", "release", text="It closes.").status_code == 302


def test_an_expired_link_is_renewed_to_the_same_mailbox(world: World) -> None:
    guest = world.guest("mend")
    with clock.stopped(guest.grant.expires_at):
        assert "This link has expired" in guest.get().content.decode()
        guest.post("renew/", {"key": key()})
        new = world.guest("mend")
        assert (new.grant.email, new.grant.replaces_id) == (MAILBOX, guest.grant.pk)
        with walls.asking_for(world.contract.buyer_id):
            going_on.link_to_what_goes_on(grant_ref=new.grant.ref)
            going_on.link_to_what_goes_on(grant_ref=guest.grant.ref)
    assert [(one.to, new.address in str(one.body)) for one in mail.outbox] == [([MAILBOX], True)]
    assert contracting.LINK_MAILS.keys() == set(GuestGrant.Purpose)


def test_a_guest_answers_shows_a_file_and_settles_a_dispute(world: World) -> None:
    submission = scenarios.submitted_milestone(world.contract, position=2)
    with walls.asking_for(world.contract.buyer_id):
        submission = disputes.told(_told_to(world), submission, at=clock.now())
    seller = scenarios.seller_actor(world.parties)
    dispute = disputes.on_submission(submission, actor=seller, at=clock.now(), amount="2000")
    guest, reviewer = world.guest("dispute", dispute.ref), Guest(scenarios.link_to_sign_off(submission))
    assert guest.get()["Location"] == f"{guest.address}dispute/"
    for one in (guest, reviewer):
        shown = one.get("dispute/").content.decode()
        assert "The export loses rows" in shown
        tells_what_is_beyond(one, shown)
    asked = reviewer.get().content.decode()
    assert "Not in dispute, net of tax" in asked
    assert "To sign off, net of tax" not in asked
    assert posted(guest, "dispute/", "answer", text="It loses none.").status_code == 302
    shown = SimpleUploadedFile("rows.txt", b"rows: 10", content_type="text/plain")
    assert posted(guest, "dispute/", "attach", file=shown).status_code == 302
    with walls.asking_for(world.contract.seller_id):
        file = dispute.files.get()
    assert (file.side, file.user_id, file.grant_id) == ("buyer", None, guest.grant.pk)
    assert reviewer.status(f"dispute-files/{file.ref}/") == 200
    assert world.guest("mend").status(f"dispute-files/{file.ref}/") == 404

    proposal = disputes.proposed(dispute, "partly_upheld", actor=seller, at=clock.now(), amount="500")
    page = guest.get("dispute/")
    assert "500.00" in page.content.decode()
    assert posted(guest, "dispute/", "agree", proposal=proposal.ref).status_code == 302
    with walls.asking_for(world.contract.seller_id):
        ended = Dispute.objects.get(pk=dispute.pk)
    assert (ended.state, ended.settler_id, ended.settler_grant_id) == ("partly_upheld", None, guest.grant.pk)
    assert "Upheld in part" in guest.get("dispute/").content.decode()
    again = guest.post("dispute/", kept(page) | {"do": "agree", "proposal": proposal.ref})
    assert again.status_code == 422


def test_what_a_guest_disputes_it_withdraws_by_a_link_of_its_own(world: World) -> None:
    submission = scenarios.submitted_milestone(world.contract, position=2)
    with walls.asking_for(world.contract.buyer_id):
        submission = disputes.told(_told_to(world), submission, at=clock.now())
    used = world.guest("sign_off", submission.ref)
    what = {"how": "amount", "amount": "2,000.00", "reason": "The export loses rows.", "answer_days": "14"}
    shown = posted(used, "dispute/", "", **what, rest="on")
    assert "The statement you agree to" in shown.content.decode()
    assert posted(used, "dispute/", "", **what, rest="on", sign="yes").status_code == 302
    with walls.asking_for(world.contract.seller_id):
        assert Invoice.objects.filter(contract=world.contract, milestone__accepted_submission=submission).exists()
    assert "Disputed 2,000.00" in used.get("").content.decode()
    guest = world.guest("dispute")
    assert "Go on in this dispute by the link in the mail" in used.get("dispute/").content.decode()
    assert posted(guest, "dispute/", "propose", outcome="rejected", note="").status_code == 302
    assert posted(guest, "dispute/", "withdraw").status_code == 302
    with walls.asking_for(world.contract.seller_id):
        ended = Dispute.objects.get()
    assert (ended.state, ended.settled_by, ended.settler_grant_id) == ("withdrawn", "buyer", guest.grant.pk)


def test_a_guest_reads_and_signs_a_settlement_and_the_contract_ends(world: World) -> None:
    world.ask_for_codes()
    seller, now = scenarios.seller_actor(world.parties), clock.now()
    today = clock.today(world.parties.seller.time_zone)
    notice = terminations.noticed(world.contract, by=seller, effective_on=today, at=now)
    guest = world.guest("settle", notice.ref)
    shown = guest.get().content.decode()
    assert "Say what the work is worth" in shown
    tells_what_is_beyond(guest, shown)
    forms = guest.get("settlement/").context["forms"]
    amounts = [one["amount"].html_name for one in forms.values]
    check = guest.post("settlement/", {"key": "k", amounts[0]: "100.00", amounts[1]: "0"})
    assert "We " in check.content.decode()
    assert "It cannot be signed now" not in check.content.decode()

    settlement = terminations.proposed(world.contract, {2: "4000"}, by=seller, at=now)
    page = guest.get()
    assert f"{guest.address}settlement/sign/" in page.content.decode()
    assert "/buyer/" not in page.content.decode().split("<main", 1)[1].split("</main>", 1)[0]
    sign = guest.get("settlement/sign/")
    seen = {name: str(sign.context["again"][name].value()) for name in ("key", "seen")}
    assert guest.post("settlement/sign/", seen).status_code == 422
    assert prove(guest, sign.context["proof_url"])["Location"] == f"{guest.address}settlement/sign/"
    assert guest.post("settlement/sign/", seen | {"seen": "0" * 64}).status_code == 422
    assert guest.post("settlement/sign/", seen)["Location"] == guest.address
    with walls.asking_for(world.contract.seller_id):
        signature = SettlementSignature.objects.get(settlement=settlement, side="buyer")
        decision = Decision.objects.get(outcome="settled")
        assert Contract.objects.get(pk=world.contract.pk).state == "terminated"
        assert Settlement.objects.get(pk=settlement.pk).state == "signed"
    assert (signature.email, signature.grant_id, signature.proved_by) == (
        MAILBOX,
        guest.grant.pk,
        "code sent to e-mail",
    )
    assert (decision.grant_id, decision.name) == (guest.grant.pk, "Hanna Hafen")
    over = guest.get().content.decode()
    assert "The PDF is being made" in over
    assert "Signed" in over
    assert "What you can do" not in over
    with walls.asking_for(world.contract.seller_id):
        bill = Invoice.objects.get(milestone__position=2)
        assert f"{bill.number} <" in over
        invoicing.host(invoice=bill, at=clock.now())
        link = InvoiceLink.objects.live().get(invoice=bill)
    over = guest.get().content.decode()
    assert f'<a href="/i/{invoicing.token_of(link)}/">{bill.number}</a>' in over
    said = over.replace("\N{NO-BREAK SPACE}", " ")
    assert "4,760.00" in said
    # What was accepted before, and what the signatures valued.
    assert "16,000.00" in said
    timeline = over.split('<ol class="timeline">', 1)[1]
    assert "Draft begun" not in timeline
    assert "Contract signed by both sides" not in timeline
    assert timeline.count("terminated") >= 1
    assert guest.get("settlement/sign/")["Location"] == guest.address
    assert world.guest("mend").status("settlement.pdf") == 404


def _told_to(world: World) -> Parties:
    """The parties as helpers for disputes know them, with the buyer that has nobody here."""
    with walls.asking_for(world.contract.buyer_id):
        buyer = Organisation.objects.get(pk=world.contract.buyer_id)
    return Parties(world.parties.seller, buyer, world.parties.financier, world.parties.people, world.parties.domain)


@pytest.mark.parametrize("path", ["defects", "ask/", "dispute/", "changes/"])
def test_what_was_typed_while_a_link_expired_stands_in_the_form_of_the_next(world: World, path: str) -> None:
    purpose, fields = "sign_off", {"text": "Which hinge?", "reason": "Which hinge?", "comment": "Which hinge?"}
    if path == "defects":
        purpose, path = "mend", f"defects/{world.defects()[0].ref}/"
        fields = {"do": "release", "text": "Which hinge?"}
    else:
        scenarios.submitted_milestone(world.contract, position=2)
    guest = world.guest(purpose)
    sent = kept(guest.get(path)) | fields | {"how": "all", "answer_days": "14"}
    with clock.stopped(guest.grant.expires_at):
        answer = guest.post(path, sent)
        assert answer.status_code == 422
        assert "What you typed is kept in this browser" in answer.content.decode()
        # As the page of a dead link sends it, with the hidden fields that every form has.
        guest.post("renew/", {"key": key(), "shown_in": "en"})
        guest.post("confirm/", {"send": "yes"})
        new = world.guest(purpose)
        assert new.grant.replaces_id == guest.grant.pk
        there = f"{new.address}{path}"
        stranger = new.get(path)
        assert "Which hinge?" not in stranger.content.decode(), "it is kept in the browser in which it was typed"
        opened = guest.client.get(new.address).content.decode()
        assert f'<a href="{there}">Go on with it</a>' in opened
        assert "Which hinge?" in guest.client.get(there).content.decode()
        assert "Which hinge?" not in guest.client.get(there).content.decode()
    with walls.asking_for(world.contract.seller_id):
        assert not ReservationWord.objects.exists()
        assert not Dispute.objects.exists()


def test_of_a_link_that_was_replaced_while_somebody_typed_nothing_is_lost_either(world: World) -> None:
    guest, path = world.guest("mend"), f"defects/{world.defects()[0].ref}/"
    sent = kept(guest.get(path)) | {"do": "release", "text": "Which hinge?"}
    actor = scenarios.guest_actor(guest.grant)
    with acting(actor):
        contracting.renew_link(actor=actor, key=key(), grant_ref=guest.grant.ref)
    answer = guest.post(path, sent)
    assert answer.status_code == 404, "behind a revoked link nothing can be read, not even that there is such a defect"
    assert "What you typed is kept in this browser" in answer.content.decode()
    there = f"{world.guest('mend').address}{path}"
    assert "Which hinge?" in guest.client.get(there).content.decode()

"""A decision goes from personal link to personal link: to a colleague of the buyer's, and to nobody of the seller's.

Of a buyer of whom nobody has an account.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.db import IntegrityError, ProgrammingError, connection, transaction

from apps.audit.models import Entry
from apps.contracts import rules
from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.contracts.services import passed_links
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.milestones.certificates import page
from apps.milestones.models import Certificate, Decision, HandOver, Submission
from apps.parties import services as parties_services
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.services.members import join
from apps.workflows import before_acceptance, commenting, contracting, proof_codes, proofs, sign_off, worker
from apps.workflows.models import EvidencePack, ProofCode
from tests import scenarios
from tests.conftest import Once
from tests.packed import says_of
from tests.portals.buyer.browsers import Guest, hidden
from tests.scenarios import Parties, acting, key

HANNA, NINA = "hanna@hafen.example", "nina@hafen.example"


@dataclass
class World:
    """12,000.00 wait for the signature of Hanna Hafen, who has a link and no account; nothing else was asked."""

    parties: Parties
    contract: Contract
    submission: Submission

    def link(self, mailbox: str) -> GuestGrant:
        with walls.asking_for(self.contract.buyer_id):
            links = GuestGrant.objects.filter(subject_ref=self.submission.ref, email=mailbox)
            return links.select_related("contract").order_by("-pk")[0]

    def guest(self, mailbox: str = HANNA) -> Actor:
        """Whoever opens the newest link of a mailbox."""
        return contracts.guest(self.link(mailbox), origin=scenarios.guest_actor(self.link(mailbox)).origin)

    def passes(self, to: str = NINA, *, by: Actor | None = None, note: str = "") -> HandOver:
        actor = by or self.guest()
        with acting(actor):
            answer = before_acceptance.pass_by_link(
                actor=actor, key=key(), submission_ref=self.submission.ref, name="Nina Nord", email=to, note=note
            )
        with walls.asking_for(self.contract.buyer_id):
            return HandOver.objects.select_related("grant", "to_grant").get(ref=answer["hand_over"])

    def accepts(self, mailbox: str) -> None:
        actor = self.guest(mailbox)
        with acting(actor):
            sign_off.accept_milestone(
                actor=actor, key=key(), submission_ref=self.submission.ref, seen=self.submission.sha256
            )

    def asks_for_codes(self) -> None:
        with walls.asking_for(self.contract.buyer_id):
            Organisation.objects.filter(pk=self.contract.buyer_id).update(step_up_above=Decimal(100))


def _story() -> World:
    parties = scenarios.organisations()
    buyer = scenarios.named_buyer(parties)
    draft = scenarios.software_draft(
        parties, buyer_ref=buyer.ref, signatory_name="Hanna Hafen", signatory_email=HANNA, second_acceptor_above=None
    )
    contract = scenarios.active_contract(parties, draft=draft)
    return World(parties, contract, scenarios.submitted_milestone(contract))


@pytest.fixture(scope="module")
def told(once: Once) -> World:
    return once(_story)


@pytest.fixture
def world(told: World, db: None) -> World:
    return told


def test_a_colleague_decides_and_everything_says_who_passed_it_on(world: World, tmp_path: Path) -> None:
    hanna = Guest(world.link(HANNA))
    assert f"{hanna.address}pass/" in hanna.get().content.decode()
    form = {"name": "Nina Nord", "email": "Nina@hafen.example", "note": "You saw it."}
    mail.outbox.clear()
    assert hanna.post("pass/", hidden(hanna.get("pass/")) | form).status_code == 302
    worker.run_due_jobs()
    nina = Guest(world.link(NINA))
    asked, told = (
        next(one for one in mail.outbox if one.to == [mailbox] and words in one.subject)
        for mailbox, words in ((NINA, "passes to you"), (HANNA, "Passed on"))
    )
    assert "Hanna Hafen passes to you: Prototype" in asked.subject
    assert (nina.address in str(asked.body), "You saw it." in str(asked.body)) == (True, True)
    assert ("Passed on to Nina Nord: Prototype" in told.subject, hanna.address in str(told.body)) == (True, True)
    assert "You passed this to Nina Nord" in hanna.get().content.decode()
    shown = nina.get().content.decode()
    assert ("Hanna Hafen passed this to you" in shown, "You saw it." in shown) == (True, True)
    assert f"{nina.address}pass/" not in shown

    assert nina.post("accept/", hidden(nina.get("accept/"))).status_code == 302
    for guest in (hanna, nina):
        assert "Prototype is signed off" in guest.get().content.decode(), "both links show what came"
    for asks in (world.guest(NINA), scenarios.member(world.parties, "seller")):
        code, said = says_of(pack_of(world, asks, folder=tmp_path))
        assert code == 0, said
        assert f"Hanna Hafen ({HANNA}) passed the decision on to Nina Nord ({NINA})" in said
    with walls.asking_for(world.contract.seller_id):
        decision = Decision.objects.get(submission=world.submission)
        assert (decision.name, decision.email) == ("Nina Nord", NINA)
        told_there = canonical.read(Certificate.objects.get(decision=decision).snapshot)
        assert told_there["decision"]["link"]["passed_on_by"] == {"name": "Hanna Hafen", "email": HANNA}
        rows = str(page.page_of(told_there))
        assert ("asked by the person whom the signed contract names" in rows, HANNA in rows) == (True, True)
        assert "You saw it." not in "".join(Entry.objects.values_list("text", flat=True)), "the note is the buyer's"
        assert not HandOver.objects.exists(), "and no row of it the seller's"


def test_who_took_part_in_what_is_written_of_a_milestone_hears_of_it_by_the_own_way(world: World) -> None:
    milestone = world.submission.milestone
    world.passes()
    dario, sina = scenarios.member(world.parties, "delivery"), scenarios.member(world.parties, "seller")

    def write(actor: Actor, text: str) -> dict[str, str]:
        """To whom a mail with these words went, and its text."""
        worker.run_due_jobs()
        mail.outbox.clear()
        with acting(actor):
            commenting.comment_milestone(actor=actor, key=key(), milestone_ref=milestone.ref, text=text)
        worker.run_due_jobs()
        return {mailbox: str(one.body) for one in mail.outbox for mailbox in one.to}

    assert HANNA not in write(world.guest(NINA), "Which hall?"), "a colleague's question goes to the seller"
    told = write(sina, "Hall 3.")
    assert Guest(world.link(NINA)).address in told[NINA]
    assert Guest(world.link(HANNA)).address in told[HANNA]
    assert not {sina.email, dario.email} & told.keys(), "nobody of the seller wrote before, and the author knows it"
    told = write(dario, "And hall 4.")
    assert (set(told), "Hall 3." in told[NINA]) == ({HANNA, NINA, sina.email}, False)
    assert f"/seller/milestones/{milestone.ref}/#conversation" in told[sina.email]
    told = write(world.guest(HANNA), "Thank you.")
    assert (NINA in told, HANNA in told, {sina.email, dario.email} <= told.keys()) == (True, False, True)
    # Whose link was taken back reads nothing more.
    before = world.link(NINA)
    world.passes(to="ole@hafen.example")
    assert set(write(sina, "Gate 2.")) == {HANNA, dario.email}
    # Nor does whoever went over to the seller, although the link is there.
    world.passes()
    assert world.link(NINA).pk != before.pk
    nina = parties_services.enrol(email=NINA, name="Nina Nord")
    with walls.asking_for(world.contract.seller_id):
        join(user=nina, organisation=world.parties.seller, roles={"billing"}, at=clock.now())
    assert set(write(sina, "Gate 1.")) == {HANNA, dario.email}


def pack_of(world: World, actor: Actor, *, folder: Path) -> Path:
    """The pack of the milestone, as its side gets it."""
    with acting(actor):
        answer = proofs.request_pack(
            actor=actor, key=key(), contract_ref=world.contract.ref, milestone_ref=world.submission.milestone.ref
        )
    worker.run_due_jobs()
    with acting(actor), default_storage.open(EvidencePack.objects.get(ref=answer["pack"]).stored_as) as stored:
        (folder / "pack.zip").write_bytes(stored.read())
    return folder / "pack.zip"


def test_it_is_taken_back_or_given_to_somebody_else_and_the_signatory_can_always_decide(world: World) -> None:
    first = world.passes()
    world.passes("olaf@hafen.example")
    with pytest.raises(NotAllowed), acting(world.guest(NINA)) as nina:
        sign_off.accept_milestone(
            actor=nina, key=key(), submission_ref=world.submission.ref, seen=world.submission.sha256
        )
    hanna = Guest(world.link(HANNA))
    again = {"key": str(hanna.get("pass/").context["taking_back"]["key"].value()), "take_back": "yes"}
    assert hanna.post("pass/", again).status_code == 302
    for mailbox in (NINA, "olaf@hafen.example"):
        assert "This link no longer works" in Guest(world.link(mailbox)).get().content.decode()
    with pytest.raises(IllegalTransition, match="nothing to take back"), acting(world.guest()) as actor:
        before_acceptance.take_back_milestone(actor=actor, key=key(), submission_ref=world.submission.ref)
    world.accepts(HANNA)
    with pytest.raises(Refused), acting(world.guest()) as actor:
        before_acceptance.pass_by_link(
            actor=actor, key=key(), submission_ref=world.submission.ref, name="Nina", email=NINA
        )
    with walls.asking_for(world.contract.buyer_id):
        assert HandOver.objects.count() == 2
        assert HandOver.objects.get(ref=first.ref).to_name == "Nina Nord"


@pytest.mark.parametrize(
    ("mailbox", "signatory", "words"),
    [
        ("nina@elsewhere.example", HANNA, "is not in hafen.example"),
        ("nina@mail.hafen.example", HANNA, "is not in hafen.example"),
        ("nina@hafen.example.evil.example", HANNA, "is not in hafen.example"),
        ("hanna+2@hafen.example", HANNA, "is the same mailbox"),
        ("nina%evil.example@hafen.example", HANNA, "is not an e-mail address"),
        ("nina@evil.example,x@hafen.example", HANNA, "is not an e-mail address"),
        ("nina@h\N{CYRILLIC SMALL LETTER A}fen.example", HANNA, "is not an e-mail address"),
        ("nina@gmail.com", "hanna@googlemail.com", "a provider that anybody can use"),
        ("nina@aol.de", "hanna@aol.de", "a provider that anybody can use"),
        ("sina+x@hafen.example", HANNA, "belongs to the seller"),
    ],
)
def test_only_the_mail_domain_of_the_signatory_is_the_buyers(mailbox: str, signatory: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        rules.check_colleague(mailbox, signatory=signatory, sellers=["sina@hafen.example"] if "sina" in mailbox else [])
    assert rules.check_colleague(" Nina@HAFEN.example ", signatory="Hanna@Hafen.Example", sellers=[]) == NINA


def test_a_link_in_wrong_hands_brings_nobody_else_in_above_the_buyers_amount(world: World) -> None:
    """Who got hold of the link, but not of the mailbox, gets no code to another mailbox of the same domain."""
    world.asks_for_codes()
    with pytest.raises(NotAllowed, match="Confirm first"):
        world.passes()
    with walls.asking_for(world.contract.buyer_id):
        assert not GuestGrant.objects.filter(email=NINA).exists()
    hanna = Guest(world.link(HANNA))
    form = {"name": "Nina Nord", "email": NINA}
    answer = hanna.post("pass/", hidden(hanna.get("pass/")) | form)
    assert (answer.status_code, "confirm/?next=" in answer.content.decode()) == (422, True)
    where = f"{hanna.address}confirm/"
    hanna.client.post(where, {"send": "yes"})
    with acting(world.guest()):
        sent = ProofCode.objects.filter(grant=hanna.grant).latest("pk")
    hanna.client.post(where, {"code": proof_codes.code_of(sent.ref)})
    assert hanna.post("pass/", hidden(hanna.get("pass/")) | form).status_code == 302
    nina = Guest(world.link(NINA))
    assert "send_code" in nina.get("accept/").content.decode(), "her own mailbox is asked for her own code"


def test_the_colleague_passes_on_to_nobody_and_nobody_does_once_the_buyer_has_an_owner(world: World) -> None:
    world.passes()
    with pytest.raises(NotAllowed, match="Ask Hanna Hafen"):
        world.passes("olaf@hafen.example", by=world.guest(NINA))
    with pytest.raises(NotAllowed, match="Choose a colleague of your team"):
        world.passes(by=scenarios.member(world.parties, "seller"))
    with walls.asking_for(world.contract.buyer_id):
        buyer = Organisation.objects.get(pk=world.contract.buyer_id)
    scenarios.claimed(buyer, domain=world.parties.domain)
    for mailbox in (HANNA, NINA):
        with pytest.raises(NotAllowed):
            world.passes("olaf@hafen.example", by=world.guest(mailbox))
    with pytest.raises(NotAllowed, match="has an owner here"):
        world.accepts(NINA)


@pytest.mark.parametrize("named", ["otto@anders.example", NINA])
def test_what_was_passed_on_dies_with_the_signatory_who_passed_it(world: World, named: str) -> None:
    """After a change order named another one, be it the colleague: only the new signatory gets links; what was passed
    on is worth nothing."""
    passed = world.passes().to_grant
    with walls.asking_for(world.contract.seller_id, world.contract.buyer_id), transaction.atomic():
        contract = Contract.objects.select_related("active_version", "seller", "buyer").get(pk=world.contract.pk)
        assert contract.active_version is not None
        contract.active_version.signatory_email = named
        system = Actor.system(organisation_id=contract.seller_id)
        anew = passed_links.pass_links(contract=contract, actor=system, at=clock.now())
        assert [one.email for one in anew if one.subject_ref == world.submission.ref] == [named]
        assert passed is not None
        passed.refresh_from_db()
    assert passed.revoked_at is not None
    assert world.link(HANNA).revoked_at is not None
    assert (world.link(named).passed_from_id, world.link(named).revoked_at) == (None, None)


def test_a_colleague_who_went_over_to_the_seller_gets_no_other_link(world: World) -> None:
    """Neither when asked for, nor because a review runs longer, which the signatory's link does all the same."""
    world.passes()
    nina = parties_services.enrol(email=NINA, name="Nina Nord")
    with walls.asking_for(world.contract.seller_id):
        join(user=nina, organisation=world.parties.seller, roles={"delivery"}, at=clock.now())
    hers = world.link(NINA).ref
    with pytest.raises(Refused, match="no longer needed"), acting(world.guest(NINA)) as guest:
        contracting.renew_link(actor=guest, key=key(), grant_ref=hers)
    system, at = Actor.system(organisation_id=world.contract.seller_id), clock.now()
    with walls.asking_for(world.contract.seller_id, world.contract.buyer_id), transaction.atomic():
        prolonged = passed_links.prolong_sign_off(
            contract=Contract.objects.select_related("seller", "buyer").get(pk=world.contract.pk),
            submission_ref=world.submission.ref,
            until=at + timedelta(days=90),
            actor=system,
            at=at,
        )
        assert [one.email for one in prolonged] == [HANNA]


ROW = (
    "INSERT INTO contracts_guestgrant (ref, contract_id, organisation_id, purpose, subject_ref, name, email,"
    " token_sha256, created_at, expires_at, passed_from_id) SELECT 'forged', contract_id, organisation_id, {purpose},"
    " {subject}, 'Eve', '{email}', 'forged', now(), now() + interval '1 day', id FROM contracts_guestgrant"
    " WHERE id = {id}"
)


@pytest.mark.parametrize(
    "forged",
    [
        {"email": "eve@evil.example"},
        {"email": "eve@sub.hafen.example"},
        {"email": "eve@hafen.example@evil.example"},
        {"email": "HANNA@hafen.example"},
        {"purpose": "'mend'"},
        {"subject": "'other'"},
        {"id": "nina"},
    ],
    ids=str,
)
def test_no_raw_sql_passes_on_outside_the_house(world: World, forged: dict[str, str]) -> None:
    world.passes()
    of = {"email": "eve@hafen.example", "purpose": "purpose", "subject": "subject_ref", "id": str(world.link(HANNA).pk)}
    of |= {**forged, **({"id": str(world.link(NINA).pk)} if "id" in forged else {})}
    with (
        pytest.raises(IntegrityError, match="passed on to a colleague"),
        walls.asking_for(world.contract.buyer_id),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(ROW.format(**of))


def test_no_raw_sql_tells_of_a_hand_over_that_was_none(world: World) -> None:
    handed = world.passes()
    same = {name: getattr(handed, name) for name in ("contract_id", "organisation_id", "submission_id", "name")}
    for to in (world.link(HANNA), handed.to_grant):
        with pytest.raises(IntegrityError), walls.asking_for(world.contract.buyer_id), transaction.atomic():
            HandOver.objects.create(
                **same, grant_id=handed.to_grant_id, to_grant=to, to_name="Eve", passed_at=clock.now()
            )
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        walls.asking_for(world.contract.buyer_id),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE milestones_handover SET to_name = 'Eve'")

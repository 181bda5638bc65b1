"""The notice of assignment: read, confirmed once, by somebody who may."""

import io
from unittest.mock import patch

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from pypdf import PdfReader

from apps.audit.models import Entry
from apps.contracts.models import Contract, GuestGrant
from apps.core import canonical
from apps.core.database import walls
from apps.core.errors import Refused
from apps.core.printing import press
from apps.financing import assignment_proofs
from apps.financing.models import Assignment, AssignmentProof, Tranche
from apps.workflows import funding, worker
from tests import scenarios
from tests.portals.buyer.browsers import Guest, hidden
from tests.portals.buyer.conftest import SignIn
from tests.portals.buyer.stories import assigned, invoiced, pledged
from tests.scenarios import Parties, acting, key


@pytest.fixture
def notice(parties: Parties, active: Contract) -> Assignment:
    return assigned(parties, invoiced(active))


def address(notice: Assignment) -> str:
    return reverse("buyer:acknowledge_assignment", args=[notice.ref])


def confirmed_by(notice: Assignment) -> str:
    with walls.asking_for(notice.financier_id):
        found = Assignment.objects.select_related("acknowledged_by").get(pk=notice.pk)
    return str(found.acknowledged_by or "")


def test_the_notice_is_read_and_confirmed(notice: Assignment, sign_in: SignIn) -> None:
    client = sign_in("payables")
    page = client.get(address(notice))
    for shown in ("NOTICE OF ASSIGNMENT", "Kontor Capital GmbH", "DE75 5121 0800 1245 1261 99", "14,280.00"):
        assert shown in page.content.decode()
    assert confirmed_by(notice) == ""
    answer = client.post(address(notice), hidden(page))
    assert answer.status_code == 302
    assert confirmed_by(notice) == "Paul Pohl"
    after = client.get(address(notice)).content.decode()
    assert "Paul Pohl" in after
    assert "I confirm that I have read this notice" not in after


def test_two_clicks_confirm_once(notice: Assignment, sign_in: SignIn) -> None:
    client = sign_in("payables")
    form = hidden(client.get(address(notice)))
    assert [client.post(address(notice), form).status_code for _ in range(2)] == [302, 302]


def test_who_comes_second_is_told_that_it_is_done(notice: Assignment, sign_in: SignIn) -> None:
    paul, olga = sign_in("payables"), sign_in("buyer")
    late = hidden(olga.get(address(notice)))
    paul.post(address(notice), hidden(paul.get(address(notice))))
    answer = olga.post(address(notice), late)
    assert answer.status_code == 422
    assert "already acknowledged" in answer.content.decode()
    assert confirmed_by(notice) == "Paul Pohl"


def test_another_text_is_shown_and_not_confirmed(notice: Assignment, sign_in: SignIn) -> None:
    client = sign_in("payables")
    answer = client.post(address(notice), hidden(client.get(address(notice))) | {"seen": "0" * 64})
    assert answer.status_code == 422
    assert confirmed_by(notice) == ""
    assert client.post(address(notice), hidden(answer)).status_code == 302


@pytest.fixture
def guest(notice: Assignment) -> Guest:
    """The signatory with the link that came with the notice."""
    with walls.asking_for(notice.financier_id):
        contract_id = notice.contract_id
        grant = GuestGrant.objects.get(contract_id=contract_id, purpose=GuestGrant.Purpose.ACKNOWLEDGE)
    return Guest(grant)


def confirmed_by_link(notice: Assignment) -> int | None:
    with walls.asking_for(notice.financier_id):
        return Assignment.objects.get(pk=notice.pk).acknowledged_by_grant_id


def test_the_signatory_confirms_by_link_on_one_page(notice: Assignment, guest: Guest) -> None:
    page = guest.get()
    assert "NOTICE OF ASSIGNMENT" in page.content.decode()
    assert "/buyer/" not in page.content.decode()  # nothing that needs an account
    assert confirmed_by_link(notice) is None
    answer = guest.post("", hidden(page))
    assert (answer.status_code, answer["Location"]) == (302, guest.address)
    assert confirmed_by_link(notice) == guest.grant.pk
    after = guest.get().content.decode()
    assert "Bea Berg" in after
    assert "DE75 5121 0800 1245 1261 99" in after
    assert "I confirm that I have read this notice" not in after


def test_two_clicks_on_the_link_confirm_once(notice: Assignment, guest: Guest) -> None:
    form = hidden(guest.get())
    assert [guest.post("", form).status_code for _ in range(2)] == [302, 302]


def test_a_link_to_a_notice_is_for_nothing_else(guest: Guest) -> None:
    for path in (
        "sign/",
        "contract-changes/",
        "accept/",
        "changes/",
        "invoice.pdf",
        "invoice.xml",
        "peppol.xml",
        "document/",
    ):
        assert guest.get(path).status_code == 404


def test_a_notice_before_acceptance_says_that_nothing_is_owed_yet(
    parties: Parties, active: Contract, sign_in: SignIn
) -> None:
    milestone = scenarios.milestone_of(active, position=2)
    notice = pledged(parties, milestone)
    client = sign_in("payables")
    home = client.get("/buyer/").content.decode()
    assert "The invoice for Integration will be assigned" in home
    page = client.get(address(notice))
    for shown in ("To pay once you accept", "14,280.00", "Nothing is to be paid before you accept", "Kontor Capital"):
        assert shown in page.content.decode().replace("\N{NO-BREAK SPACE}", " "), shown
    answer = client.post(address(notice), hidden(page))
    assert answer["Location"] == reverse("buyer:milestone", args=[milestone.ref])
    assert confirmed_by(notice) == "Paul Pohl"
    invoice = invoiced(active, position=2)
    said = sign_in("buyer").get(reverse("buyer:invoice", args=[invoice.ref])).content.decode()
    assert "Kontor Capital GmbH" in said
    assert "DE75 5121 0800 1245 1261 99" in said


def proof_of(notice: Assignment) -> AssignmentProof:
    with walls.asking_for(notice.financier_id):
        return AssignmentProof.objects.get(assignment=notice)


def test_the_buyer_asks_for_proof_and_gets_who_signed_for_the_seller_and_never_the_price(
    notice: Assignment, sign_in: SignIn, parties: Parties
) -> None:
    client, ask = sign_in("payables"), reverse("buyer:ask_assignment_proof", args=[notice.ref])
    file = reverse("buyer:assignment_proof", args=[notice.ref])
    page = client.get(address(notice)).content.decode()
    assert ask in page
    assert file not in page
    assert client.get(file).status_code == 404
    form = {"key": key()}
    assert [client.post(ask, form)["Location"] for _ in range(2)] == [address(notice)] * 2
    assert "The proof is being made" in client.get(address(notice)).content.decode()
    worker.run_due_jobs()
    assert file in client.get(address(notice)).content.decode()
    sent = client.get(file)
    content = b"".join(sent.streaming_content)  # type: ignore[attr-defined]
    proof = proof_of(notice)
    assert canonical.sha256(content) == proof.sha256
    pages = PdfReader(io.BytesIO(content)).pages
    text = " ".join(" ".join(one.extract_text().split()) for one in pages).replace("\N{NO-BREAK SPACE}", " ")
    with walls.asking_for(notice.financier_id):
        chain = {one.verb: one for one in Entry.objects.filter(subject=f"assignment:{notice.ref}")}
        tranche = Tranche.objects.select_related("offer__answered_by").get(assignment=notice)
        signed = Entry.objects.get(verb="offer.accepted", subject=f"offer:{tranche.offer.ref}")
        signatory = str(tranche.offer.answered_by)
    bare = text.replace(" ", "")
    for words in (signatory, "Kontor Capital GmbH", "14,280.00", "DE75 5121 0800 1245 1261 99"):
        assert words.replace(" ", "") in bare
    for sha256 in (notice.notice_sha256, signed.sha256, chain["receivable.assigned"].sha256):
        assert sha256 in bare
    for secret in (tranche.gross, tranche.discount, tranche.gross - tranche.discount - tranche.fee):
        assert f"{secret:,.2f}" not in text
    assert canonical.read(chain["assignment.proof_made"].text)["facts"]["sha256"] == proof.sha256
    answer = client.post(ask, {"key": key()}, follow=True).content.decode()
    assert "It is already there" in answer


def test_a_guest_asks_by_the_link_of_the_notice(notice: Assignment, guest: Guest) -> None:
    assert "assignment/ask/" in guest.get().content.decode()
    assert guest.status("assignment.pdf") == 404
    assert guest.post("assignment/ask/", {"key": key()}).status_code == 302
    worker.run_due_jobs()
    content = b"".join(guest.get("assignment.pdf").streaming_content)
    assert canonical.sha256(content) == proof_of(notice).sha256


def test_only_the_buyer_asks_and_a_failure_is_tried_again(notice: Assignment, parties: Parties) -> None:
    for role in ("seller", "financier"):
        with acting(scenarios.member(parties, role)) as other, pytest.raises(Refused, match="Only the buyer"):
            funding.ask_assignment_proof(actor=other, key=key(), assignment_ref=notice.ref)
    paul = scenarios.member(parties, "payables")
    with acting(paul):
        asked = funding.ask_assignment_proof(actor=paul, key=key(), assignment_ref=notice.ref)
    failing = patch.object(press, "pdf", side_effect=press.PangoMissingError)
    with walls.asking_for(notice.financier_id), failing, pytest.raises(press.PangoMissingError):
        assignment_proofs.make(proof_ref=asked["proof"])
    assert proof_of(notice).state == "failed"
    with acting(paul):
        assert funding.ask_assignment_proof(actor=paul, key=key(), assignment_ref=notice.ref) == asked
    for change in ("snapshot = snapshot || ' '", "snapshot_sha256 = repeat('0', 64)"):
        with acting(paul), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE financing_assignmentproof SET {change}")
    with walls.asking_for(notice.financier_id):
        assignment_proofs.make(proof_ref=asked["proof"])
    assert proof_of(notice).state == "ready"

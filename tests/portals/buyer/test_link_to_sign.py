"""The personal link to a contract: read it, sign it or ask for changes, without an account."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion, Signature
from apps.core.database import walls
from apps.workflows import contracting
from tests import scenarios
from tests.portals.buyer.browsers import Guest, contract_state_of, hidden, token_of
from tests.scenarios import Parties, acting, key

DAY = timedelta(days=1)


@pytest.fixture
def proposed(parties: Parties) -> Contract:
    return scenarios.proposed_contract(parties)


@pytest.fixture
def guest(proposed: Contract) -> Guest:
    return Guest(scenarios.link_to_sign(proposed))


def test_the_page_says_what_is_signed(guest: Guest) -> None:
    page = guest.get().content.decode()
    for said in ("Nordlicht Software GmbH", "Meridian Logistik AG", "40,000.00", "within 30 days", "14 calendar days"):
        assert said in page
    assert "Prototype: the test protocol shows no open defect of class A." in page
    assert "Sina Nord" in page  # who signed for the seller
    assert "NL-2026-014" in page


def test_reading_changes_nothing(guest: Guest, proposed: Contract) -> None:
    for path in ("", "sign/", "contract-changes/"):
        assert guest.get(path).status_code == 200
    assert contract_state_of(proposed) == "proposed"
    live = scenarios.link_to_sign(proposed)
    assert live.first_viewed_at is None


def test_signing_takes_two_pages_and_shows_the_result(guest: Guest, proposed: Contract) -> None:
    answer = guest.post("sign/", hidden(guest.get("sign/")))
    assert answer.status_code == 302
    assert answer["Location"] == guest.address
    assert contract_state_of(proposed) == "active"
    with walls.asking_for(proposed.buyer_id):
        signature = Signature.objects.get(version__contract=proposed, side="buyer")
        version = ContractVersion.objects.get(contract=proposed)
    assert signature.sha256 == version.sha256
    assert (signature.name, signature.authenticated_by) == ("Bea Berg", "personal link")
    page = guest.get()
    assert page.status_code == 200
    assert "The contract is signed by both sides" in page.content.decode()


def test_the_statement_on_the_page_is_the_one_that_is_kept(guest: Guest, proposed: Contract) -> None:
    shown = guest.get("sign/").context["reading"].statement.text
    guest.post("sign/", hidden(guest.get("sign/")))
    with walls.asking_for(proposed.buyer_id):
        assert Signature.objects.get(version__contract=proposed, side="buyer").statement == shown


def test_a_second_click_shows_the_first_result(guest: Guest, proposed: Contract) -> None:
    form = hidden(guest.get("sign/"))
    first, second = guest.post("sign/", form), guest.post("sign/", form)
    assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
    with walls.asking_for(proposed.buyer_id):
        assert Signature.objects.filter(version__contract=proposed, side="buyer").count() == 1


def test_another_text_is_shown_and_not_signed(guest: Guest, proposed: Contract) -> None:
    form = hidden(guest.get("sign/")) | {"seen": "0" * 64}
    answer = guest.post("sign/", form)
    assert answer.status_code == 422
    assert "nothing was signed" in answer.content.decode()
    assert contract_state_of(proposed) == "proposed"
    again = guest.post("sign/", hidden(answer))  # the page now carries the text that stands
    assert again.status_code == 302
    assert contract_state_of(proposed) == "active"


def test_asking_for_changes_needs_a_reason(guest: Guest, proposed: Contract) -> None:
    form = hidden(guest.get("contract-changes/"))
    answer = guest.post("contract-changes/", form | {"reason": " "})
    assert answer.status_code == 422
    assert "Say what should change" in answer.content.decode()
    assert contract_state_of(proposed) == "proposed"


def test_asking_for_changes_sends_the_reason_and_spends_the_link(guest: Guest, proposed: Contract) -> None:
    form = hidden(guest.get("contract-changes/")) | {"reason": "Please 21 days to review."}
    answer = guest.post("contract-changes/", form)
    assert (answer.status_code, answer["Location"]) == (302, guest.address)
    assert contract_state_of(proposed) == "draft"
    page = guest.get().content.decode()
    assert "You asked for changes" in page
    assert "Please 21 days to review." in page
    assert "sign/" not in page
    assert guest.get("sign/").status_code == 302


def test_a_newer_version_shows_what_changed(guest: Guest, proposed: Contract, parties: Parties) -> None:
    guest.post("contract-changes/", hidden(guest.get("contract-changes/")) | {"reason": "Longer review."})
    second = repropose(parties, proposed, review_days=21)
    page = Guest(scenarios.link_to_sign(proposed)).get()
    assert page.context["reading"].version.pk == second.pk
    difference = page.context["reading"].difference
    assert [(row.label, row.before, row.after) for row in difference.terms] == [("Days to review", "14", "21")]
    assert difference.lines == []
    assert "Longer review." in page.content.decode()


def test_the_link_of_the_older_version_signs_nothing(guest: Guest, proposed: Contract, parties: Parties) -> None:
    form = hidden(guest.get("sign/"))
    guest.post("contract-changes/", hidden(guest.get("contract-changes/")) | {"reason": "Longer review."})
    repropose(parties, proposed, review_days=21)
    answer = guest.post("sign/", form)
    assert answer.status_code == 422
    assert contract_state_of(proposed) == "proposed"


def test_an_expired_link_says_so_and_keeps_what_was_typed(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties, at=datetime.now(UTC) - 40 * DAY)
    guest = Guest(scenarios.link_to_sign(contract))
    page = guest.get()
    assert page.status_code == 200
    assert "This link has expired" in page.content.decode()
    assert "40,000.00" not in page.content.decode()
    assert guest.get("sign/").status_code == 302
    late = guest.post("contract-changes/", {"key": key(), "reason": "We want a longer review."})
    assert late.status_code == 422
    assert "has expired" in late.content.decode()
    assert "We want a longer review." in late.content.decode()
    with walls.asking_for(contract.buyer_id):
        seen = ContractVersion.objects.get(contract=contract).sha256
    assert guest.post("sign/", {"key": key(), "seen": seen}).status_code == 422
    assert contract_state_of(contract) == "proposed"


def test_a_link_is_for_one_thing(guest: Guest) -> None:
    for path in (
        "accept/",
        "changes/",
        "evidence/k7f2m9q4x8h3n6pz/",
        "invoice.pdf",
        "invoice.xml",
        "peppol.xml",
        "document/",
    ):
        assert guest.get(path).status_code == 404


def test_a_form_without_the_page_s_token_is_refused(guest: Guest, proposed: Contract) -> None:
    form = hidden(guest.get("sign/"))
    forged = Guest(guest.grant, Client(enforce_csrf_checks=True))
    assert forged.post("sign/", form).status_code == 403
    assert contract_state_of(proposed) == "proposed"


def test_whoever_is_signed_in_reads_a_link_as_its_guest(guest: Guest, proposed: Contract, parties: Parties) -> None:
    guest.client.force_login(parties.people["buyer"].user)  # a colleague on the same machine; the other side is refused
    page = guest.get("sign/")
    assert page.status_code == 200
    assert "You sign as <strong>Bea Berg</strong>" in page.content.decode()
    assert not page.context["portal"].nav
    assert token_of(guest.grant) in page.request["PATH_INFO"]


def repropose(parties: Parties, contract: Contract, *, review_days: int) -> ContractVersion:
    sina = scenarios.seller_actor(parties)
    draft = scenarios.software_draft(parties, review_days=review_days)
    with acting(sina):
        contracting.change_draft(actor=sina, key=key(), contract_ref=contract.ref, draft=draft)
        contract.refresh_from_db()
        _text, seen = contracts.preview(contract)
        contracting.propose_contract(actor=sina, key=key(), contract_ref=contract.ref, seen=seen)
        return ContractVersion.objects.get(contract=contract, proposed_at__isnull=False, changes_asked_at__isnull=True)

"""Who may open the buyer's pages, and who may not."""

from itertools import product

import pytest
from django.test import Client
from django.urls import reverse

from apps.contracts.models import ContractVersion
from apps.core.database import walls
from apps.milestones.models import EvidenceFile
from tests import corrections, disputes, payment_documents, scenarios
from tests.conftest import Once
from tests.portals.buyer.browsers import status_of
from tests.portals.buyer.conftest import SignIn
from tests.portals.buyer.stories import assigned, invoiced
from tests.portals.matrix.ways import plain_refusals
from tests.scenarios import Parties

LISTS = ("home", "contracts", "invoices", "account_statements")


def refs_of(parties: Parties) -> dict[str, str]:
    """One object of every kind that the buyer's pages show, by the name of its page."""
    contract = scenarios.active_contract(parties)
    proposed = scenarios.proposed_contract(parties, draft=scenarios.software_draft(parties, number="NL-2"))
    invoice = invoiced(contract)
    notice = assigned(parties, invoice)
    submission = scenarios.submitted_milestone(contract, position=2)
    credited = scenarios.accepted_milestone(contract, position=3)
    note = corrections.credited(parties, corrections.invoice_of(credited).ref, "1.00")
    _contract, papers = payment_documents.waiting(parties, scenarios.software_draft(parties, number="NL-P"))
    dispute_ref, dispute_file_ref = disputes.shown(parties, corrections.invoice_of(credited).ref)
    with walls.asking_for(contract.seller_id):
        version = ContractVersion.objects.get(contract=proposed)
        file = EvidenceFile.objects.get(submission=submission)
    return {
        "contract": contract.ref,
        "sign_contract": version.ref,
        "request_contract_changes": version.ref,
        "milestone": submission.milestone.ref,
        "accept_milestone": submission.ref,
        "request_changes": submission.ref,
        "evidence": file.ref,
        "account_statement": parties.seller.ref,
        "invoice": invoice.ref,
        "invoice_document": invoice.ref,
        "acknowledge_assignment": notice.ref,
        "credit_note": note.ref,
        "corrected_invoice": corrections.corrected(parties, corrections.invoice_of(credited)).ref,
        "dispute_submission": submission.ref,
        "dispute_invoice": invoice.ref,
        "dispute": dispute_ref,
        "dispute_file": dispute_file_ref,
        "payment_document": papers[payment_documents.HANDED_IN],
        "return_document": papers[payment_documents.HANDED_IN],
        "ask_nullification": credited.ref,
        "answer_nullification": corrections.asked(parties, credited.ref, by="billing"),
    }


@pytest.fixture(scope="module")
def parties(once: Once) -> Parties:
    return once(scenarios.organisations)


@pytest.fixture(scope="module")
def refs(once: Once, parties: Parties) -> dict[str, str]:
    """Here everybody only looks, or begins a story of his own."""
    return once(lambda: refs_of(parties))


def addresses(refs: dict[str, str]) -> list[str]:
    return [reverse(f"buyer:{name}", args=[ref]) for name, ref in refs.items()]


def test_anonymous_is_sent_to_sign_in(refs: dict[str, str], db: None) -> None:
    for address in [*addresses(refs), *(reverse(f"buyer:{name}") for name in LISTS)]:
        for ask in (Client().get, Client().post):
            answer = ask(address)
            assert answer.status_code == 302, address
            assert answer["Location"].startswith(reverse("account_login")), address


def test_the_buyer_s_people_read_every_page(refs: dict[str, str], sign_in: SignIn) -> None:
    pages = [*addresses(refs), *(reverse(f"buyer:{name}") for name in LISTS)]
    for role in ("buyer", "approver", "payables"):
        client = sign_in(role)
        for address in pages:
            assert status_of(client, address) == 200, (role, address)


def test_the_other_sides_and_strangers_find_nothing_here(
    refs: dict[str, str], strangers: Parties, sign_in: SignIn
) -> None:
    mine = addresses(refs)
    refs_of(strangers)
    others = (sign_in("seller"), sign_in("financier"), sign_in("buyer", of=strangers))
    with plain_refusals():
        for client, address in product(others, mine):
            for ask in (client.get, client.post):
                assert ask(address).status_code in (404, 405), address


def test_a_draft_is_the_seller_s_own_paper(parties: Parties, sign_in: SignIn) -> None:
    draft = scenarios.drafted_contract(parties, draft=scenarios.software_draft(parties, number="NL-8"))
    with walls.asking_for(parties.seller.pk):
        version = ContractVersion.objects.get(contract=draft)
    client = sign_in("buyer")
    assert client.get(reverse("buyer:contract", args=[draft.ref])).status_code == 404
    assert client.get(reverse("buyer:sign_contract", args=[version.ref])).status_code == 404
    assert draft.number not in client.get(reverse("buyer:contracts")).content.decode()


def test_a_submission_in_preparation_is_the_seller_s_own_paper(parties: Parties, sign_in: SignIn) -> None:
    active = scenarios.active_contract(parties, draft=scenarios.software_draft(parties, number="NL-9"))
    milestone = scenarios.prepared_milestone(active, actor=scenarios.seller_actor(parties))
    with walls.asking_for(parties.seller.pk):
        draft = milestone.submissions.get()
        file = EvidenceFile.objects.get(submission=draft)
    client = sign_in("approver")
    page = client.get(reverse("buyer:milestone", args=[milestone.ref]))
    assert page.status_code == 200
    assert "Everything is installed" not in page.content.decode()
    for name, ref in (("accept_milestone", draft.ref), ("request_changes", draft.ref), ("evidence", file.ref)):
        assert client.get(reverse(f"buyer:{name}", args=[ref])).status_code == 404


@pytest.mark.parametrize("name", ["home", "contracts", "invoices"])
def test_lists_take_no_post(parties: Parties, sign_in: SignIn, name: str) -> None:
    assert sign_in("buyer").post(reverse(f"buyer:{name}")).status_code == 405

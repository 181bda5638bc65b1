"""A negotiation on the pages: the buyer answers, the seller answers back, both write to each other, a guest too."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.contracts.models import Comment, Contract, ContractVersion
from apps.core import clock
from apps.core.database import walls
from apps.workflows import worker
from tests import scenarios
from tests.portals.buyer.browsers import token_of
from tests.scenarios import Parties


@pytest.fixture
def contract(parties: Parties) -> Contract:
    return scenarios.proposed_contract(parties)


def browser(parties: Parties, role: str) -> Client:
    client = Client()
    client.force_login(parties.people[role].user)
    return client


def version_of(contract: Contract, number: int = 1) -> ContractVersion:
    with walls.asking_for(contract.seller_id):
        return ContractVersion.objects.get(contract=contract, number=number, proposed_at__isnull=False)


def state_of(contract: Contract) -> str:
    with walls.asking_for(contract.seller_id):
        return Contract.objects.get(pk=contract.pk).state


def hidden(response: Any) -> dict[str, str]:
    shown = response.context.get("again") or response.context["form"]
    return {name: str(shown[name].value()) for name in ("key", "seen") if name in shown.fields}


def typed(response: Any) -> dict[str, Any]:
    """Everything in the editor, as a browser would send it."""
    form, lines = response.context["form"], response.context["lines"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    data |= {"plan-count": str(len(lines))}
    for index, line in enumerate(lines):
        for name in line.form.fields:
            field = line.form[name]
            if field.value() is not None:
                data[field.html_name] = field.value()
        data[f"plan-{index}-count"] = str(len(line.criteria))
        for criterion in line.criteria:
            for field in (criterion["text"], criterion["needs_evidence"]):
                if field.value():
                    data[field.html_name] = field.value()
    return {name: field.isoformat() if hasattr(field, "isoformat") else field for name, field in data.items()}


def answered(parties: Parties, contract: Contract, *, price: str = "38,000.00") -> Client:
    """The buyer's owner proposes another price, click by click."""
    client = browser(parties, "buyer")
    page = client.get(reverse("buyer:contract", args=[contract.ref]))
    address = reverse("buyer:answer_proposal", args=[version_of(contract).ref])
    assert address in page.content.decode()
    begun = client.post(address, {"key": str(page.context["action"]["key"].value())})
    editor = reverse("buyer:change_draft", args=[contract.ref])
    assert begun["Location"] == editor
    page = client.get(editor)
    assert page.status_code == 200
    saved = client.post(editor, typed(page) | {"price": price, "do": "check"})
    assert saved.status_code == 302, saved.context["problems"]
    check = client.get(saved["Location"])
    assert "it binds us once the seller has signed the same version" in check.content.decode()
    sent = client.post(saved["Location"], hidden(check))
    assert sent["Location"] == reverse("buyer:contract", args=[contract.ref])
    return client


def test_the_buyer_answers_with_a_price_of_its_own_and_the_seller_signs(parties: Parties, contract: Contract) -> None:
    buyer = answered(parties, contract)
    shown = buyer.get(reverse("buyer:contract", args=[contract.ref])).content.decode()
    assert "Version 2 proposed and signed by the buyer" in shown
    assert "the seller reads your version" in shown
    # What the buyer proposed itself waits for the seller: no list and no badge says that it needs the buyer.
    tabs = {tab.label: tab.count for tab in buyer.get(reverse("buyer:contracts")).context["tabs"]}
    assert (tabs["To sign"], tabs["Proposed"]) == (0, 1)
    seller = browser(parties, "seller")
    assert "Answer version 2" in seller.get(reverse("seller:home")).content.decode()
    version = version_of(contract, 2)
    address = reverse("seller:sign_contract", args=[version.ref])
    page = seller.get(reverse("seller:contract", args=[contract.ref])).content.decode()
    assert address in page
    assert "proposes version 2" in page
    form = seller.get(address)
    text = form.content.decode()
    assert "38,000.00" in text
    assert "I have read version 2 of contract NL-2026-014" in text
    signed = seller.post(address, hidden(form))
    assert signed.status_code == 302
    assert state_of(contract) == "active"
    assert seller.get(address).status_code == 302, "what is signed is not signed again"


def test_a_buyer_begins_a_contract_with_a_seller_who_is_not_here(parties: Parties) -> None:
    buyer, new = browser(parties, "buyer"), reverse("buyer:draft_contract")
    assert new in buyer.get(reverse("buyer:contracts")).content.decode()
    page = buyer.get(new)
    form = page.context["form"]
    assert (form["signatory_email"].value(), form["number"].value()[:3]) == ("olga@meridian.example", "PO-")
    order = typed(page) | {
        "title": "A crane",
        "seller": "new",
        "new_legal_name": "Kranbau Ost GmbH",
        "new_country": "DE",
        "price": "1,000.00",
        "tax_rate": "19",
        "plan-0-title": "Crane",
        "plan-0-basis": "remainder",
        "plan-0-count": "1",
        "plan-0-c-0-text": "It lifts two tonnes",
    }
    refused = buyer.post(new, order | {"do": "check"})
    assert (refused.status_code, "nobody here yet" in refused.content.decode()) == (422, True)
    saved = buyer.post(new, order | {"seller_email": "karl@kranbau.test", "do": "check"})
    assert saved.status_code == 302, saved.context["problems"]
    with walls.asking_for(parties.buyer.pk):
        contract = Contract.objects.get(title="A crane")
    shown = reverse("buyer:contract", args=[contract.ref])
    mine = buyer.get(shown).content.decode()
    assert saved["Location"] in mine
    assert "karl@kranbau.test" in mine
    assert "A crane" in buyer.get(reverse("buyer:contracts") + "?state=draft").content.decode()
    again = buyer.get(reverse("buyer:change_draft", args=[contract.ref])).context["form"]
    assert (again["seller"].value(), again["seller_email"].value()) == (contract.seller.ref, "karl@kranbau.test")
    check = buyer.get(saved["Location"])
    assert "karl@kranbau.test gets a mail" in check.content.decode()
    assert buyer.post(saved["Location"], hidden(check))["Location"] == shown
    assert "the seller reads your version" in buyer.get(shown).content.decode()
    assert buyer.get(reverse("buyer:withdraw_contract", args=[contract.ref])).status_code == 200


def test_the_seller_asks_for_changes_and_the_buyer_revises(parties: Parties, contract: Contract) -> None:
    buyer = answered(parties, contract)
    seller = browser(parties, "seller")
    address = reverse("seller:request_contract_changes", args=[version_of(contract, 2).ref])
    form = seller.get(address)
    refused = seller.post(address, hidden(form) | {"reason": " "})
    assert refused.status_code == 422
    assert seller.post(address, hidden(form) | {"reason": "Not below 39,000."}).status_code == 302
    assert state_of(contract) == "draft"
    assert "works on a new version" in seller.get(reverse("seller:contract", args=[contract.ref])).content.decode()
    assert "Your version to send" in buyer.get(reverse("buyer:home")).content.decode()
    page = buyer.get(reverse("buyer:contract", args=[contract.ref])).content.decode()
    assert "Not below 39,000." in page
    assert reverse("buyer:change_draft", args=[contract.ref]) in page


def test_the_seller_answers_with_the_next_version(parties: Parties, contract: Contract) -> None:
    answered(parties, contract)
    seller = browser(parties, "seller")
    page = seller.get(reverse("seller:contract", args=[contract.ref]))
    address = reverse("seller:answer_proposal", args=[version_of(contract, 2).ref])
    begun = seller.post(address, {"key": str(page.context["action"]["key"].value())})
    editor = seller.get(begun["Location"])
    assert editor.status_code == 200
    assert "title" not in editor.context["form"].fields
    saved = seller.post(begun["Location"], typed(editor) | {"price": "39,000.00", "do": "check"})
    check = seller.get(saved["Location"])
    assert seller.post(saved["Location"], hidden(check)).status_code == 302
    assert (version_of(contract, 3).author, state_of(contract)) == ("seller", "proposed")


def test_the_buyer_withdraws_its_own_proposal_only(parties: Parties, contract: Contract) -> None:
    client = browser(parties, "buyer")
    address = reverse("buyer:withdraw_contract", args=[contract.ref])
    assert "proposed last" in client.get(address).content.decode()
    answered(parties, contract)
    assert client.post(address, hidden(client.get(address))).status_code == 302
    assert state_of(contract) == "withdrawn"


def test_both_sides_and_the_guest_read_the_same_conversation(parties: Parties, contract: Contract) -> None:
    version = version_of(contract)
    token = token_of(scenarios.link_to_sign(contract))
    guest = Client()
    for client, read, write, text in (
        (
            browser(parties, "seller"),
            reverse("seller:contract", args=[contract.ref]),
            reverse("seller:comment_contract", args=[version.ref]),
            "Is June late?",
        ),
        (
            guest,
            reverse("link:open", args=[token]),
            reverse("link:comment_contract", args=[token]),
            "<b>May</b> is better.",
        ),
        (
            browser(parties, "buyer"),
            reverse("buyer:contract", args=[contract.ref]),
            reverse("buyer:comment_contract", args=[version.ref]),
            "So says our yard.",
        ),
    ):
        form = client.get(write)
        assert form.status_code == 200
        empty = client.post(write, hidden(form) | {"text": ""})
        assert (empty.status_code, "Write something" in empty.content.decode()) == (422, True)
        data = hidden(form) | {"text": text}
        for _ in range(2):
            assert client.post(write, data)["Location"] == f"{read}#conversation"
        assert write in client.get(read).content.decode()
    with walls.asking_for(contract.seller_id):
        assert Comment.objects.count() == 3
    for client, read in (
        (browser(parties, "seller"), reverse("seller:contract", args=[contract.ref])),
        (browser(parties, "payables"), reverse("buyer:contract", args=[contract.ref])),
        (guest, reverse("link:open", args=[token])),
    ):
        page = client.get(read).content.decode()
        for words in ("Is June late?", "&lt;b&gt;May&lt;/b&gt; is better.", "So says our yard."):
            assert words in page
    assert (
        "Send this comment"
        not in browser(parties, "payables").get(reverse("buyer:contract", args=[contract.ref])).content.decode()
    )


def test_after_the_last_day_the_page_says_what_to_do(parties: Parties) -> None:
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    draft = scenarios.software_draft(parties, answer_until=(start + timedelta(days=7)).date())
    contract = scenarios.proposed_contract(parties, draft=draft, at=start)
    client, version = browser(parties, "approver"), version_of(contract)
    address = reverse("buyer:sign_contract", args=[version.ref])
    with clock.stopped(start + timedelta(days=1)):
        form = client.get(address)
    with clock.stopped(start + timedelta(days=9)):
        late = client.post(address, hidden(form))
        assert (late.status_code, state_of(contract)) == (422, "proposed")
        assert "could be signed until the end of" in late.content.decode()
        assert (
            "The last day to sign is over"
            in client.get(reverse("buyer:contract", args=[contract.ref])).content.decode()
        )


def test_the_contract_on_paper_is_handed_to_both_sides_and_to_the_guest(parties: Parties, contract: Contract) -> None:
    try:
        import weasyprint  # noqa: F401
    except OSError:
        pytest.skip("PDF documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0")
    version, token = version_of(contract), token_of(scenarios.link_to_sign(contract))
    doors = (
        (browser(parties, "seller"), reverse("seller:contract_pdf", args=[version.ref])),
        (browser(parties, "buyer"), reverse("buyer:contract_pdf", args=[version.ref])),
        (Client(), reverse("link:contract_pdf", args=[token])),
    )
    for client, address in doors:
        assert client.get(address).status_code == 404, "not made yet"
    shown = doors[0][0].get(reverse("seller:contract", args=[contract.ref])).content.decode()
    assert "The PDF is being made" in shown
    worker.run_due_jobs()
    for client, address in doors:
        answer = client.get(address)
        assert answer["Content-Type"] == "application/pdf"
        assert "proposal-NL-2026-014-v1.pdf" in answer["Content-Disposition"]
        assert b"".join(answer.streaming_content).startswith(b"%PDF-1.7")  # type: ignore[attr-defined]
    assert doors[0][1] in doors[0][0].get(reverse("seller:contract", args=[contract.ref])).content.decode()
    assert doors[1][1] in doors[1][0].get(reverse("buyer:contract", args=[contract.ref])).content.decode()
    assert doors[2][1] in doors[2][0].get(reverse("link:open", args=[token])).content.decode()

"""The personal link to a change order, and to a dispute: sign or decline; answer, withdraw; without an account."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.contracts.drafts import ChangeDraft, ChangedTerms
from apps.contracts.models import ChangeOrder, Contract, Signature
from apps.core.database import walls
from apps.invoicing.models import CreditNote
from apps.milestones.models import Dispute
from apps.workflows import changing, disputing, team, worker
from tests import change_orders, scenarios
from tests.change_orders import line
from tests.portals.buyer.browsers import Guest, hidden
from tests.portals.test_account import code_in_digits
from tests.scenarios import Parties, acting, key


@pytest.fixture
def contract(parties: Parties) -> Contract:
    return scenarios.active_contract(parties)


@pytest.fixture
def guest(parties: Parties, contract: Contract) -> Guest:
    """With the link to a change of an amount and of terms."""
    draft = ChangeDraft(
        "Second warehouse",
        "It was opened in May.",
        lines=(line(contract, 2, amount=Decimal("14000.00")),),
        terms=ChangedTerms(payment_days=45, silence="accepted"),
    )
    change_orders.propose(contract, draft, by=scenarios.seller_actor(parties))
    return Guest(scenarios.link_to_sign(contract))


def order_of(contract: Contract) -> ChangeOrder:
    with walls.asking_for(contract.buyer_id):
        return ChangeOrder.objects.get(contract=contract)


def test_a_guest_reads_what_changes_and_signs_it(guest: Guest, contract: Contract) -> None:
    shown = guest.get().content.decode()
    for words in ("Bea Berg", "Second warehouse", "14,000.00", "42,000.00", "Days to pay", "45", "Counts as accepted"):
        assert words in shown, words
    assert f"{guest.address}sign/" in shown
    assert "/buyer/" not in shown.split("<main", 1)[1].split("</main>", 1)[0]
    page = guest.get("sign/")
    assert "I have read change order 1 of contract NL-2026-014" in page.content.decode()
    assert order_of(contract).state == "proposed"

    seen = {name: str(page.context["again"][name].value()) for name in ("key", "seen")}
    stale = guest.post("sign/", seen | {"seen": "0" * 64})
    assert (stale.status_code, order_of(contract).state) == (422, "proposed")
    answer = guest.post("sign/", seen)
    assert (answer.status_code, answer["Location"]) == (302, guest.address)
    assert order_of(contract).state == "signed"
    order = order_of(contract)
    with walls.asking_for(contract.buyer_id):
        signature = Signature.objects.get(version__change_order=order, side="buyer")
    assert (signature.name, signature.authenticated_by) == ("Bea Berg", "personal link")
    assert "signed by both sides and in force" in guest.get().content.decode()


def test_a_guest_signs_an_order_that_takes_back_what_was_accepted_above_the_own_amount_with_a_code(
    parties: Parties, contract: Contract
) -> None:
    scenarios.accepted_milestone(contract)
    less = ChangeDraft("Smaller prototype", "No cold store.", lines=(line(contract, 1, amount=Decimal("9000.00")),))
    change_orders.propose(contract, less, by=scenarios.seller_actor(parties))
    guest = Guest(scenarios.link_to_sign(contract))
    shown = guest.get().content.decode()
    assert f"{guest.address}sign/" in shown
    assert "It cannot be signed now" not in shown
    with acting(scenarios.buyer_actor(parties)) as olga:
        team.set_step_up(actor=olga, key=key(), above=Decimal(10_000))
    page = guest.get("sign/")
    seen = {name: str(page.context["again"][name].value()) for name in ("key", "seen")}
    assert "I sign this change order" not in page.content.decode()
    assert guest.post("sign/", seen).status_code == 422
    assert order_of(contract).state == "proposed"
    proof = page.context["proof_url"]
    guest.client.post(proof, {"send": "yes"})
    worker.run_due_jobs()
    assert guest.client.post(proof, {"code": code_in_digits()})["Location"] == f"{guest.address}sign/"
    page = guest.get("sign/")
    assert "I sign this change order" in page.content.decode()
    seen = {name: str(page.context["again"][name].value()) for name in ("key", "seen")}
    assert guest.post("sign/", seen)["Location"] == guest.address
    assert order_of(contract).state == "signed"
    with walls.asking_for(contract.seller_id):
        assert CreditNote.objects.get().net == Decimal("3000.00")


def test_a_guest_declines_it_with_a_reason(guest: Guest, contract: Contract) -> None:
    page = guest.get("contract-changes/")
    assert guest.post("contract-changes/", hidden(page) | {"reason": ""}).status_code == 422
    assert guest.post("contract-changes/", hidden(page) | {"reason": "Too dear."})["Location"] == guest.address
    order = order_of(contract)
    assert (order.state, order.closed_reason) == ("declined", "Too dear.")
    assert "Too dear." in guest.get().content.decode()
    assert guest.get("sign/")["Location"] == guest.address


def test_a_side_types_terms_and_reads_them_before_it_signs(parties: Parties, contract: Contract) -> None:
    client = Client()
    client.force_login(parties.people["seller"].user)
    address = reverse("seller:propose_change", args=[contract.ref])
    page = client.get(address)
    forms = page.context["forms"]
    data: dict[str, Any] = {"new-count": "0", "title": "Terms", "reason": "By telephone."}
    for form in (forms.head, forms.terms):
        data |= {form[name].html_name: form[name].value() for name in form.fields if form[name].value() is not None}
    data |= {"title": "Terms", "reason": "By telephone.", "terms-payment_days": "400"}
    assert client.post(address, data).status_code == 422
    check = client.post(address, data | {"terms-payment_days": "45"})
    shown = check.content.decode()
    assert check.status_code == 200
    assert "Terms, from then on" in shown
    assert "what is billed or under review stays under its own" in shown
    sent = client.post(
        address,
        dict(check.context["carried"]) | {name: str(check.context["again"][name].value()) for name in ("key", "seen")},
    )
    assert sent.status_code == 302
    assert order_of(contract).state == "proposed"


def test_what_waits_for_a_price_is_listed_with_its_age(parties: Parties, contract: Contract) -> None:
    olga = scenarios.buyer_actor(parties)
    with acting(olga):
        noted = ChangeDraft(title="Cold store", reason="Begin now; the price follows.")
        changing.record_change(actor=olga, key=key(), contract_ref=contract.ref, draft=noted)
    client = Client()
    client.force_login(parties.people["seller"].user)
    home = client.get(reverse("seller:home")).content.decode()
    assert "Price the change: Cold store" in home
    assert "recorded 0 days ago" in home
    assert (
        "waits for a price for 0 days" in client.get(reverse("seller:contract", args=[contract.ref])).content.decode()
    )


def test_a_guest_answers_a_dispute_and_withdraws_its_own(parties: Parties, contract: Contract) -> None:
    submission = scenarios.submitted_milestone(contract)
    guest = Guest(scenarios.link_to_sign_off(submission))
    guest.post("viewed/")
    form = guest.get("dispute/")
    said = {"how": "amount", "amount": "4,000.00", "reason": "Screen five is missing.", "answer_days": "7"}
    guest.post("dispute/", hidden(form) | said)
    assert "Open the dispute" in guest.get().content.decode()
    found = _dispute(contract)
    with acting(scenarios.seller_actor(parties)) as sina:
        disputing.answer_dispute(actor=sina, key=key(), dispute_ref=found.ref, text="It was never agreed.")
    page = guest.get("dispute/")
    shown = page.content.decode()
    for words in ("Screen five is missing.", "It was never agreed.", "It is your turn"):
        assert words in shown, words
    assert "I agree: settle it so" not in shown
    forms = page.context["forms"]
    answer = {"do": "answer", "key": str(forms["answer"]["key"].value())}
    assert guest.post("dispute/", answer | {"text": ""}).status_code == 422
    assert guest.post("dispute/", answer | {"text": "See page 14."})["Location"] == f"{guest.address}dispute/"
    assert "See page 14." in guest.get("dispute/").content.decode()
    withdrawn = {"do": "withdraw", "key": str(forms["withdraw"]["key"].value())}
    assert guest.post("dispute/", withdrawn).status_code == 302
    assert _dispute(contract).state == "withdrawn"
    # It still waits for sign-off, so there may be another one.
    assert "Raise the dispute" in guest.get("dispute/").content.decode()


def _dispute(contract: Contract) -> Dispute:
    with walls.asking_for(contract.buyer_id):
        return Dispute.objects.get(contract=contract)

"""An invoice is credited after a look at the figures, and an acceptance withdrawn by two people in two portals."""

from decimal import Decimal

from django.core import mail
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.core.database import walls
from apps.invoicing import services as invoicing
from apps.invoicing.models import CorrectionDelivery, CreditNote, CreditNoteDocument, Invoice
from apps.milestones.models import Milestone, Nullification
from apps.workflows import billing, credit_jobs
from apps.workflows.worker import run_due_jobs
from tests import corrections, scenarios
from tests.portals.seller.conftest import SignIn, hidden
from tests.scenarios import Parties, acting, key

REASON = "Two days of training were not held."


def billed(parties: Parties, *, position: int = 1) -> Invoice:
    contract = scenarios.active_contract(parties)
    return corrections.invoice_of(scenarios.accepted_milestone(contract, position=position))


def page_of(client: Client, name: str, ref: str, *, side: str = "seller") -> str:
    response = client.get(reverse(f"{side}:{name}", args=[ref]))
    assert response.status_code == 200, name
    return response.content.decode()


def test_a_credit_note_is_looked_at_and_issued(parties: Parties, signed_in: SignIn) -> None:
    invoice, client = billed(parties), signed_in("billing")
    url = reverse("seller:credit_invoice", args=[invoice.ref])
    assert url in page_of(client, "invoice", invoice.ref)
    form = {"how": "percent", "amount": "", "percent": "12.5", "reason": REASON}
    shown = client.post(url, {**hidden(client.get(url)), **form, "do": "review"})
    said = shown.content.decode()
    assert shown.status_code == 200
    for figure in ("1,500.00", "285.00", "1,785.00", "10,500.00", "12,495.00"):
        assert figure in said, figure
    with acting(scenarios.seller_actor(parties)):
        assert not CreditNote.objects.exists()

    sent = {name: str(shown.context["form"][name].value() or "") for name in shown.context["form"].fields}
    issued = client.post(url, {**sent, "do": "issue"})
    with acting(scenarios.seller_actor(parties)):
        note = CreditNote.objects.get()
    assert issued["Location"] == reverse("seller:credit_note", args=[note.ref])
    assert (note.net, note.tax, note.reason) == (Decimal(1500), Decimal(285), REASON)
    assert client.post(url, {**sent, "do": "issue"})["Location"] == issued["Location"], "the same form acts once"
    for page in (page_of(client, "credit_note", note.ref), page_of(client, "invoice", invoice.ref)):
        assert note.number in page
        assert REASON in page
    assert "12,495.00" in page_of(client, "invoice", invoice.ref)
    payables = signed_in("payables")
    assert REASON in page_of(payables, "credit_note", note.ref, side="buyer")
    assert note.number in page_of(payables, "invoice", invoice.ref, side="buyer")
    # With its document it can be had as UBL by both sides and without an account, and is sent again by a button.
    credit_jobs.render_credit_note(credit_note_ref=note.ref, organisation_id=invoice.seller_id)
    with acting(scenarios.seller_actor(parties)):
        invoicing.host(invoice=invoice, at=clock.now())
        link = invoicing.live_link(invoice)
    assert link is not None
    token = invoicing.token_of(link)
    for kind in ("peppol", "xrechnung"):
        urls = [reverse(f"{side}:credit_note_{kind}", args=[note.ref]) for side in ("seller", "buyer")]
        urls.append(reverse(f"hosted:credit_note_{kind}", args=[token, note.ref]))
        for who, url in zip((client, payables, Client()), urls, strict=True):
            assert who.get(url).status_code == 200, url
    assert "On its way to the buyer" in page_of(client, "credit_note", note.ref)
    with walls.asking_for(invoice.buyer_id):
        run_due_jobs()
    assert "Sent to einkauf@meridian.example" in page_of(client, "credit_note", note.ref)
    again = reverse("seller:resend_credit_note", args=[note.ref])
    form_key = {"key": key()}
    for _click in range(2):
        assert client.post(again, form_key).status_code == 302
    with acting(scenarios.seller_actor(parties)):
        assert CorrectionDelivery.objects.filter(credit_note=note).count() == 2
    # A job from before each letter was a row finds that it went.
    before = len(mail.outbox)
    credit_jobs.send_credit_note.func(credit_note_ref=note.ref, organisation_id=invoice.buyer_id)
    assert len(mail.outbox) == before


def test_what_is_not_right_is_said_at_its_field(parties: Parties, signed_in: SignIn) -> None:
    invoice, client = billed(parties), signed_in("billing")
    url = reverse("seller:credit_invoice", args=[invoice.ref])
    start = {**hidden(client.get(url)), "reason": REASON, "do": "review"}
    for form, why in (
        ({"how": "amount", "amount": "12,000.01"}, "Only 12,000.00 EUR net of tax are left"),
        ({"how": "amount"}, "Enter how much"),
        ({"how": "percent", "percent": "101"}, "at most 100"),
        ({"how": "rest", "reason": ""}, "Say why the invoice is corrected"),
    ):
        response = client.post(url, {**start, **form})
        assert response.status_code == 422
        assert why in response.content.decode()
    # Between the look and the click somebody else credited.
    shown = client.post(url, {**start, "how": "rest"})
    corrections.credited(parties, invoice.ref, "1.00")
    stale = client.post(url, {**start, "how": "rest", "seen": shown.context["form"]["seen"].value(), "do": "issue"})
    assert stale.status_code == 422
    assert "Look at the figures again" in stale.content.decode()
    refused = signed_in("delivery").post(url, {**start, "how": "rest"})
    assert "role does not allow" in refused.content.decode()


def test_who_clicks_twice_gets_the_first_credit_note(parties: Parties, signed_in: SignIn) -> None:
    """Nothing is left to credit by then, which would be a refusal of somebody who begins."""
    invoice, client = billed(parties), signed_in("billing")
    url = reverse("seller:credit_invoice", args=[invoice.ref])
    start = {**hidden(client.get(url)), "reason": REASON, "how": "rest"}
    shown = client.post(url, {**start, "do": "review"})
    issue = {**start, "seen": shown.context["form"]["seen"].value(), "do": "issue"}
    first, second = client.post(url, issue), client.post(url, issue)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    with acting(scenarios.seller_actor(parties)):
        assert CreditNote.objects.count() == 1
    begins = client.post(url, {**start, **hidden(client.get(url)), "do": "review"})
    assert begins.status_code in (200, 422)
    assert "credited in full" in begins.content.decode()


def test_the_buyer_asks_and_the_seller_agrees(parties: Parties, signed_in: SignIn) -> None:
    invoice = billed(parties)
    milestone = invoice.milestone
    assert milestone is not None
    bea, bilge = signed_in("approver"), signed_in("billing")
    ask = reverse("buyer:ask_nullification", args=[milestone.ref])
    assert ask in page_of(bea, "milestone", milestone.ref, side="buyer")
    form = {**hidden(bea.get(ask)), "how": "amount", "amount": "4,000.00", "percent": "", "reason": "It loses rows."}
    assert bea.post(ask, form).status_code == 302
    with acting(scenarios.seller_actor(parties)):
        asked = Nullification.objects.get()
    answer = reverse("seller:answer_nullification", args=[asked.ref])
    for page in (page_of(bilge, "milestone", milestone.ref), page_of(bilge, "answer_nullification", asked.ref)):
        assert "It loses rows." in page
    assert answer in bilge.get(reverse("seller:home")).content.decode()
    assert asked.ref not in bea.get(reverse("buyer:home")).content.decode(), "one's own question waits for the other"
    own = bea.get(reverse("buyer:answer_nullification", args=[asked.ref])).content.decode()
    assert 'value="withdraw"' in own
    assert 'value="grant"' not in own
    granted = bilge.post(answer, {**hidden(bilge.get(answer)), "reason": "", "do": "grant"})
    assert granted.status_code == 302
    with acting(scenarios.seller_actor(parties)):
        rest = Milestone.objects.get(part=2, line_id=milestone.line_id)
        note = CreditNote.objects.get()
    for client, side in ((bea, "buyer"), (bilge, "seller")):
        before = page_of(client, "milestone", milestone.ref, side=side)
        assert note.number in before
        assert reverse(f"{side}:milestone", args=[rest.ref]) in before
        assert "the acceptance was withdrawn" in page_of(client, "milestone", rest.ref, side=side)
        assert rest.title in page_of(client, "contract", rest.contract.ref, side=side)


def test_money_that_came_free_settles_the_next_invoice(parties: Parties, signed_in: SignIn) -> None:
    contract = scenarios.active_contract(parties)
    first, second = (corrections.invoice_of(scenarios.accepted_milestone(contract, position=place)) for place in (1, 2))
    client, bilge = signed_in("billing"), scenarios.member(parties, "billing")
    with acting(bilge):
        payment = billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=first.ref,
            amount=first.gross,
            received_on=clock.today("Europe/Berlin"),
            bank_reference="STMT-1",
        )["payment"]
    corrections.credited(parties, first.ref, "1000.00")
    url = reverse("seller:allocate_payment", args=[payment])
    assert url in client.get(reverse("seller:invoices")).content.decode()
    assert "1,190.00" in page_of(client, "invoice", first.ref)
    done = client.post(url, {**hidden(client.get(url)), "invoice": second.ref, "amount": ""})
    assert done["Location"] == reverse("seller:invoice", args=[second.ref])
    assert "13,090.00" in page_of(client, "invoice", second.ref)
    assert url not in client.get(reverse("seller:invoices")).content.decode()
    # It was a mistake after all: the page says what of which invoice that undoes.
    undo = reverse("seller:reverse_payment", args=[payment])
    said = page_of(client, "reverse_payment", payment)
    for invoice, open_again in ((first, "13,090.00"), (second, "14,280.00")):
        assert f"{invoice.number} is open again with {open_again}" in said.replace("\xa0", " ")
    reversed_now = client.post(undo, {**hidden(client.get(undo)), "reason": "Another buyer's."})
    assert reversed_now["Location"] == reverse("seller:invoice", args=[first.ref])


def test_a_credit_note_without_its_document_is_seen_on_the_first_page(parties: Parties, signed_in: SignIn) -> None:
    invoice, client = billed(parties), signed_in("billing")
    corrections.credited(parties, invoice.ref, "100.00")
    with acting(scenarios.seller_actor(parties)):
        CreditNoteDocument.objects.update(state="failed")
        note = CreditNote.objects.get()
    home = client.get(reverse("seller:home")).content.decode()
    assert f"The PDF of {note.number} could not be made" in home
    assert reverse("seller:credit_note", args=[note.ref]) in home

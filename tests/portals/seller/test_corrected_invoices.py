"""What is written wrong on an invoice is put right after a look at the changes; both sides read which one stands."""

from django.test import Client
from django.urls import reverse

from apps.contracts.models import GuestGrant, SentMail
from apps.core import clock
from apps.core.database import walls
from apps.invoicing.models import CorrectedInvoice
from apps.parties import tokens
from apps.workflows import correction_jobs
from apps.workflows.worker import run_due_jobs
from tests import scenarios
from tests.portals.seller.conftest import SignIn
from tests.portals.seller.test_credit_notes import billed, page_of
from tests.returned import bounce
from tests.scenarios import Parties, acting


def test_a_corrected_invoice_is_looked_at_and_issued(parties: Parties, signed_in: SignIn) -> None:
    invoice, client = billed(parties), signed_in("billing")
    url = reverse("seller:correct_invoice", args=[invoice.ref])
    assert url in page_of(client, "invoice", invoice.ref)
    begun = client.get(url).context["form"]
    start = {name: str(begun[name].value() or "") for name in begun.fields}
    for change, why in (
        ({"reason": "They moved."}, "Nothing differs from what the invoice says"),
        ({"street": "Hafenweg 9", "reason": ""}, "Say why the invoice is corrected"),
        ({"vat_number": "DE123456789", "reason": "x"}, "not a valid VAT number"),
    ):
        response = client.post(url, {**start, **change, "do": "review"})
        assert response.status_code == 422
        assert why in response.content.decode()
    form = {**start, "street": "Hafenweg 9", "description_1": "Two\r\nlines.", "reason": "They moved."}
    shown = client.post(url, {**form, "do": "review"})
    said = shown.content.decode()
    assert "Hafenweg 9" in said
    assert "No sum of money is changed" in said
    with acting(scenarios.seller_actor(parties)):
        assert not CorrectedInvoice.objects.exists()
    sent = {name: str(shown.context["form"][name].value() or "") for name in shown.context["form"].fields}
    back = client.post(url, {**sent, "do": "change"}).content.decode()
    assert 'value="Hafenweg 9"' in back
    issued = client.post(url, {**sent, "do": "issue"})
    with acting(scenarios.seller_actor(parties)):
        one = CorrectedInvoice.objects.get()
    assert issued["Location"] == reverse("seller:corrected_invoice", args=[one.ref])
    assert client.post(url, {**sent, "do": "issue"})["Location"] == issued["Location"], "the same form acts once"
    payables = signed_in("payables")
    for who, side in ((client, "seller"), (payables, "buyer")):
        own = page_of(who, "corrected_invoice", one.ref, side=side)
        for words in (one.number, "They moved.", "Hafenweg 9", invoice.number):
            assert words in own
        assert one.number in page_of(who, "invoice", invoice.ref, side=side)
    refused = signed_in("delivery").get(url)
    assert "role does not allow" in refused.content.decode()
    # Without its document it waits on the first page; with it each form of it is there, or said to be none.
    with acting(scenarios.seller_actor(parties)):
        CorrectedInvoice.objects.update(state="failed")
    assert f"The PDF of {one.number} could not be made" in client.get(reverse("seller:home")).content.decode()
    again = reverse("seller:retry_corrected_document", args=[one.ref])
    assert client.post(again, {"key": scenarios.key()}).status_code == 302
    correction_jobs.render_corrected_invoice(corrected_ref=one.ref, organisation_id=invoice.seller_id)
    for who, side in ((client, "seller"), (payables, "buyer")):
        own = page_of(who, "corrected_invoice", one.ref, side=side)
        for kind in ("pdf", "xml"):
            assert reverse(f"{side}:corrected_{kind}", args=[one.ref]) in own
        assert who.get(reverse(f"{side}:corrected_peppol", args=[one.ref])).status_code == 200
    with walls.asking_for(invoice.buyer_id):
        run_due_jobs()
        mailed = SentMail.objects.get(subject=f"corrected_invoice:{one.ref}")
    bounce(mailed, mailed.recipients, at=clock.now())
    own = page_of(client, "corrected_invoice", one.ref)
    assert "The mail came back from" in own
    assert "Sent to" not in page_of(payables, "corrected_invoice", one.ref, side="buyer")
    again = reverse("seller:resend_corrected_invoice", args=[one.ref])
    form = {"key": scenarios.key()}
    for _click in range(2):
        assert client.post(again, form).status_code == 302
    assert "On its way to the buyer" in page_of(client, "corrected_invoice", one.ref)
    with walls.asking_for(invoice.buyer_id):
        run_due_jobs()
        assert SentMail.objects.filter(subject=f"corrected_invoice:{one.ref}").count() == 2
    assert "The mail came back" not in page_of(client, "corrected_invoice", one.ref)
    # Whoever signed the milestone off by link is told which document stands.
    with acting(scenarios.seller_actor(parties)):
        link = GuestGrant.objects.get(purpose="sign_off", contract=invoice.contract)
    guest = Client().get(reverse("link:open", args=[tokens.token_for(purpose="guest_grant", ref=link.ref)]))
    assert f"{one.number} stands in its place" in guest.content.decode()
    # Once corrected, the form begins with what was put right, and not with the buyer's data of today.
    assert 'value="Hafenweg 9"' in page_of(client, "correct_invoice", invoice.ref)

"""The seller's invoices: lists and totals, the page, the document, payments recorded."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from apps.contracts.models import SentMail
from apps.core import canonical, clock
from apps.invoicing import documents
from apps.invoicing.models import Delivery, Document, Invoice, InvoiceLink, Payment
from apps.parties.models import Organisation
from apps.workflows import jobs
from tests import scenarios
from tests.portals.seller.conftest import SignIn, accepted_offer, content_of, hidden, opened_facility
from tests.returned import bounce
from tests.scenarios import PDF, Parties, acting


def of(name: str, invoice: Invoice) -> str:
    return reverse(f"seller:{name}", args=[invoice.ref])


def billed(parties: Parties) -> Invoice:
    """INV-…-0001 over 12,000.00 net, 14,280.00 with tax."""
    milestone = scenarios.accepted_milestone(scenarios.active_contract(parties))
    with acting(scenarios.seller_actor(parties)):
        return Invoice.objects.get(milestone=milestone)


def paid(**changes: str) -> dict[str, Any]:
    today = clock.today("Europe/Berlin").isoformat()
    return {
        "key": scenarios.key(),
        "amount": "14,280.00",
        "received_on": today,
        "bank_reference": "ST 12/4",
        "do": "record",
        **changes,
    }


def test_the_list_is_narrowed_and_adds_up(parties: Parties, seller: Client) -> None:
    billed(parties)

    def shown(query: str) -> tuple[int, list[Decimal]]:
        context = seller.get(f"/seller/invoices/{query}").context
        return len(context["rows"]), list(context["sums"].values())

    assert shown("") == shown("?state=open") == shown("?q=prototype") or shown("?q=warehouse") == shown("")
    assert shown("?state=open") == (1, [Decimal("14280.000")])
    assert shown("?state=paid") == shown("?state=overdue") == (0, [])
    assert shown("?q=nobody")[0] == 0


def test_an_invoice_past_its_day_is_overdue_in_list_page_and_home(parties: Parties) -> None:
    # Noon where the seller is: sixty calendar days ago, at whatever hour this runs.
    day = clock.today("Europe/Berlin") - timedelta(days=60)
    at = datetime.combine(day, time(12), tzinfo=ZoneInfo("Europe/Berlin"))
    contract = scenarios.active_contract(parties, at=at)
    milestone = scenarios.accepted_milestone(contract, at=at)
    client = Client()
    client.force_login(parties.people["seller"].user)
    with acting(scenarios.seller_actor(parties)):
        invoice = Invoice.objects.get(milestone=milestone)
    assert len(client.get("/seller/invoices/?state=overdue").context["rows"]) == 1
    assert client.get(of("invoice", invoice)).context["state"] == "overdue"
    assert "30 days late" in client.get(of("invoice", invoice)).content.decode()
    tiles = {str(tile.label): tile.amount for tile in client.get("/seller/").context["tiles"]}
    assert tiles["Overdue"] == Decimal(14_280)


def test_the_page_is_the_document(parties: Parties, seller: Client) -> None:
    invoice = billed(parties)
    page = seller.get(of("invoice", invoice)).content.decode()
    for part in (
        invoice.number,
        "12,000.00",
        "2,280.00",
        "14,280.00",
        "Signed off by Bea Berg",
        "DE89370400440532013000",
    ):
        assert part in page, part


def test_the_document_shows_progress_then_the_file_then_its_bytes(parties: Parties, seller: Client) -> None:
    invoice = billed(parties)
    progress = seller.get(of("invoice_document", invoice)).content.decode()
    assert 'hx-trigger="every 2s"' in progress
    assert "<html" not in progress
    assert seller.get(of("invoice_pdf", invoice)).status_code == 404
    stored_as = default_storage.save("documents/test.pdf", ContentFile(PDF))
    with acting(scenarios.seller_actor(parties)):
        Document.objects.filter(invoice=invoice).update(
            state="ready",
            rendered_at=clock.now(),
            stored_as=stored_as,
            size=len(PDF),
            sha256=canonical.sha256(PDF),
            xml_obstacle="seller_vat",
        )
    ready = seller.get(of("invoice_document", invoice)).content.decode()
    assert "hx-trigger" not in ready
    assert canonical.sha256(PDF) in ready
    response = seller.get(of("invoice_pdf", invoice))
    assert content_of(response) == PDF
    assert response["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'
    assert "sandbox" in response["Content-Security-Policy"]
    assert seller.get(of("invoice_xml", invoice)).status_code == 404
    assert of("invoice_xml", invoice) not in ready
    assert "VAT number does not begin with the two letters of the country" in ready
    default_storage.delete(stored_as)


def test_the_xml_comes_beside_the_pdf_that_carries_it(parties: Parties, seller: Client) -> None:
    invoice = billed(parties)
    assert seller.get(of("invoice_xml", invoice)).status_code == 404
    with acting(scenarios.seller_actor(parties)):
        document = documents.render(invoice_ref=invoice.ref)
    ready = seller.get(of("invoice_document", invoice)).content.decode()
    assert of("invoice_xml", invoice) in ready
    assert document.xml_sha256 in ready
    response = seller.get(of("invoice_xml", invoice))
    assert canonical.sha256(content_of(response)) == document.xml_sha256
    assert response["Content-Type"] == "application/xml"
    assert response["Content-Disposition"] == f'attachment; filename="{invoice.number}.xml"'
    assert "sandbox" in response["Content-Security-Policy"]
    for form, identifier in (("peppol", b"peppol.eu:2017:poacc:billing:3.0<"), ("xrechnung", b"kosit:xrechnung_3.0<")):
        address = of(f"invoice_{form}", invoice)
        assert address in ready
        exported = seller.get(address)
        assert identifier in exported.content
        assert exported["Content-Type"] == "application/xml"
        assert exported["Content-Disposition"] == f'attachment; filename="{invoice.number}-{form}.xml"'
        assert exported["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_what_a_form_lacks_stands_where_it_could_be_downloaded(parties: Parties, seller: Client) -> None:
    with acting(scenarios.seller_actor(parties)):
        Organisation.objects.filter(pk=parties.seller.pk).update(phone="")
    invoice = billed(parties)
    with acting(scenarios.seller_actor(parties)):
        documents.render(invoice_ref=invoice.ref)
    ready = seller.get(of("invoice_document", invoice)).content.decode()
    assert "XRechnung 3.0 needs a telephone number of Nordlicht Software GmbH" in ready
    assert of("invoice_xrechnung", invoice) not in ready
    assert seller.get(of("invoice_xrechnung", invoice)).status_code == 404


def test_a_failed_document_says_so_and_is_made_again_by_a_button(parties: Parties, seller: Client) -> None:
    invoice = billed(parties)
    with acting(scenarios.seller_actor(parties)):
        Document.objects.filter(invoice=invoice).update(state="failed", failure="The printer was out of ink.")
    page = seller.get(of("invoice", invoice))
    assert "The printer was out of ink." in page.content.decode()
    assert "could not be made" in seller.get("/seller/").content.decode()
    form = {"key": str(page.context["retry"]["key"].value())}
    for _click in range(2):
        assert seller.post(of("retry_document", invoice), form)["Location"] == of("invoice", invoice)
    with acting(scenarios.seller_actor(parties)):
        assert Document.objects.get().state == "rendering"


def test_the_page_says_to_whom_the_invoice_went_and_sends_it_again_once(parties: Parties, seller: Client) -> None:
    invoice = billed(parties)
    jobs.render_invoice.func(invoice_ref=invoice.ref, organisation_id=parties.seller.pk)
    waiting = seller.get(of("invoice", invoice))
    assert "On its way to the buyer" in waiting.content.decode()
    assert "Send again" not in waiting.content.decode()
    with acting(scenarios.seller_actor(parties)):
        delivery = Delivery.objects.get()
    jobs.send_invoice.func(delivery_ref=delivery.ref, organisation_id=parties.buyer.pk)
    page = seller.get(of("invoice", invoice))
    assert "Sent to einkauf@meridian.example, bea@meridian.example, paul@meridian.example on" in page.content.decode()
    with acting(scenarios.seller_actor(parties)):
        sent = SentMail.objects.get(subject=f"invoice:{invoice.ref}")
    bounce(sent, ["bea@meridian.example"], at=clock.now())
    page = seller.get(of("invoice", invoice))
    assert "It did not come back from einkauf@meridian.example, paul@meridian.example." in page.content.decode()
    assert "Mail came back" in seller.get("/seller/invoices/").content.decode()
    bounce(sent, ["einkauf@meridian.example", "paul@meridian.example"], at=clock.now())
    assert "Nobody is known to have it" in seller.get(of("invoice", invoice)).content.decode()
    with acting(scenarios.seller_actor(parties)):
        InvoiceLink.objects.update(first_viewed_at=clock.now(), last_viewed_at=clock.now(), views=1)
    assert "Nobody is known to have it" not in seller.get(of("invoice", invoice)).content.decode()
    form = {"key": str(page.context["resend"]["key"].value())}
    for _click in range(2):
        assert seller.post(of("resend_invoice", invoice), form)["Location"] == of("invoice", invoice)
    with acting(scenarios.seller_actor(parties)):
        assert Delivery.objects.count() == 2


def test_a_document_that_takes_too_long_can_be_asked_for_again(parties: Parties) -> None:
    at = clock.now() - timedelta(hours=1)
    milestone = scenarios.accepted_milestone(scenarios.active_contract(parties, at=at), at=at)
    client = Client()
    client.force_login(parties.people["seller"].user)
    with acting(scenarios.seller_actor(parties)):
        invoice = Invoice.objects.get(milestone=milestone)
    piece = client.get(of("invoice_document", invoice)).content.decode()
    assert "It takes much longer than it should." in piece
    assert "hx-trigger" not in piece


def test_a_payment_is_reviewed_then_recorded_once(parties: Parties, seller: Client) -> None:
    invoice = billed(parties)
    address = of("record_payment", invoice)
    assert seller.get(address).context["form"]["amount"].value() == "14,280.00"
    review = seller.post(address, paid(do="review"))
    assert review.status_code == 200
    assert f"{invoice.number} is paid in full." in review.content.decode()
    with acting(scenarios.seller_actor(parties)):
        assert not Payment.objects.exists()
    changed = seller.post(address, paid(do="change", bank_reference="Typed"))
    assert 'value="Typed"' in changed.content.decode()
    form = paid()
    for _click in range(2):
        assert seller.post(address, form)["Location"] == of("invoice", invoice)
    with acting(scenarios.seller_actor(parties)):
        assert Payment.objects.count() == 1
    assert seller.get(of("invoice", invoice)).context["state"] == "paid"


def test_the_review_says_what_stays_open_and_what_is_too_much(parties: Parties, seller: Client) -> None:
    address = of("record_payment", billed(parties))
    part = seller.post(address, paid(do="review", amount="280")).content.decode()
    assert "stays open with 14,000.00\N{NO-BREAK SPACE}EUR." in part
    over = seller.post(address, paid(do="review", amount="15000")).content.decode()
    assert "720.00\N{NO-BREAK SPACE}EUR more than is open" in over


def test_amounts_and_days_that_cannot_be_are_refused_at_their_field(parties: Parties, seller: Client) -> None:
    address = of("record_payment", billed(parties))
    for amount in ("0", "-5", "1e3", "NaN", "0.005", "1,2,3", "\N{FULLWIDTH DIGIT FIVE}", "9" * 20, ""):
        response = seller.post(address, paid(amount=amount))
        assert response.status_code == 422, amount
        assert "amount" in response.context["form"].errors, amount
    tomorrow = (clock.today("Europe/Berlin") + timedelta(days=1)).isoformat()
    assert "received_on" in seller.post(address, paid(received_on=tomorrow)).context["form"].errors
    assert "bank_reference" in seller.post(address, paid(bank_reference="")).context["form"].errors


def test_the_same_bank_line_is_not_recorded_twice(parties: Parties, seller: Client) -> None:
    address = of("record_payment", billed(parties))
    assert seller.post(address, paid(amount="100")).status_code == 302
    response = seller.post(address, paid(amount="100"))
    assert response.status_code == 422
    with acting(scenarios.seller_actor(parties)):
        assert Payment.objects.count() == 1


def test_who_may_not_record_payments_is_told_so(parties: Parties, signed_in: SignIn) -> None:
    invoice = billed(parties)
    client = signed_in("delivery")
    assert "Record a payment</a>" not in client.get(of("invoice", invoice)).content.decode()
    response = client.post(of("record_payment", invoice), paid())
    assert response.status_code == 422
    assert "Your role does not allow you to record payments" in response.content.decode()
    assert signed_in("billing").post(of("record_payment", invoice), paid()).status_code == 302


def test_a_sold_invoice_is_paid_to_the_financier_and_says_so(parties: Parties, seller: Client) -> None:
    milestone = scenarios.accepted_milestone(scenarios.active_contract(parties))
    accepted_offer(parties, milestone, opened_facility(parties))
    with acting(scenarios.seller_actor(parties)):
        invoice = Invoice.objects.get(milestone=milestone)
    shown = seller.get(of("invoice", invoice))
    page = shown.content.decode()
    assert "to whom this invoice is assigned" in page
    assert "DE75512108001245126199" in page
    assert "Record a payment</a>" not in page
    assert seller.post(of("record_payment", invoice), paid()).status_code == 422
    assert hidden(shown, "retry").keys() == {"key"}


def test_an_over_payment_stays_in_sight_until_it_is_corrected(parties: Parties, seller: Client) -> None:
    invoice = billed(parties)
    seller.post(of("record_payment", invoice), paid(amount="15,000.00"))
    shown = seller.get(of("invoice", invoice)).content.decode()
    assert "Not allocated" in shown
    assert "720.00" in shown
    for page in ("/seller/", "/seller/invoices/"):
        assert "Received and not allocated" in seller.get(page).content.decode()
    with acting(scenarios.seller_actor(parties)):
        payment = Payment.objects.get()
    url = reverse("seller:reverse_payment", args=[payment.ref])
    assert url in shown
    review = seller.get(url)
    assert f"{invoice.number} is open again with" in review.content.decode()
    form = {"key": hidden(review)["key"]}
    assert seller.post(url, form).status_code == 422
    for _click in range(2):
        assert seller.post(url, form | {"reason": "Wrong amount."})["Location"] == of("invoice", invoice)
    after = seller.get(of("invoice", invoice)).content.decode()
    assert "Reversed by Sina Nord on" in after
    assert "Wrong amount." in after
    assert "Payment reversed" in seller.get("/seller/").content.decode()
    for page in ("/seller/", "/seller/invoices/"):
        assert "Received and not allocated" not in seller.get(page).content.decode()
    assert seller.get(url)["Location"] == of("invoice", invoice)

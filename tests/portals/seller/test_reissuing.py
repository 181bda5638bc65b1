"""The page on which a seller cancels an invoice and issues it anew."""

from datetime import UTC, datetime

from django.test import Client
from django.urls import reverse

from apps.core.database import walls
from apps.invoicing.models import CreditNote, Invoice
from apps.parties.models import Organisation
from tests import scenarios
from tests.portals.seller.conftest import hidden
from tests.scenarios import Parties

AT = datetime(2026, 4, 11, 9, tzinfo=UTC)


def test_it_says_what_is_different_and_does_it_once(parties: Parties, seller: Client) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    scenarios.accepted_milestone(contract, at=AT)
    with walls.asking_for(parties.seller.pk):
        invoice = Invoice.objects.get(milestone__contract=contract)
        Organisation.objects.filter(pk=parties.seller.pk).update(street="Neuer Wall 1")
    address = reverse("seller:reissue_invoice", args=[invoice.ref])
    assert address in seller.get(reverse("seller:invoice", args=[invoice.ref])).content.decode()
    page = seller.get(address)
    assert "Neuer Wall 1" in page.content.decode()
    form = hidden(page)
    without = seller.post(address, form)
    assert without.status_code in (200, 422)
    assert "Say what is wrong" in without.content.decode()
    first, again = (seller.post(address, {**form, "reason": "We moved."}) for _time in range(2))
    assert first.status_code == 302
    assert first["Location"] == again["Location"]
    with walls.asking_for(parties.seller.pk):
        anew = Invoice.objects.get(milestone__contract=contract)
    assert first["Location"] == reverse("seller:invoice", args=[anew.ref])
    assert (
        f'Issued in place of <a href="{reverse("seller:invoice", args=[invoice.ref])}">'
        in seller.get(first["Location"]).content.decode()
    )
    _lead_to_each_other(parties, seller, invoice=invoice, anew=anew)
    before = seller.get(reverse("seller:invoice", args=[invoice.ref])).content.decode()
    assert f'issued anew as <a href="{first["Location"]}">{anew.number}</a>' in before
    assert address not in before
    refused = seller.get(address).content.decode()
    assert "is cancelled already, and issued anew" in refused


def _lead_to_each_other(parties: Parties, seller: Client, *, invoice: Invoice, anew: Invoice) -> None:
    """Both invoices and the credit note, on the pages of either side."""
    buyer = Client()
    buyer.force_login(parties.people["approver"].user)
    with walls.asking_for(parties.seller.pk):
        note = CreditNote.objects.get()
    for side, browser in (("seller", seller), ("buyer", buyer)):
        old, new, credit = (
            reverse(f"{side}:{name}", args=[ref])
            for name, ref in (("invoice", invoice.ref), ("invoice", anew.ref), ("credit_note", note.ref))
        )
        pages = {url: browser.get(url).content.decode() for url in (old, new, credit)}
        ways = {(here, there) for here in pages for there in pages if f'href="{there}"' in pages[here]}
        assert {(old, new), (old, credit), (new, old), (credit, old), (credit, new)} <= ways, (side, ways)
        assert f"{anew.number} stands in its place." in pages[old]

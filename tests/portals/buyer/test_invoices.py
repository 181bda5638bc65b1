"""Invoices on the buyer's side of the portal: what is open, until when, into which account."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.urls import reverse

from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.invoicing import documents
from apps.invoicing.models import Invoice
from apps.workflows import billing
from tests import scenarios
from tests.portals.buyer.conftest import SignIn
from tests.portals.buyer.stories import assigned, invoiced
from tests.scenarios import Parties, acting, key, member


def page_url(invoice: Invoice) -> str:
    return reverse("buyer:invoice", args=[invoice.ref])


def paid(parties: Parties, invoice: Invoice, amount: str) -> None:
    with acting(member(parties, "billing")) as actor:
        billing.record_payment(
            actor=actor,
            key=key(),
            invoice_ref=invoice.ref,
            amount=Decimal(amount),
            received_on=clock.today("Europe/Berlin"),
            bank_reference=key(),
        )


def test_the_page_says_how_to_pay(active: Contract, sign_in: SignIn) -> None:
    invoice = invoiced(active)
    page = sign_in("payables").get(page_url(invoice)).content.decode()
    for shown in (invoice.number, "14,280.00", "DE89 3704 0044 0532 0130 00", "COBADEFFXXX", "Nordlicht Software GmbH"):
        assert shown in page
    assert 'data-copy="DE89370400440532013000"' in page
    assert "Assigned: pay to this account" not in page


def test_what_is_paid_is_taken_off(active: Contract, parties: Parties, sign_in: SignIn) -> None:
    invoice = invoiced(active)
    paid(parties, invoice, "4280.00")
    client = sign_in("payables")
    page = client.get(page_url(invoice)).content.decode()
    assert "10,000.00" in page
    assert "Partly paid" in page
    paid(parties, invoice, "10000.00")
    page = client.get(page_url(invoice)).content.decode()
    assert "The invoice is paid" in page
    assert "To pay" not in page


def test_an_assigned_invoice_names_the_new_account_only(active: Contract, parties: Parties, sign_in: SignIn) -> None:
    invoice = invoiced(active)
    assigned(parties, invoice)
    page = sign_in("payables").get(page_url(invoice)).content.decode()
    assert "Assigned: pay to this account" in page
    assert "Kontor Capital GmbH" in page
    assert "DE75 5121 0800 1245 1261 99" in page
    assert "DE89" not in page


def test_the_list_tells_open_from_overdue_and_paid(active: Contract, parties: Parties, sign_in: SignIn) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=60)
    draft = scenarios.software_draft(parties, number="NL-2")
    old = scenarios.accepted_milestone(scenarios.active_contract(parties, draft=draft, at=long_ago), at=long_ago)
    with walls.asking_for(parties.seller.pk):
        overdue = Invoice.objects.get(milestone=old)
    open_one, settled = invoiced(active), invoiced(active, position=2)
    paid(parties, settled, "14280.00")
    assigned(parties, open_one)
    client = sign_in("payables")

    def shown(query: str) -> dict[str, tuple[str, bool]]:
        page = client.get(reverse("buyer:invoices") + query)
        return {invoice.number: (state, is_assigned) for invoice, state, is_assigned in page.context["rows"]}

    assert shown("") == {
        overdue.number: ("overdue", False),
        open_one.number: ("open", True),
        settled.number: ("paid", False),
    }
    assert set(shown("?state=open")) == {overdue.number, open_one.number}
    assert set(shown("?state=overdue")) == {overdue.number}
    assert set(shown("?state=paid")) == {settled.number}
    assert set(shown(f"?q={settled.number}")) == {settled.number}
    assert shown("?q=nothing+like+it") == {}


def test_the_pdf_is_offered_once_it_is_made(active: Contract, sign_in: SignIn) -> None:
    invoice = invoiced(active)
    client = sign_in("payables")
    pdf = reverse("buyer:invoice_pdf", args=[invoice.ref])
    piece = reverse("buyer:invoice_document", args=[invoice.ref])
    assert client.get(pdf).status_code == 404
    assert 'hx-trigger="every 2s"' in client.get(piece).content.decode()
    with walls.asking_for(active.seller_id):
        document = documents.render(invoice_ref=invoice.ref)
    assert pdf in client.get(piece).content.decode()
    answer = client.get(pdf)
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert len(content) == document.size
    assert answer["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_the_xml_is_offered_beside_the_pdf(active: Contract, sign_in: SignIn) -> None:
    invoice = invoiced(active)
    client = sign_in("payables")
    xml = reverse("buyer:invoice_xml", args=[invoice.ref])
    assert client.get(xml).status_code == 404
    with walls.asking_for(active.seller_id):
        document = documents.render(invoice_ref=invoice.ref)
    assert xml in client.get(reverse("buyer:invoice", args=[invoice.ref])).content.decode()
    answer = client.get(xml)
    assert len(b"".join(answer.streaming_content)) == document.xml_size  # type: ignore[attr-defined]
    assert answer["Content-Disposition"] == f'attachment; filename="{invoice.number}.xml"'
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    for form in ("peppol", "xrechnung"):
        exported = client.get(reverse(f"buyer:invoice_{form}", args=[invoice.ref]))
        assert b"<cbc:BuyerReference>04011000-1234512345-06<" in exported.content
        assert exported["Content-Disposition"] == f'attachment; filename="{invoice.number}-{form}.xml"'
        assert exported["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_after_an_assignment_the_payee_is_named_at_home_and_the_old_pdf_is_warned_of(
    parties: Parties, active: Contract, sign_in: SignIn
) -> None:
    client = sign_in("payables")
    invoice = invoiced(active)
    page = client.get(reverse("buyer:invoice", args=[invoice.ref])).content.decode()
    assert "names an old account" not in page
    assigned(parties, invoice)
    page = client.get(reverse("buyer:invoice", args=[invoice.ref])).content.decode()
    warning = page[page.index("This PDF names an old account") :]
    assert "Kontor Capital GmbH" in warning[:400]
    assert "DE75 5121 0800 1245 1261 99" in warning[:600]
    with walls.asking_for(active.buyer_id):
        due_on = Invoice.objects.get(pk=invoice.pk).due_on
    with clock.stopped(datetime(due_on.year, due_on.month, due_on.day, 9, tzinfo=UTC)):
        needs = {need.what: need for need in client.get(reverse("buyer:home")).context["needs"]}
    need = needs[f"Pay invoice {invoice.number} to Kontor Capital GmbH"]
    assert need.who == "Kontor Capital GmbH"
    assert need.note == "assigned by Nordlicht Software GmbH"

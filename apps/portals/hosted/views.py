"""The hosted page of an invoice: what is owed, until when, how to pay it, its files, and a question to the seller.

It has the headers of personal links (:mod:`apps.portals.buyer.visits`): no cache keeps it, no search engine finds it,
and its address is told to nobody. GET changes nothing; that a browser opened it is noted by a POST.
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.forms import BaseForm
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.core import clock
from apps.invoicing import services as invoicing
from apps.invoicing import snapshot, wording
from apps.invoicing.einvoice.profiles import PEPPOL, XRECHNUNG, Profile
from apps.invoicing.models import Allocation, CorrectedInvoice, CreditNote, Invoice
from apps.portals import formats, moment, payment_documents
from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.buyer import payees
from apps.portals.buyer.files import invoice_file, invoice_xml_file
from apps.portals.buyer.payees import PayTo
from apps.portals.buyer.visits import personal
from apps.portals.exported import export_file, exports_of
from apps.portals.hosted import asking
from apps.portals.hosted.opening import Opened, opened
from apps.portals.parts import Fact
from apps.portals.shown import invoice_state


@portal("link")
@personal
@require_safe
def open_invoice(request: PortalRequest, token: str) -> HttpResponse:
    """The invoice, as it stands now; behind a revoked link that it is closed."""
    visit = opened(request, token)
    if visit.invoice is None:
        return render(request, "hosted/revoked.html", status=410)
    found = visit.invoice
    state = invoice_state(found.open_item, today=moment.today_of(request, found.buyer.time_zone))
    pay_to = payees.of_invoice(visit.actor, found)
    return _page(
        request,
        "hosted/invoice.html",
        visit,
        {
            "state": state,
            "cause": "" if found.is_release else wording.cause(snapshot.read(found.snapshot)),
            "next": _what_next(found, state=state, pay_to=pay_to),
            "lines": list(found.lines.all()),
            "pay_to": pay_to,
            "pay_code": payees.pay_code(pay_to, found),
            "is_printed_otherwise": payees.is_printed_otherwise(pay_to, found),
            "payments": _payments(visit, found),
            "documents": payment_documents.of_guest(visit.actor, found),
            "corrections": _corrections(visit, found),
            "notes": _notes(visit, found),
            "questions": asking.about(visit.actor, found, ask_url=_below(visit, "ask_about_invoice")),
            "portal_url": reverse("buyer:invoice", args=[found.ref]) if found.buyer.is_claimed else "",
            **_document(visit, found),
        },
    )


def _page(
    request: PortalRequest, template: str, visit: Opened, context: Mapping[str, Any], *, form: BaseForm | None = None
) -> HttpResponse:
    """The page, with dates and times in the buyer's zone; 422 when it shows again a form that was refused."""
    zone, status = visit.shown.buyer.time_zone, 422 if form is not None and form.is_bound and form.errors else 200
    with timezone.override(ZoneInfo(zone)):
        said = {**context, "token": visit.token, "form": form, "zone": zone}
        return render(request, template, said, status=status)


def _what_next(invoice: Invoice, *, state: str, pay_to: PayTo | None) -> str:
    if state == "paid":
        return _("nothing. The invoice is paid.")
    if state == "credited":
        return _("nothing. The invoice is credited in full.")
    if state == "withheld":
        return _("the defects are mended. What is withheld for each is payable once it is released.")
    if state == "awaits_documents":
        return _("the documents before payment. It need not be paid before you have confirmed them.")
    payee = pay_to.holder if pay_to is not None else invoice.seller.legal_name
    if state == "overdue":
        return _("you pay %(payee)s now. The invoice was due on") % {"payee": payee}
    return _("you pay %(payee)s, due on") % {"payee": payee}


def _payments(visit: Opened, invoice: Invoice) -> list[Fact]:
    """What settled it, oldest first, on the bank's day, and what a credit note freed; nothing that was reversed."""
    rows = Allocation.objects.visible_to(visit.actor).filter(
        invoice=invoice, reverses__isnull=True, reversed_by__isnull=True
    )
    return [
        Fact(
            term=_("Free again by a credit note")
            if row.amount < 0
            else _("Received on %(day)s") % {"day": formats.day(row.payment.received_on)},
            amount=row.amount,
            currency=invoice.currency,
        )
        for row in rows.select_related("payment").order_by("pk")
    ]


def _notes(visit: Opened, invoice: Invoice) -> list[Fact]:
    """Its credit notes, each with its document once that is there."""
    if not invoice.open_item.credited:
        return []
    facts = []
    notes = CreditNote.objects.visible_to(visit.actor).filter(invoice=invoice).select_related("document")
    for note in notes.order_by("pk"):
        url = _below(visit, "credit_note_pdf", ref=note.ref) if note.document.state == "ready" else ""
        facts.append(Fact(term=note.get_purpose_display(), value=note.number, url=url))
        facts += _note_exports(visit, note)
        facts.append(Fact(term=note.reason, amount=note.gross, currency=note.currency))
    return facts


def _note_exports(visit: Opened, note: CreditNote) -> list[Fact]:
    def url(form: Profile) -> str:
        return _below(visit, f"credit_note_{form.key}", ref=note.ref)

    return [Fact(term=_("As UBL"), value=one.form, url=one.url) for one in exports_of(note, url=url) if not one.lacks]


def _corrections(visit: Opened, invoice: Invoice) -> list[Fact]:
    """The corrected invoices that stand in its place, the last one first, each with its document once that is there."""
    rows = CorrectedInvoice.objects.visible_to(visit.actor).filter(invoice=invoice).order_by("-place")
    return [
        Fact(
            term=_("Stands in its place") if place == 0 else _("Stood before"),
            value=f"{row.number}: {row.reason}",
            url=_below(visit, "corrected_pdf", ref=row.ref) if row.state == "ready" else "",
        )
        for place, row in enumerate(rows)
    ]


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def ask_about_invoice(request: PortalRequest, token: str) -> HttpResponse:
    """Ask the seller about the invoice, without an account; nobody of another party asks in the buyer's place."""
    visit = opened(request, token)
    if visit.other_side is not None:
        return render(request, "hosted/other_side.html", {"who": visit.other_side}, status=403)
    return asking.ask(
        request,
        visit.shown,
        back=_below(visit, "open"),
        link=visit.link,
        show=lambda context, form: _page(
            request, "hosted/ask.html", visit, {**context, "base": "hosted/base.html"}, form=form
        ),
    )


@portal("link")
@personal
@require_safe
def invoice_pdf(request: PortalRequest, token: str) -> HttpResponseBase:
    """The stored bytes of the invoice; 404 until they exist."""
    found = opened(request, token).shown
    return invoice_file(getattr(found, "document", None), number=found.number)


@portal("link")
@personal
@require_safe
def invoice_xml(request: PortalRequest, token: str) -> HttpResponseBase:
    """The stored bytes of the XML inside the invoice; 404 until they exist, and where there are none."""
    found = opened(request, token).shown
    return invoice_xml_file(getattr(found, "document", None), number=found.number)


@portal("link")
@personal
@require_safe
def invoice_peppol(request: PortalRequest, token: str) -> HttpResponse:
    """The invoice as Peppol BIS Billing 3, written from its snapshot; 404 where it lacks something of it."""
    return export_file(opened(request, token).shown, PEPPOL)


@portal("link")
@personal
@require_safe
def invoice_xrechnung(request: PortalRequest, token: str) -> HttpResponse:
    """The same as XRechnung."""
    return export_file(opened(request, token).shown, XRECHNUNG)


@portal("link")
@personal
@require_safe
def credit_note_pdf(request: PortalRequest, token: str, ref: str) -> HttpResponseBase:
    """The stored bytes of a credit note of this invoice; 404 until they exist."""
    note = _note(opened(request, token), ref)
    if note.document.state != "ready":
        raise Http404
    return attachment(note.document.stored_as, name=f"{note.number}.pdf", content_type="application/pdf")


@portal("link")
@personal
@require_safe
def credit_note_peppol(request: PortalRequest, token: str, ref: str) -> HttpResponse:
    """The same as Peppol BIS Billing 3, written from its snapshot; 404 where it lacks something of it."""
    return export_file(_note(opened(request, token), ref), PEPPOL)


@portal("link")
@personal
@require_safe
def credit_note_xrechnung(request: PortalRequest, token: str, ref: str) -> HttpResponse:
    """The same as XRechnung."""
    return export_file(_note(opened(request, token), ref), XRECHNUNG)


def _note(visit: Opened, ref: str) -> CreditNote:
    notes = CreditNote.objects.visible_to(visit.actor).filter(invoice=visit.shown).select_related("document")
    return get_object_or_404(notes, ref=ref)


@portal("link")
@personal
@require_safe
def corrected_pdf(request: PortalRequest, token: str, ref: str) -> HttpResponseBase:
    """The stored bytes of a corrected invoice that stands in place of this one; 404 until they exist."""
    visit = opened(request, token)
    mine = CorrectedInvoice.objects.visible_to(visit.actor).filter(invoice=visit.shown, state="ready")
    found = get_object_or_404(mine, ref=ref)
    return attachment(found.stored_as, name=f"{found.number}.pdf", content_type="application/pdf")


@portal("link")
@personal
@require_safe
def invoice_document(request: PortalRequest, token: str) -> HttpResponse:
    """The PDF's piece of the page, asked for again and again while it is being made."""
    visit = opened(request, token)
    return render(request, "buyer/parts/document.html", _document(visit, visit.shown))


@portal("link")
@personal
@require_POST
def viewed(request: PortalRequest, token: str) -> HttpResponse:
    """The page was opened in a browser; how often and when last is kept, and nothing of who.

    The seller's own look at it does not count.
    """
    visit = opened(request, token)
    if visit.invoice is not None and visit.other_side is None:
        invoicing.mark_link_viewed(link_id=visit.link.pk, at=clock.now())
    return HttpResponse(status=204)


def _document(visit: Opened, invoice: Invoice) -> dict[str, object]:
    def export_url(form: Profile) -> str:
        return _below(visit, f"invoice_{form.key}")

    return {
        "invoice": invoice,
        "document": getattr(invoice, "document", None),
        "pdf_url": _below(visit, "invoice_pdf"),
        "xml_url": _below(visit, "invoice_xml"),
        "exports": exports_of(invoice, url=export_url),
        "document_url": _below(visit, "invoice_document"),
        "reload_url": _below(visit, "open"),
    }


def _below(visit: Opened, name: str, **parts: str) -> str:
    return reverse(f"hosted:{name}", kwargs={"token": visit.token, **parts})

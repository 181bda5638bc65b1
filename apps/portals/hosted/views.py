"""The hosted page of an invoice: what is owed, until when, how to pay it, its files, a question to the seller, and
the way to a dispute.

It has the headers of personal links (:mod:`apps.portals.buyer.visits`): no cache keeps it, no search engine finds it,
and its address is told to nobody. GET changes nothing; that a browser opened it is noted by a POST.
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.core import clock
from apps.invoicing import services as invoicing
from apps.invoicing import snapshot, wording
from apps.invoicing.einvoice.profiles import Profile
from apps.invoicing.models import Allocation, CorrectedInvoice, CreditNote, Invoice
from apps.portals import formats, moment, payment_documents
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import payees
from apps.portals.buyer.payees import PayTo
from apps.portals.buyer.visits import personal
from apps.portals.exported import exports_of
from apps.portals.hosted import asking, objecting
from apps.portals.hosted.opening import Opened, opened
from apps.portals.parts import Fact
from apps.portals.shown import after_credit, invoice_state


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
            "dispute_url": _dispute_url(visit),
            "before_url": _page_of(visit, found.replaces),
            "anew_url": _page_of(visit, found.replaced_by) if found.replaced_milestone_id is not None else "",
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
        return after_credit(invoice)
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
    notes = CreditNote.objects.visible_to(visit.actor).filter(invoice=invoice).select_related("document", "invoice")
    for note in notes.order_by("pk"):
        url = _below(visit, "credit_note_pdf", ref=note.ref) if note.document.state == "ready" else ""
        facts.append(Fact(term=note.about, value=note.number, url=url))
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
            request,
            "hosted/ask.html",
            visit,
            {**context, "base": "hosted/base.html", "dispute_url": _dispute_url(visit)},
            form=form,
        ),
    )


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def ask_to_dispute(request: PortalRequest, token: str) -> HttpResponse:
    """Ask for the personal link by which the buyer's signatory disputes the invoice; nobody of another party does."""
    visit = opened(request, token)
    if visit.other_side is not None:
        return render(request, "hosted/other_side.html", {"who": visit.other_side}, status=403)
    return objecting.ask(
        request,
        visit.shown,
        back=_below(visit, "open"),
        link=visit.link,
        show=lambda context, form: _page(request, "hosted/dispute.html", visit, context, form=form),
    )


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


def _dispute_url(visit: Opened) -> str:
    return _below(visit, "ask_to_dispute") if objecting.may_ask(visit.shown) else ""


def _page_of(visit: Opened, invoice: Invoice | None) -> str:
    """Where another invoice of the same buyer is read, as long as it can be."""
    if invoice is None:
        return ""
    link = invoicing.live_link(invoice)
    return reverse("hosted:open", kwargs={"token": invoicing.token_of(link)}) if link is not None else ""


def _below(visit: Opened, name: str, **parts: str) -> str:
    return reverse(f"hosted:{name}", kwargs={"token": visit.token, **parts})

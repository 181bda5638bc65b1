"""Invoices to pay: the list, the page of one with the account that it is paid into, its PDF."""

from collections.abc import Mapping
from datetime import date
from functools import partial

from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.invoicing import snapshot, wording
from apps.invoicing.einvoice.profiles import PEPPOL, XRECHNUNG
from apps.invoicing.models import Invoice, OpenSum
from apps.invoicing.models.invoice import InvoiceQuerySet
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import open_totals, payment_documents
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import payees
from apps.portals.buyer.files import invoice_file, invoice_xml_file
from apps.portals.buyer.pages import invoice_crumbs, page, today_of, zone_of
from apps.portals.buyer.payees import PayTo
from apps.portals.buyer.stories import invoice_story
from apps.portals.buyer.ways import MemberWay
from apps.portals.correcting.shown import corrections_of, notes_of
from apps.portals.correcting.side import BUYER
from apps.portals.disputing import shown as disputes
from apps.portals.exported import export_file, exports_of
from apps.portals.hosted import asking
from apps.portals.paging import counted, page_of
from apps.portals.parts import Tab
from apps.portals.shown import after_credit, invoice_state

WAY = MemberWay()


def _filters(actor: Actor, *, today: date) -> dict[str, Q]:
    # The item's own buyer is said once more: what is open is then found among what is open, not among everything.
    is_open = Q(open_item__open__gt=0, open_item__buyer_id=actor.organisation_id)
    return {
        "open": is_open,
        "overdue": is_open & Q(open_item__due_on__lt=today),
        "paid": Q(open_item__open=0, open_item__reserved=0),
    }


def _search(rows: InvoiceQuerySet, words: str) -> InvoiceQuerySet:
    if not words:
        return rows
    return rows.filter(
        Q(number__icontains=words) | Q(seller__legal_name__icontains=words) | Q(contract__title__icontains=words)
    )


@require_safe
@portal("buyer")
def invoices(request: PortalRequest) -> HttpResponse:
    """Newest first; ``?state=`` and ``?q=`` narrow the list."""
    today = today_of(request)
    filters = _filters(request.actor, today=today)
    state, words = request.GET.get("state", ""), request.GET.get("q", "").strip()[:80]
    found = _search(Invoice.objects.of_buyer(request.actor), words)
    counts = counted(request.actor, found, {"all": Q(), **filters})
    if state in filters:
        found = found.filter(filters[state])
    if words:
        sums = open_totals.of_found(found.filter(filters["open"]))
    else:
        sums = open_totals.of_all(OpenSum.objects.of_buyer(request.actor), state=state, today=today)
    rows = page_of(request, found.with_what_is_billed().select_related("seller", "contract", "open_item"))
    assigned = payees.assigned_among(request.actor, rows.rows)
    return page(
        request,
        "invoices",
        {
            "rows": [
                (invoice, invoice_state(invoice.open_item, today=today), invoice.pk in assigned)
                for invoice in rows.rows
            ],
            "page": rows,
            "tabs": _tabs(counts, filters=filters, state=state, words=words),
            "sums": sums,
            "state": state if state in filters else "",
            "words": words,
        },
        zone=zone_of(request),
    )


def _tabs(counts: Mapping[str, int], *, filters: Mapping[str, Q], state: str, words: str) -> list[Tab]:
    names = {"open": _("Open"), "overdue": _("Overdue"), "paid": _("Paid")}
    query = f"&q={words}" if words else ""
    return [
        Tab(label=_("All"), url=f"?{query[1:]}", is_current=state not in filters, count=counts["all"]),
        *(
            Tab(label=names[name], url=f"?state={name}{query}", is_current=state == name, count=counts[name])
            for name in filters
        ),
    ]


def _invoice(request: PortalRequest, ref: str) -> Invoice:
    rows = Invoice.objects.of_buyer(request.actor)
    return get_object_or_404(
        rows.select_related(
            *("seller", "buyer", "contract", "milestone", "instalment", "application", "open_item", "document"),
            *("replaced_milestone", "replaces", "replaced_by"),
        ),
        ref=ref,
    )


@require_safe
@portal("buyer")
def invoice(request: PortalRequest, ref: str) -> HttpResponse:
    """What is owed, until when, into which account; what is paid; the PDF."""
    found = _invoice(request, ref)
    today = today_of(request)
    state = invoice_state(found.open_item, today=today)
    pay_to = payees.of_invoice(request.actor, found)
    return page(
        request,
        "invoice",
        {
            "invoice": found,
            "cause": "" if found.is_release else wording.cause(snapshot.read(found.snapshot)),
            "state": state,
            "lines": list(found.lines.all()),
            "pay_to": pay_to,
            "pay_code": payees.pay_code(pay_to, found),
            "is_printed_otherwise": payees.is_printed_otherwise(pay_to, found),
            "unread": payees.unread_assignments(request.actor).filter(milestone=found.milestone_id).first(),
            "next": _what_next(found, state=state, pay_to=pay_to),
            "events": invoice_story(request.actor, found),
            "documents": payment_documents.of_invoice(request.actor, found, side="buyer"),
            "corrections": corrections_of(request.actor, found, side=BUYER),
            "notes": notes_of(request.actor, found, side=BUYER),
            "disputes": disputes.of_invoice(request.actor, found, side=BUYER),
            "questions": asking.about(request.actor, found, ask_url=_ask_url(request.actor, found)),
            **_document(found),
            "crumbs": invoice_crumbs((found.number, "")),
        },
        zone=zone_of(request),
    )


def _ask_url(actor: Actor, invoice: Invoice) -> str:
    may = actor.may(Action.ASK_ABOUT_INVOICE)
    return reverse("buyer:ask_about_invoice", args=[invoice.ref]) if may else ""


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def ask_about_invoice(request: PortalRequest, ref: str) -> HttpResponse:
    """Ask the seller about an invoice; nothing is decided by it."""
    found = _invoice(request, ref)
    back = reverse("buyer:invoice", args=[found.ref])
    crumbs = invoice_crumbs((found.number, back), (_("Ask"), ""))
    return asking.ask(
        request,
        found,
        back=back,
        show=lambda context, form: page(
            request,
            "ask_about_invoice",
            {**context, "base": "buyer/base.html", "crumbs": crumbs},
            form=form,
            zone=zone_of(request),
        ),
    )


def _what_next(invoice: Invoice, *, state: str, pay_to: PayTo | None) -> str:
    if state == "paid":
        return _("nothing. The invoice is paid.")
    if state == "credited":
        return after_credit(invoice)
    if state == "withheld":
        return _("the defects are mended. What is withheld for each is payable once it is released.")
    if state == "awaits_documents":
        return _("the documents before payment. You need not pay before you have confirmed them.")
    payee = pay_to.holder if pay_to is not None else invoice.seller.legal_name
    if state == "overdue":
        return _("you pay %(payee)s now. The invoice was due on") % {"payee": payee}
    return _("you pay %(payee)s, due on") % {"payee": payee}


def _document(invoice: Invoice) -> dict[str, object]:
    return {
        "document": getattr(invoice, "document", None),
        "pdf_url": WAY.invoice_pdf(invoice),
        "xml_url": WAY.invoice_xml(invoice),
        "exports": exports_of(invoice, url=partial(WAY.invoice_export, invoice)),
        "document_url": WAY.invoice_document(invoice),
        "reload_url": reverse("buyer:invoice", args=[invoice.ref]),
    }


@require_safe
@portal("buyer")
def invoice_document(request: PortalRequest, ref: str) -> HttpResponse:
    """The PDF's piece of a page, asked for again and again while it is being made."""
    return render(request, "buyer/parts/document.html", _document(_invoice(request, ref)))


@require_safe
@portal("buyer")
def invoice_pdf(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the invoice; 404 until they exist."""
    found = _invoice(request, ref)
    return invoice_file(getattr(found, "document", None), number=found.number)


@require_safe
@portal("buyer")
def invoice_xml(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the XML inside the invoice; 404 until they exist, and where there are none."""
    found = _invoice(request, ref)
    return invoice_xml_file(getattr(found, "document", None), number=found.number)


@require_safe
@portal("buyer")
def invoice_peppol(request: PortalRequest, ref: str) -> HttpResponse:
    """The invoice as Peppol BIS Billing 3, written from its snapshot; 404 where it lacks something of it."""
    return export_file(_invoice(request, ref), PEPPOL)


@require_safe
@portal("buyer")
def invoice_xrechnung(request: PortalRequest, ref: str) -> HttpResponse:
    """The same as XRechnung."""
    return export_file(_invoice(request, ref), XRECHNUNG)

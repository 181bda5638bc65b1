"""Invoices: the list, the page of one, its PDF, and the money that arrived for it."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.errors import Refused
from apps.financing.models import FundingRequest, Tranche
from apps.invoicing import release_statement, snapshot, wording
from apps.invoicing import services as invoicing
from apps.invoicing.models import Delivery, Document, Invoice, OpenSum, PayeeInstruction, ReminderPause
from apps.invoicing.models.invoice import InvoiceQuerySet
from apps.invoicing.services import reissuing
from apps.invoicing.services.reading import GIVEN_UP_AFTER
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import open_totals, payment_documents, returned
from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.correcting.shown import corrections_of, notes_of
from apps.portals.correcting.side import SELLER
from apps.portals.disputing import shown as disputes
from apps.portals.exported import exports_of
from apps.portals.forms import ActionForm, explain
from apps.portals.hosted import shown as hosted
from apps.portals.paging import counted, page_of
from apps.portals.parts import Tab
from apps.portals.seller import unapplied
from apps.portals.seller.next_steps import what_next
from apps.portals.seller.pages import invoice_crumbs, page, today_of, why_not
from apps.portals.shown import invoice_state
from apps.workflows import billing

STATES = ("open", "overdue", "paid")


def _filters(actor: Actor, *, today: date) -> dict[str, Q]:
    # The item's own seller is said once more: what is open is then found among what is open, not among everything.
    is_open = Q(open_item__open__gt=0, open_item__seller_id=actor.organisation_id)
    return {
        "open": is_open,
        "overdue": is_open & Q(open_item__due_on__lt=today),
        "paid": Q(open_item__open=0, open_item__reserved=0),
    }


def _search(rows: InvoiceQuerySet, words: str) -> InvoiceQuerySet:
    if not words:
        return rows
    return rows.filter(
        Q(number__icontains=words) | Q(buyer__legal_name__icontains=words) | Q(contract__title__icontains=words)
    )


@require_GET
@portal("seller")
def invoices(request: PortalRequest) -> HttpResponse:
    """The seller's invoices, newest first; ``?state=`` and ``?q=`` narrow the list."""
    today = today_of(request)
    filters = _filters(request.actor, today=today)
    state = request.GET.get("state", "")
    words = request.GET.get("q", "").strip()[:80]
    found = _search(Invoice.objects.of_seller(request.actor), words)
    counts = counted(request.actor, found, {"all": Q(), **filters})
    if state in filters:
        found = found.filter(filters[state])
    if words:
        sums = open_totals.of_found(found.filter(filters["open"]))
    else:
        sums = open_totals.of_all(OpenSum.objects.of_seller(request.actor), state=state, today=today)
    instruction = PayeeInstruction.objects.assigned().filter(milestone_id=OuterRef("milestone_id"))
    shown = (
        found.with_what_is_billed()
        .select_related("buyer", "contract", "open_item")
        .annotate(is_assigned=Exists(instruction), came_back=returned.newest_mail_failed("invoice"))
    )
    rows = page_of(request, shown)
    names = {"open": _("Open"), "overdue": _("Overdue"), "paid": _("Paid")}
    query = f"&q={words}" if words else ""
    tabs = [
        Tab(label=_("All"), url=f"?{query[1:]}", is_current=state not in filters, count=counts["all"]),
        *(
            Tab(label=names[name], url=f"?state={name}{query}", is_current=state == name, count=counts[name])
            for name in STATES
        ),
    ]
    return page(
        request,
        "invoices",
        {
            "unapplied": unapplied.payments(request.actor),
            "rows": [
                (invoice, invoice_state(invoice.open_item, today=today), vars(invoice)["is_assigned"], _waits(invoice))
                for invoice in rows.rows
            ],
            "page": rows,
            "tabs": tabs,
            "sums": sums,
            "state": state if state in filters else "",
            "words": words,
        },
    )


def _waits(invoice: Invoice) -> bool:
    """Whether its newest mail came back from somebody, and something of it is still open."""
    return bool(invoice.open_item.open) and vars(invoice)["came_back"]


def invoice_of(request: PortalRequest, ref: str) -> Invoice:
    """One of the seller's invoices, with what every page about it shows; else 404."""
    rows = Invoice.objects.of_seller(request.actor)
    return get_object_or_404(
        rows.select_related(
            *("buyer", "seller", "contract", "milestone", "instalment", "application", "open_item", "document"),
            *("replaced_milestone", "replaces", "replaced_by"),
        ),
        ref=ref,
    )


def _document(invoice: Invoice) -> Document | None:
    return getattr(invoice, "document", None)


@require_GET
@portal("seller")
def invoice(request: PortalRequest, ref: str) -> HttpResponse:
    """One invoice: what it says, what is paid, its PDF, and whether it was sold."""
    found = invoice_of(request, ref)
    today = today_of(request)
    instructed = PayeeInstruction.objects.visible_to(request.actor).live().filter(milestone=found.milestone_id).first()
    payee = instructed if instructed is not None and instructed.payee_id != found.seller_id else None
    tranche = (
        Tranche.objects.visible_to(request.actor)
        .filter(milestone=found.milestone_id)
        .exclude(state="cancelled")
        .select_related("financier")
        .first()
    )
    asked = (
        FundingRequest.objects.visible_to(request.actor)
        .filter(items__milestone=found.milestone_id, state__in=["submitted", "offered"])
        .select_related("financier")
        .first()
    )
    state = invoice_state(found.open_item, today=today)
    return page(
        request,
        "invoice",
        {
            "invoice": found,
            **_said(found),
            "state": state,
            "payee": payee,
            "instructed": instructed,
            "tranche": tranche,
            "asked": asked,
            "allocations": unapplied.of_invoice(request.actor, found),
            "documents": payment_documents.of_invoice(request.actor, found, side="seller"),
            "came_back": returned.of_document(request.actor, f"invoice:{found.ref}") if found.open_item.open else [],
            "corrections": corrections_of(request.actor, found, side=SELLER),
            "may_correct": not why_not(request.actor, Action.CREDIT_INVOICE)
            and found.bills_supply
            and found.open_item.credited < found.gross,
            "notes": notes_of(request.actor, found, side=SELLER),
            "disputes": disputes.of_invoice(request.actor, found, side=SELLER),
            "may_credit": not why_not(request.actor, Action.CREDIT_INVOICE)
            and payee is None
            and tranche is None
            and found.open_item.credited < found.gross
            and not (found.is_release or found.open_item.reserved),
            "may_reissue": not why_not(request.actor, Action.CREDIT_INVOICE) and reissuing.may_be_reissued(found),
            "may_reverse": not why_not(request.actor, Action.RECORD_PAYMENT) and tranche is None,
            **_document_piece(request, found),
            "may_record": not why_not(request.actor, Action.RECORD_PAYMENT) and payee is None,
            "next": what_next(found, state=state, payee=payee, today=today),
            **hosted.of_seller(request.actor, found),
            "crumbs": invoice_crumbs((found.number, "")),
        },
    )


def _said(invoice: Invoice) -> dict[str, Any]:
    """What the document says, and why it was issued."""
    if invoice.is_release:
        return {"said": release_statement.read(invoice.snapshot)}
    said = snapshot.read(invoice.snapshot)
    return {"said": said, "cause": wording.cause(said)}


def _document_piece(request: PortalRequest, invoice: Invoice) -> dict[str, object]:
    """The PDF as the page shows it: there, being made, failed, or given up because it should be there by now.

    With it goes to whom it was mailed, newest first.
    """
    document = _document(invoice)
    deliveries = list(Delivery.objects.visible_to(request.actor).filter(invoice=invoice).order_by("-pk"))
    may_resend = request.actor.may(Action.RECORD_PAYMENT)
    is_young = bool(deliveries) and deliveries[0].requested_at + GIVEN_UP_AFTER > clock.now()
    return {
        "document": document,
        "exports": exports_of(invoice, url=lambda form: reverse(f"seller:invoice_{form.key}", args=[invoice.ref])),
        "is_given_up": document is not None
        and document.state == "rendering"
        and document.requested_at + GIVEN_UP_AFTER < clock.now(),
        "retry": ActionForm(auto_id="retry_%s"),
        "deliveries": deliveries,
        "is_on_its_way": is_young and deliveries[0].sent_at is None,
        "may_remind": may_resend
        and invoicing.may_be_reminded(actor=request.actor, invoice_id=invoice.pk, today=today_of(request)),
        "pause": pause_of(request, invoice),
        "remind": ActionForm(auto_id="remind_%s"),
        "resend": ActionForm(auto_id="resend_%s") if may_resend else None,
    }


def pause_of(request: PortalRequest, invoice: Invoice) -> ReminderPause | None:
    """The pause of its reminders that holds today."""
    pauses = ReminderPause.objects.visible_to(request.actor).holding(today=today_of(request))
    return pauses.filter(invoice=invoice).first()


@require_GET
@portal("seller")
def invoice_document(request: PortalRequest, ref: str) -> HttpResponse:
    """The PDF's piece of the invoice page, asked for again and again while it is being made."""
    found = invoice_of(request, ref)
    return render(request, "seller/parts/document.html", {"invoice": found, **_document_piece(request, found)})


@require_GET
@portal("seller")
def invoice_pdf(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the invoice; 404 until they exist."""
    found = invoice_of(request, ref)
    document = _document(found)
    if document is None or document.state != "ready":
        raise Http404
    return attachment(document.stored_as, name=f"{found.number}.pdf", content_type="application/pdf")


@require_GET
@portal("seller")
def invoice_xml(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the XML inside the invoice; 404 until they exist, and where there are none."""
    found = invoice_of(request, ref)
    document = _document(found)
    if document is None or not document.has_xml:
        raise Http404
    return attachment(document.xml_stored_as, name=f"{found.number}.xml", content_type="application/xml")


@require_POST
@portal("seller")
def retry_document(request: PortalRequest, ref: str) -> HttpResponse:
    """Make the PDF again after it failed."""
    found = invoice_of(request, ref)
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            billing.retry_document(actor=request.actor, key=form.cleaned_data["key"], invoice_ref=found.ref)
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("The document is being made again."))
    return redirect("seller:invoice", ref=found.ref)


@require_POST
@portal("seller")
def resend_invoice(request: PortalRequest, ref: str) -> HttpResponse:
    """Mail the invoice to the buyer once more."""
    found = invoice_of(request, ref)
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            billing.resend_invoice(actor=request.actor, key=form.cleaned_data["key"], invoice_ref=found.ref)
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("The invoice is on its way to the buyer again."))
    return redirect("seller:invoice", ref=found.ref)

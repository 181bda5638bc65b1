"""Invoices: the list, the page of one, its PDF, and the money that arrived for it."""

from datetime import date
from decimal import Decimal

from django.contrib import messages
from django.db.models import Q, QuerySet, Sum
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core import clock
from apps.core.errors import Refused
from apps.financing.models import FundingRequest, Tranche
from apps.invoicing import snapshot
from apps.invoicing.models import Allocation, Document, Invoice, PayeeInstruction
from apps.invoicing.services.reading import GIVEN_UP_AFTER
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, add_refusal, explain
from apps.portals.paging import counted, page_of
from apps.portals.parts import Fact, Tab
from apps.portals.seller.files import attachment, opened
from apps.portals.seller.forms.payment import PaymentForm
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
        "paid": Q(open_item__open=0),
    }


def _search(rows: QuerySet[Invoice], words: str) -> QuerySet[Invoice]:
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
    owed = found.filter(filters["open"])
    sums = owed.order_by().values("currency").annotate(open=Sum("open_item__open"))
    rows = page_of(request, found.select_related("buyer", "contract", "milestone", "open_item"))
    assigned = set(
        PayeeInstruction.objects.live()
        .filter(milestone__in=[invoice.milestone_id for invoice in rows.rows])
        .values_list("milestone_id", flat=True)
    )
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
            "rows": [
                (invoice, invoice_state(invoice.open_item, today=today), invoice.milestone_id in assigned)
                for invoice in rows.rows
            ],
            "page": rows,
            "tabs": tabs,
            "sums": sums,
            "state": state if state in filters else "",
            "words": words,
        },
    )


def _invoice(request: PortalRequest, ref: str) -> Invoice:
    rows = Invoice.objects.of_seller(request.actor)
    return get_object_or_404(
        rows.select_related("buyer", "seller", "contract", "milestone", "open_item", "document"), ref=ref
    )


def _document(invoice: Invoice) -> Document | None:
    return getattr(invoice, "document", None)


@require_GET
@portal("seller")
def invoice(request: PortalRequest, ref: str) -> HttpResponse:
    """One invoice: what it says, what is paid, its PDF, and whether it was sold."""
    found = _invoice(request, ref)
    today = today_of(request)
    payee = PayeeInstruction.objects.visible_to(request.actor).live().filter(milestone=found.milestone_id).first()
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
            "said": snapshot.read(found.snapshot),
            "state": state,
            "payee": payee,
            "tranche": tranche,
            "asked": asked,
            "allocations": list(
                Allocation.objects.visible_to(request.actor)
                .filter(invoice=found)
                .select_related("payment")
                .order_by("pk")
            ),
            **_document_piece(found),
            "may_record": not why_not(request.actor, Action.RECORD_PAYMENT) and payee is None,
            "next": _what_next(found, state=state, payee=payee, today=today),
            "crumbs": invoice_crumbs((found.number, "")),
        },
    )


def _what_next(invoice: Invoice, *, state: str, payee: PayeeInstruction | None, today: date) -> str:
    buyer = invoice.buyer.legal_name
    if state == "paid":
        return _("nothing. The invoice is paid.")
    if payee is not None:
        return _("%(buyer)s pays %(payee)s, to whom this invoice is assigned, due on") % {
            "buyer": buyer,
            "payee": payee.payee_name,
        }
    if state == "overdue":
        days = (today - invoice.due_on).days
        return ngettext(
            "%(buyer)s is %(days)d day late. Remind them, or record the payment if it has arrived. It was due on",
            "%(buyer)s is %(days)d days late. Remind them, or record the payment if it has arrived. It was due on",
            days,
        ) % {"buyer": buyer, "days": days}
    return _("%(buyer)s pays. You record the payment when it is on your account. Due on") % {"buyer": buyer}


def _document_piece(invoice: Invoice) -> dict[str, object]:
    """The PDF as the page shows it: there, being made, failed, or given up because it should be there by now."""
    document = _document(invoice)
    return {
        "document": document,
        "is_given_up": document is not None
        and document.state == "rendering"
        and document.requested_at + GIVEN_UP_AFTER < clock.now(),
        "retry": ActionForm(auto_id="retry_%s"),
    }


@require_GET
@portal("seller")
def invoice_document(request: PortalRequest, ref: str) -> HttpResponse:
    """The PDF's piece of the invoice page, asked for again and again while it is being made."""
    found = _invoice(request, ref)
    return render(request, "seller/parts/document.html", {"invoice": found, **_document_piece(found)})


@require_GET
@portal("seller")
def invoice_pdf(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the invoice; 404 until they exist."""
    found = _invoice(request, ref)
    document = _document(found)
    if document is None or document.state != "ready":
        raise Http404
    return attachment(opened(document.stored_as), name=f"{found.number}.pdf", content_type="application/pdf")


@require_GET
@portal("seller")
def invoice_xml(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the XML inside the invoice; 404 until they exist, and where there are none."""
    found = _invoice(request, ref)
    document = _document(found)
    if document is None or not document.has_xml:
        raise Http404
    return attachment(opened(document.xml_stored_as), name=f"{found.number}.xml", content_type="application/xml")


@require_POST
@portal("seller")
def retry_document(request: PortalRequest, ref: str) -> HttpResponse:
    """Make the PDF again after it failed."""
    found = _invoice(request, ref)
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            billing.retry_document(actor=request.actor, key=form.cleaned_data["key"], invoice_ref=found.ref)
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("The document is being made again."))
    return redirect("seller:invoice", ref=found.ref)


@require_http_methods(["GET", "POST"])
@portal("seller")
def record_payment(request: PortalRequest, ref: str) -> HttpResponse:
    """Record money that arrived: a form, a review of what it settles, then the record."""
    found = _invoice(request, ref)
    today = today_of(request)
    data = request.POST if request.method == "POST" else None
    form = PaymentForm(
        data,
        currency=found.currency,
        today=today,
        initial={"amount": formats.number(found.open_item.open, found.currency), "received_on": today},
    )
    step = request.POST.get("do", "")
    context = {
        "invoice": found,
        "crumbs": invoice_crumbs(
            (found.number, reverse("seller:invoice", args=[found.ref])), (_("Record a payment"), "")
        ),
        "refusal": why_not(request.actor, Action.RECORD_PAYMENT),
    }
    if data is not None and step != "change" and form.is_valid():
        if step != "record":
            return page(request, "record_payment_review", {**context, **_review(found, form)}, form=form)
        try:
            billing.record_payment(actor=request.actor, invoice_ref=found.ref, **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            amount = formats.money(form.cleaned_data["amount"], found.currency)
            messages.success(
                request,
                _("%(amount)s recorded on %(number)s.")
                % {
                    "amount": amount,
                    "number": found.number,
                },
            )
            return redirect("seller:invoice", ref=found.ref)
    return page(request, "record_payment", context, form=form)


def _review(invoice: Invoice, form: PaymentForm) -> dict[str, object]:
    """What recording the payment will do, in words."""
    amount: Decimal = form.cleaned_data["amount"]
    rest = invoice.open_item.open - amount
    number, currency = invoice.number, invoice.currency
    if rest > 0:
        effect = _("%(number)s stays open with %(rest)s.") % {"number": number, "rest": formats.money(rest, currency)}
    else:
        effect = _("%(number)s is paid in full.") % {"number": number}
    effects = [effect]
    if rest < 0:
        effects.append(
            _("%(surplus)s more than is open stays on the payment, unallocated: it belongs to %(buyer)s.")
            % {"surplus": formats.money(-rest, currency), "buyer": invoice.buyer.legal_name}
        )
    effects.append(_("Your books are posted: bank against receivables. A payment is never edited afterwards."))
    facts = [
        Fact(term=_("Invoice"), value=number),
        Fact(term=_("Open now"), amount=invoice.open_item.open, currency=currency),
        Fact(term=_("Received on"), on=form.cleaned_data["received_on"]),
        Fact(term=_("Bank reference"), value=form.cleaned_data["bank_reference"]),
    ]
    return {"facts": facts, "effects": effects, "amount": amount}

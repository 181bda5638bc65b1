"""Money that arrived for an invoice: recorded after a review of what it settles, taken back when it was a mistake."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.db.models import Min, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.core import money
from apps.core.errors import Refused
from apps.invoicing.models import Allocation, Invoice, Payment
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import add_refusal
from apps.portals.parts import Fact
from apps.portals.seller.forms.payment import PaymentForm, ReversalForm
from apps.portals.seller.pages import invoice_crumbs, page, today_of, why_not
from apps.portals.seller.views.invoices import invoice_of
from apps.workflows import billing


@require_http_methods(["GET", "POST"])
@portal("seller")
def record_payment(request: PortalRequest, ref: str) -> HttpResponse:
    """Record money that arrived: a form, a review of what it settles, then the record."""
    found = invoice_of(request, ref)
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
    effects.append(
        _("Your books are posted: bank against receivables. A payment is never edited; a mistake is reversed.")
    )
    facts = [
        Fact(term=_("Invoice"), value=number),
        Fact(term=_("Open now"), amount=invoice.open_item.open, currency=currency),
        Fact(term=_("Received on"), on=form.cleaned_data["received_on"]),
        Fact(term=_("Bank reference"), value=form.cleaned_data["bank_reference"]),
    ]
    return {"facts": facts, "effects": effects, "amount": amount}


@require_http_methods(["GET", "POST"])
@portal("seller")
def reverse_payment(request: PortalRequest, ref: str) -> HttpResponse:
    """Take back a payment that was recorded by mistake: what that undoes, and why it is done."""
    mine = Payment.objects.visible_to(request.actor).filter(recipient_id=request.actor.organisation_id)
    payment = get_object_or_404(mine.select_related("reversal", "payer"), ref=ref)
    settled = _settled_by(payment, actor=request.actor)
    if not settled:
        raise Http404
    found = settled[0].invoice
    form = ReversalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            billing.reverse_payment(actor=request.actor, payment_ref=payment.ref, **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(
                request,
                _("The payment %(reference)s is reversed. You can record the bank's line anew.")
                % {"reference": payment.bank_reference},
            )
            return redirect("seller:invoice", ref=found.ref)
    elif request.method == "GET" and hasattr(payment, "reversal"):
        messages.info(request, _("This payment is already reversed."))
        return redirect("seller:invoice", ref=found.ref)
    context = {
        "invoice": found,
        "payment": payment,
        **_undone(payment, settled),
        "refusal": why_not(request.actor, Action.RECORD_PAYMENT),
        "crumbs": invoice_crumbs(
            (found.number, reverse("seller:invoice", args=[found.ref])), (_("Reverse a payment"), "")
        ),
    }
    return page(request, "reverse_payment", context, form=form)


@dataclass(frozen=True, slots=True)
class Settled:
    """An invoice, and what a payment settles of it now: what a credit note freed is not in it."""

    invoice: Invoice
    amount: Decimal


def _settled_by(payment: Payment, *, actor: Actor) -> list[Settled]:
    """Every invoice that a payment settles; the one on which it was recorded first."""
    rows = (
        Allocation.objects.visible_to(actor)
        .filter(payment=payment, reverses__isnull=True)
        .values("invoice_id")
        .annotate(amount=Sum("amount"), first=Min("pk"))
        .order_by("first")
    )
    amounts = {row["invoice_id"]: row["amount"] for row in rows}
    invoices = Invoice.objects.of_seller(actor).select_related("buyer", "open_item").in_bulk(list(amounts))
    return [Settled(invoices[pk], amount) for pk, amount in amounts.items() if pk in invoices]


def _undone(payment: Payment, settled: Sequence[Settled]) -> dict[str, object]:
    """What the reversal undoes, in words."""
    currency = payment.currency
    facts = [
        Fact(term=_("Bank reference"), value=payment.bank_reference),
        Fact(term=_("Received on"), on=payment.received_on),
        *(
            Fact(
                term=_("Allocated to %(number)s") % {"number": one.invoice.number}, amount=one.amount, currency=currency
            )
            for one in settled
        ),
        Fact(
            term=_("Not allocated"),
            amount=payment.amount - money.total(one.amount for one in settled),
            currency=currency,
        ),
    ]
    effects = [
        _("%(number)s is open again with %(amount)s.")
        % {
            "number": one.invoice.number,
            "amount": formats.money(one.invoice.open_item.open + one.amount, currency),
        }
        for one in settled
        if one.amount
    ]
    effects += [
        _("Your books get the opposite entry with today's date; both stay visible."),
        _("%(buyer)s is told by mail that the receipt no longer holds.") % {"buyer": payment.payer.legal_name},
        _("The bank's line may be recorded anew. A reversal itself is not undone."),
    ]
    return {"facts": facts, "effects": effects, "amount": payment.amount}

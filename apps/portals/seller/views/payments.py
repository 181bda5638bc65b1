"""Money that arrived for an invoice: recorded after a review of what it settles, taken back when it was a mistake."""

from decimal import Decimal

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.core.errors import Refused
from apps.invoicing.models import Allocation, Invoice, Payment
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
    payment = get_object_or_404(mine.select_related("reversal"), ref=ref)
    made = get_object_or_404(Allocation.objects.visible_to(request.actor).made(), payment=payment)
    found = get_object_or_404(
        Invoice.objects.of_seller(request.actor).select_related("buyer", "open_item"), pk=made.invoice_id
    )
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
        **_undone(found, made),
        "refusal": why_not(request.actor, Action.RECORD_PAYMENT),
        "crumbs": invoice_crumbs(
            (found.number, reverse("seller:invoice", args=[found.ref])), (_("Reverse a payment"), "")
        ),
    }
    return page(request, "reverse_payment", context, form=form)


def _undone(invoice: Invoice, made: Allocation) -> dict[str, object]:
    """What the reversal undoes, in words."""
    currency, open_again = invoice.currency, invoice.open_item.open + made.amount
    facts = [
        Fact(term=_("Invoice"), value=invoice.number),
        Fact(term=_("Bank reference"), value=made.payment.bank_reference),
        Fact(term=_("Received on"), on=made.payment.received_on),
        Fact(term=_("Allocated to the invoice"), amount=made.amount, currency=currency),
        Fact(term=_("Not allocated"), amount=made.payment.amount - made.amount, currency=currency),
    ]
    effects = [
        _("%(number)s is open again with %(amount)s.")
        % {"number": invoice.number, "amount": formats.money(open_again, currency)},
        _("Your books get the opposite entry with today's date; both stay visible."),
        _("%(buyer)s is told by mail that the receipt no longer holds.") % {"buyer": invoice.buyer.legal_name},
        _("The bank's line may be recorded anew. A reversal itself is not undone."),
    ]
    return {"facts": facts, "effects": effects, "amount": made.payment.amount}

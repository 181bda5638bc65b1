"""Money that arrived for an invoice: recorded by its recipient, after a review of what it settles."""

from decimal import Decimal

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.core.errors import Refused
from apps.invoicing.models import Invoice
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import add_refusal
from apps.portals.parts import Fact
from apps.portals.seller.forms.payment import PaymentForm
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
    effects.append(_("Your books are posted: bank against receivables. A payment is never edited afterwards."))
    facts = [
        Fact(term=_("Invoice"), value=number),
        Fact(term=_("Open now"), amount=invoice.open_item.open, currency=currency),
        Fact(term=_("Received on"), on=form.cleaned_data["received_on"]),
        Fact(term=_("Bank reference"), value=form.cleaned_data["bank_reference"]),
    ]
    return {"facts": facts, "effects": effects, "amount": amount}

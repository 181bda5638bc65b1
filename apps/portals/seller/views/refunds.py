"""Money that settles nothing and goes back to its payer: asked for, approved by a second person, recorded as paid."""

from collections.abc import Callable, Mapping
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import Allocation, Payment, Refund
from apps.invoicing.models.refund import RefundState
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, add_refusal
from apps.portals.parts import Fact
from apps.portals.seller.forms.refund import EndRefundForm, PaidBackForm, RefundForm
from apps.portals.seller.pages import invoice_crumbs, page, today_of, why_not
from apps.workflows import refunding

SAID: Final[Mapping[str, Promise]] = {
    "approve": gettext_lazy("The refund is approved. Make the transfer, then record it here."),
    "pay": gettext_lazy("The refund is recorded. The payer is told."),
    "withdraw": gettext_lazy("The refund is withdrawn. The money is free for other invoices."),
    "return": gettext_lazy("The money stands as unapplied again. The payer is told."),
}


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def ask_refund(request: PortalRequest, ref: str) -> HttpResponse:
    """Ask that what settles nothing of a payment goes back; one that is under way already is shown instead."""
    mine = Payment.objects.visible_to(request.actor).filter(recipient_id=request.actor.organisation_id)
    payment = get_object_or_404(mine.select_related("payer"), ref=ref)
    first = Allocation.objects.visible_to(request.actor).made().filter(payment=payment).order_by("pk").first()
    if first is None:
        raise Http404
    under_way = Refund.objects.visible_to(request.actor).under_way().filter(payment=payment).first()
    if under_way is not None and request.method != "POST":
        return redirect("seller:refund", ref=under_way.ref)
    left = invoicing.unapplied_of(payment)
    form = RefundForm(request.POST or None, initial={"amount": formats.number(left, payment.currency)})
    if request.method == "POST" and form.is_valid():
        try:
            answer = refunding.ask_refund(actor=request.actor, payment_ref=payment.ref, **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The refund is asked for. Until it is paid or withdrawn, its money stays put."))
            return redirect("seller:refund", ref=answer["refund"])
    return page(
        request,
        "ask_refund",
        {
            "payment": payment,
            "left": left,
            "facts": [
                Fact(term=_("Bank reference"), value=payment.bank_reference),
                Fact(term=_("Received on"), on=payment.received_on),
                Fact(term=_("Received"), amount=payment.amount, currency=payment.currency),
            ],
            "effects": [
                _("Nothing is paid by this page: you make the transfer at your bank, and record it here."),
                _("From now on this money settles no other invoice, until the refund is paid or withdrawn."),
                _("Above your own limit, a second person of your organisation approves it first."),
            ],
            "refusal": why_not(request.actor, Action.RECORD_PAYMENT),
            "back": reverse("seller:invoice", args=[first.invoice.ref]),
            "crumbs": invoice_crumbs((_("Pay money back"), "")),
        },
        form=form,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def refund(request: PortalRequest, ref: str) -> HttpResponse:
    """One refund: who asked, who approved, and the step that is next."""
    mine = Refund.objects.visible_to(request.actor).filter(seller_id=request.actor.organisation_id)
    found = get_object_or_404(mine.select_related("payment", "buyer"), ref=ref)
    step = request.POST.get("do", "")
    paid = PaidBackForm(request.POST if step == "pay" else None, today=today_of(request), auto_id="paid_%s")
    ended = EndRefundForm(request.POST if step in ("withdraw", "return") else None, auto_id="ended_%s")
    plain = ActionForm(request.POST if step == "approve" else None, auto_id="plain_%s")
    sent = {"pay": paid, "withdraw": ended, "return": ended, "approve": plain}.get(step)
    if sent is not None and sent.is_valid():
        try:
            _steps()[step](actor=request.actor, refund_ref=found.ref, **sent.cleaned_data)
        except Refused as refused:
            add_refusal(sent, refused)
        else:
            messages.success(request, str(SAID[step]))
            return redirect("seller:refund", ref=found.ref)
    first = Allocation.objects.visible_to(request.actor).made().filter(payment=found.payment_id).order_by("pk").first()
    return page(
        request,
        "refund",
        {
            "refund": found,
            "facts": _facts(found),
            "paid": paid,
            "ended": ended,
            "plain": plain,
            "is_own": found.asked_by_id == request.actor.user_id,
            "refusal": why_not(request.actor, Action.RECORD_PAYMENT),
            "back": reverse("seller:invoice", args=[first.invoice.ref]) if first else reverse("seller:invoices"),
            "crumbs": invoice_crumbs((_("Refund"), "")),
        },
        form=sent,
    )


def _steps() -> Mapping[str, Callable[..., object]]:
    return {
        "approve": refunding.approve_refund,
        "pay": refunding.pay_refund,
        "withdraw": refunding.withdraw_refund,
        "return": refunding.return_refund,
    }


def _facts(found: Refund) -> list[Fact]:
    """What was done so far, in its order."""
    facts = [
        Fact(term=_("Of the payment"), value=found.payment.bank_reference),
        Fact(term=_("Reason"), value=found.reason),
        Fact(term=_("Asked for by"), value=found.asked_by_name),
    ]
    if found.needs_second and found.approved_by_name:
        facts.append(Fact(term=_("Approved by"), value=found.approved_by_name))
    if found.paid_on is not None:
        facts += [
            Fact(term=_("Paid back on"), on=found.paid_on),
            Fact(term=_("Bank reference of the refund"), value=found.bank_reference),
            Fact(term=_("Recorded by"), value=found.paid_by_name),
        ]
    if found.ended_on is not None:
        term = _("Came back on") if found.state == RefundState.RETURNED else _("Withdrawn on")
        facts += [
            Fact(term=term, on=found.ended_on),
            Fact(term=_("Why"), value=found.ended_reason),
            Fact(term=_("By"), value=found.ended_by_name),
        ]
    return facts

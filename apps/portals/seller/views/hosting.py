"""The hosted page of an invoice as its seller sees it: the link, renewed or revoked, and questions to answer."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.errors import Refused
from apps.invoicing.models import InvoiceQuestion
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, explain
from apps.portals.hosted import asking
from apps.portals.seller.pages import invoice_crumbs, page
from apps.portals.seller.views.invoices import invoice_of
from apps.workflows import hosting
from apps.workflows.once import Answer


@require_POST
@portal("seller")
def renew_invoice_link(request: PortalRequest, ref: str) -> HttpResponse:
    """Give the page another address, or its first one."""
    done = _("The page has a new address. Send the invoice again, or copy the address, so that the buyer has it.")
    return _act(request, ref, hosting.renew_invoice_link, done=done)


@require_POST
@portal("seller")
def revoke_invoice_link(request: PortalRequest, ref: str) -> HttpResponse:
    """Close the page to everybody without an account."""
    return _act(request, ref, hosting.revoke_invoice_link, done=_("The page is closed. Its address opens nothing."))


def _act(request: PortalRequest, ref: str, workflow: Callable[..., Answer], *, done: str) -> HttpResponse:
    found = invoice_of(request, ref)
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            workflow(actor=request.actor, key=form.cleaned_data["key"], invoice_ref=found.ref)
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, done)
    return redirect(reverse("seller:invoice", args=[found.ref]) + "#link")


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def answer_about_invoice(request: PortalRequest, ref: str) -> HttpResponse:
    """Answer what the buyer asks about an invoice."""
    questions = InvoiceQuestion.objects.visible_to(request.actor).select_related("invoice__buyer")
    question = get_object_or_404(questions, ref=ref, contract__seller_id=request.actor.organisation_id)
    url = reverse("seller:invoice", args=[question.invoice.ref])
    crumbs = invoice_crumbs((question.invoice.number, url), (_("Answer"), ""))
    return asking.answer(
        request,
        question,
        back=url,
        show=lambda context, form: page(request, "answer_about_invoice", {**context, "crumbs": crumbs}, form=form),
    )

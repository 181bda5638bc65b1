"""What an invoice waits for before it is due, as its buyer checks it."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.core.errors import Refused
from apps.portals import payment_documents
from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.buyer.pages import invoice_crumbs, page, zone_of
from apps.portals.forms import ActionForm, explain
from apps.workflows import payment_documents as workflows


@require_POST
@portal("buyer")
def confirm_document(request: PortalRequest, ref: str) -> HttpResponse:
    """The document is as the contract wants it."""
    document = payment_documents.document_of(request, ref, side="buyer")
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            workflows.confirm_document(actor=request.actor, key=form.cleaned_data["key"], document_ref=document.ref)
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("Confirmed. The seller was told by mail."))
    return redirect(reverse("buyer:invoice", args=[document.invoice.ref]) + "#documents")


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def return_document(request: PortalRequest, ref: str) -> HttpResponse:
    """Give a document back and say what is wrong with it."""
    document = payment_documents.document_of(request, ref, side="buyer")
    back = reverse("buyer:invoice", args=[document.invoice.ref])
    crumbs = invoice_crumbs((document.invoice.number, back), (document.title, ""))
    return payment_documents.give_back(
        request,
        document,
        show=lambda context, form: page(
            request, "return_document", {**context, "crumbs": crumbs}, form=form, zone=zone_of(request)
        ),
    )


@require_safe
@portal("buyer")
def payment_document(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of what was handed in; 404 where it was no file."""
    document = payment_documents.document_of(request, ref, side="buyer")
    if not document.stored_as:
        raise Http404
    return attachment(document.stored_as, name=document.name, content_type=document.content_type)

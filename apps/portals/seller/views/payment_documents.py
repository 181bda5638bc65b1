"""What an invoice waits for before it is due, as its seller hands it in."""

from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from apps.portals import payment_documents
from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.seller.pages import invoice_crumbs, page


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def hand_in_document(request: PortalRequest, ref: str) -> HttpResponse:
    """Hand in a document that comes before payment."""
    document = payment_documents.document_of(request, ref, side="seller")
    back = reverse("seller:invoice", args=[document.invoice.ref])
    crumbs = invoice_crumbs((document.invoice.number, back), (document.title, ""))
    return payment_documents.hand_in(
        request,
        document,
        show=lambda context, form: page(request, "hand_in_document", {**context, "crumbs": crumbs}, form=form),
    )


@require_GET
@portal("seller")
def payment_document(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of what was handed in; 404 where it was no file."""
    document = payment_documents.document_of(request, ref, side="seller")
    if not document.stored_as:
        raise Http404
    return attachment(document.stored_as, name=document.name, content_type=document.content_type)

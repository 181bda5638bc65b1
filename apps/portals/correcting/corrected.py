"""The page of a corrected invoice, and its files: the same for seller and buyer."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from apps.core import clock
from apps.invoicing import snapshot
from apps.invoicing.einvoice.profiles import Profile
from apps.invoicing.models import CorrectedInvoice
from apps.portals import history
from apps.portals.access import PortalRequest
from apps.portals.correcting.sending import sending_of
from apps.portals.correcting.side import Side
from apps.portals.exported import exports_of
from apps.portals.forms import ActionForm

Crumbs = list[tuple[str, str]]


def corrected_of(request: PortalRequest, ref: str, *, side: Side) -> CorrectedInvoice:
    """One of this side's corrected invoices, with what its page shows; else 404."""
    rows = CorrectedInvoice.objects
    mine = rows.of_seller(request.actor) if side.name == "seller" else rows.of_buyer(request.actor)
    return get_object_or_404(mine.select_related("seller", "buyer", "contract", "invoice__open_item"), ref=ref)


def corrected_invoice(request: PortalRequest, ref: str, *, side: Side, crumbs: Crumbs) -> HttpResponse:
    """What is changed, why, in place of which document it stands, and its files."""
    found = corrected_of(request, ref, side=side)
    stands = not CorrectedInvoice.objects.filter(invoice=found.invoice_id, place__gt=found.place).exists()

    def url(form: Profile) -> str:
        return side.url(f"corrected_{form.key}", found.ref)

    return side.page(
        request,
        "corrected_invoice",
        {
            "corrected": found,
            "invoice": found.invoice,
            "invoice_url": side.url("invoice", found.invoice.ref),
            "contract_url": side.url("contract", found.contract.ref),
            "said": snapshot.read(found.snapshot),
            "document": found,
            "exports": exports_of(found, url=url),
            "is_given_up": found.is_given_up(now=clock.now()),
            "pdf_url": side.url("corrected_pdf", found.ref),
            "xml_url": side.url("corrected_xml", found.ref),
            "here": side.url("corrected_invoice", found.ref),
            "retry_url": side.url("retry_corrected_document", found.ref) if side.name == "seller" else "",
            "retry": ActionForm(auto_id="retry_%s"),
            **sending_of(request, found, side=side),
            "next": _what_next(found, stands=stands),
            "events": history.of_corrections(request.actor, found.contract, found.ref, kind="corrected_invoice"),
            "crumbs": [*crumbs, (found.invoice.number, side.url("invoice", found.invoice.ref)), (found.number, "")],
        },
    )


def _what_next(found: CorrectedInvoice, *, stands: bool) -> str:
    if not stands:
        return _("nothing. It was corrected once more: see the invoice for the document that stands.")
    if found.invoice.open_item.open:
        return _(
            "what is open on the invoice is paid as before, and nothing beside it. This document stands in its place."
        )
    return _("nothing more is to be paid. This document stands in place of the one that was wrong.")


def file_of(found: CorrectedInvoice, *, kind: str) -> tuple[str, str]:
    """Under which name the stored bytes lie, and how the file is called; 404 until they exist."""
    stored_as = found.xml_stored_as if kind == "xml" else found.stored_as
    if found.state != "ready" or not stored_as:
        raise Http404
    return stored_as, f"{found.number}.{kind}"

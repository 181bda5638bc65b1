"""Files behind a personal link: the contract, the evidence of its milestone, the invoice that its sign-off issued."""

from functools import partial

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.invoicing.einvoice.profiles import PEPPOL, XRECHNUNG
from apps.invoicing.models import Invoice
from apps.milestones.models import EvidenceFile
from apps.portals import papers
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import acknowledging
from apps.portals.buyer.files import evidence_file, invoice_file, invoice_xml_file
from apps.portals.buyer.visits import Visit, handing_out, personal, visit_of
from apps.portals.exported import export_file, exports_of


@portal("link")
@handing_out
def evidence(request: PortalRequest, visit: Visit, ref: str) -> HttpResponseBase:
    """One file of the milestone that the link is for."""
    files = EvidenceFile.objects.visible_to(visit.actor).filter(submission__milestone=visit.milestone())
    return evidence_file(get_object_or_404(files, ref=ref))


@portal("link")
@handing_out
def invoice_pdf(request: PortalRequest, visit: Visit) -> HttpResponseBase:
    """The stored bytes of the invoice; 404 until they exist."""
    invoice = _invoice(visit)
    return invoice_file(getattr(invoice, "document", None), number=invoice.number)


@portal("link")
@handing_out
def invoice_xml(request: PortalRequest, visit: Visit) -> HttpResponseBase:
    """The stored bytes of the XML inside the invoice; 404 until they exist, and where there are none."""
    invoice = _invoice(visit)
    return invoice_xml_file(getattr(invoice, "document", None), number=invoice.number)


@portal("link")
@handing_out
def invoice_peppol(request: PortalRequest, visit: Visit) -> HttpResponse:
    """The invoice as Peppol BIS Billing 3, written from its snapshot; 404 where it lacks something of it."""
    return export_file(_invoice(visit), PEPPOL)


@portal("link")
@handing_out
def invoice_xrechnung(request: PortalRequest, visit: Visit) -> HttpResponse:
    """The same as XRechnung."""
    return export_file(_invoice(visit), XRECHNUNG)


@portal("link")
@handing_out
def invoice_document(request: PortalRequest, visit: Visit) -> HttpResponse:
    """The PDF's piece of the page, asked for again and again while it is being made."""
    return render(request, "buyer/parts/document.html", document_of(_invoice(visit), visit=visit))


@portal("link")
@handing_out
def contract_pdf(request: PortalRequest, visit: Visit) -> HttpResponseBase:
    """The stored bytes of the version that the link lets sign, as PDF; 404 until they exist."""
    return papers.contract_file(visit.actor, visit.version())


@portal("link")
@handing_out
def certificate(request: PortalRequest, visit: Visit) -> HttpResponseBase:
    """The stored bytes of the certificate of the acceptance that the link decided; 404 until they exist."""
    milestone = visit.milestone()
    return papers.certificate_file(papers.certificate_of(visit.actor, milestone), milestone=milestone)


def document_of(invoice: Invoice, *, visit: Visit) -> dict[str, object]:
    """What the PDF's piece of a page is filled with."""
    return {
        "invoice": invoice,
        "document": getattr(invoice, "document", None),
        "pdf_url": visit.way.invoice_pdf(invoice),
        "xml_url": visit.way.invoice_xml(invoice),
        "exports": exports_of(invoice, url=partial(visit.way.invoice_export, invoice)),
        "document_url": visit.way.invoice_document(invoice),
        "reload_url": reverse("link:open", args=[visit.token]),
    }


def _invoice(visit: Visit) -> Invoice:
    """The invoice of the milestone that the link is for; 404 while there is none."""
    invoice: Invoice | None = getattr(visit.milestone(), "invoice", None)
    if invoice is None:
        raise Http404
    return invoice


@portal("link")
@handing_out
def assignment_proof(request: PortalRequest, visit: Visit) -> HttpResponseBase:
    """The proof of the assignment whose notice the link is for; 404 until it is made."""
    return acknowledging.proof_file(visit.actor, visit.assignment())


@portal("link")
@personal
@require_POST
def ask_assignment_proof(request: PortalRequest, token: str) -> HttpResponse:
    """Ask for that proof, and go back to the notice."""
    visit = visit_of(request, token)
    if visit.may_read:
        acknowledging.ask_proof(request, visit.assignment())
    return redirect("link:open", token=token)

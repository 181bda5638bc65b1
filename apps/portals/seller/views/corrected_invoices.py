"""Corrected invoices of the seller: what was written wrong is put right after a look at the changes."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.errors import Refused
from apps.invoicing.einvoice.profiles import PEPPOL, XRECHNUNG
from apps.invoicing.models import Invoice
from apps.invoicing.services import correcting as corrections
from apps.parties.roles import Action
from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.correcting import corrected
from apps.portals.correcting.correct_form import CorrectForm
from apps.portals.correcting.sending import sent_again
from apps.portals.correcting.side import SELLER
from apps.portals.exported import export_file
from apps.portals.forms import ActionForm, add_refusal, explain
from apps.portals.seller.pages import invoice_crumbs, why_not
from apps.portals.seller.views.invoices import invoice_of
from apps.workflows import correcting

TYPES = {"pdf": "application/pdf", "xml": "application/xml"}


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def correct_invoice(request: PortalRequest, ref: str) -> HttpResponse:
    """Put right what is written wrong on an invoice: a form, a review of the changes, then the corrected invoice."""
    found = invoice_of(request, ref)
    refusal = why_not(request.actor, Action.CREDIT_INVOICE) or _why_not_corrected(found)
    data = request.POST if request.method == "POST" else None
    form = None if refusal else CorrectForm(data, invoice=found)
    context = {
        "invoice": found,
        "refusal": refusal,
        "invoice_url": reverse("seller:invoice", args=[found.ref]),
        "credit_url": reverse("seller:credit_invoice", args=[found.ref]),
        "crumbs": invoice_crumbs(
            (found.number, reverse("seller:invoice", args=[found.ref])), (pgettext("an invoice", "Correct"), "")
        ),
    }
    if form is not None and data is not None and data.get("do") != "change" and form.is_valid():
        try:
            if data.get("do") == "issue":
                answer = correcting.correct_invoice(
                    actor=request.actor,
                    key=form.cleaned_data["key"],
                    invoice_ref=found.ref,
                    right=form.right,
                    reason=form.cleaned_data["reason"],
                    seen=form.cleaned_data["seen"],
                )
                messages.success(request, _("Corrected invoice %(number)s is issued.") % {"number": answer["number"]})
                return redirect("seller:corrected_invoice", ref=answer["corrected_invoice"])
            correction = corrections.preview_correction(invoice_ref=found.ref, right=form.right)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            shown = {**{name: data.get(name, "") for name in form.fields}, "seen": correction.sha256}
            again = CorrectForm(shown, invoice=found)
            review = {
                "correction": correction,
                "reason": form.cleaned_data["reason"],
                "effects": _effects(found, correction.number),
            }
            return SELLER.page(request, "correct_review", {**context, **review}, form=again)
    return SELLER.page(request, "correct_invoice", context, form=form)


def _why_not_corrected(invoice: Invoice) -> str:
    try:
        corrections.refuse_uncorrectable(invoice)
    except Refused as refused:
        return explain(refused)
    return ""


def _effects(invoice: Invoice, number: str) -> list[str]:
    """What the corrected invoice does, in words."""
    return [
        _("No sum of money is changed: total, due date, account and payment reference stay as they are."),
        _("It has a number of its own and names %(number)s, which it stands in place of.") % {"number": number},
        _("%(buyer)s gets it by mail. It is never changed or deleted.") % {"buyer": invoice.buyer.legal_name},
    ]


@require_GET
@portal("seller")
def corrected_invoice(request: PortalRequest, ref: str) -> HttpResponse:
    """One corrected invoice."""
    return corrected.corrected_invoice(request, ref, side=SELLER, crumbs=invoice_crumbs())


@require_GET
@portal("seller")
def corrected_pdf(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the corrected invoice; 404 until they exist."""
    return _file(request, ref, kind="pdf")


@require_GET
@portal("seller")
def corrected_xml(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the XML inside it; 404 until they exist, and where there are none."""
    return _file(request, ref, kind="xml")


def _file(request: PortalRequest, ref: str, *, kind: str) -> HttpResponseBase:
    stored_as, name = corrected.file_of(corrected.corrected_of(request, ref, side=SELLER), kind=kind)
    return attachment(stored_as, name=name, content_type=TYPES[kind])


@require_GET
@portal("seller")
def corrected_peppol(request: PortalRequest, ref: str) -> HttpResponse:
    """The corrected invoice as Peppol BIS Billing 3, written from its snapshot; 404 where it lacks something of it."""
    return export_file(corrected.corrected_of(request, ref, side=SELLER), PEPPOL)


@require_GET
@portal("seller")
def corrected_xrechnung(request: PortalRequest, ref: str) -> HttpResponse:
    """The same as XRechnung."""
    return export_file(corrected.corrected_of(request, ref, side=SELLER), XRECHNUNG)


@require_POST
@portal("seller")
def resend_corrected_invoice(request: PortalRequest, ref: str) -> HttpResponse:
    """Mail it to the buyer once more."""
    found = corrected.corrected_of(request, ref, side=SELLER)
    return sent_again(
        request,
        correcting.resend_corrected_invoice,
        page="seller:corrected_invoice",
        ref=found.ref,
        corrected_ref=found.ref,
    )


@require_POST
@portal("seller")
def retry_corrected_document(request: PortalRequest, ref: str) -> HttpResponse:
    """Make its PDF again after it failed."""
    found = corrected.corrected_of(request, ref, side=SELLER)
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            correcting.retry_corrected_document(
                actor=request.actor, key=form.cleaned_data["key"], corrected_ref=found.ref
            )
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("The document is being made again."))
    return redirect("seller:corrected_invoice", ref=found.ref)

"""The page of a credit note, and its files: the same for seller and buyer."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from apps.core import clock
from apps.core import money as amounts
from apps.invoicing import snapshot
from apps.invoicing.models import CreditNote
from apps.portals import history
from apps.portals.access import PortalRequest
from apps.portals.correcting.sending import sending_of
from apps.portals.correcting.side import Side
from apps.portals.exported import exports_of
from apps.portals.forms import ActionForm

Crumbs = list[tuple[str, str]]


def note_of(request: PortalRequest, ref: str, *, side: Side) -> CreditNote:
    """One of this side's credit notes, with what its page shows; else 404."""
    return get_object_or_404(side.notes(request.actor), ref=ref)


def credit_note(request: PortalRequest, ref: str, *, side: Side, crumbs: Crumbs) -> HttpResponse:
    """What is credited of which invoice, why, its PDF, and what became of what was paid."""
    note = note_of(request, ref, side=side)
    freed = note.allocations.all()
    billed = note.invoice.milestone_ever
    credited = note.nullification.milestone if note.nullification is not None else billed
    return side.page(
        request,
        "credit_note",
        {
            "note": note,
            "invoice": note.invoice,
            "invoice_url": side.url("invoice", note.invoice.ref),
            "anew": (anew := note.invoice.replaced_by if note.invoice.replaced_milestone_id is not None else None),
            "anew_url": side.url("invoice", anew.ref) if anew is not None else "",
            "contract_url": side.url("contract", note.contract.ref),
            "milestone": credited,
            "milestone_url": side.url("milestone", credited.ref) if credited is not None else "",
            "rest_url": _rest_url(note, side=side),
            "said": snapshot.read(note.snapshot),
            "freed": -amounts.total(row.amount for row in freed),
            "document": note.document,
            "exports": exports_of(note, url=lambda form: side.url(f"credit_note_{form.key}", note.ref)),
            "is_given_up": note.document.is_given_up(now=clock.now()),
            "pdf_url": side.url("credit_note_pdf", note.ref),
            "xml_url": side.url("credit_note_xml", note.ref),
            "here": side.url("credit_note", note.ref),
            "retry_url": side.url("retry_credit_document", note.ref) if side.name == "seller" else "",
            "retry": ActionForm(auto_id="retry_%s"),
            **sending_of(request, note, side=side),
            "next": _what_next(note),
            "events": history.of_corrections(request.actor, note.contract, note.ref),
            "crumbs": [*crumbs, (note.invoice.number, side.url("invoice", note.invoice.ref)), (note.number, "")],
        },
    )


def file_of(note: CreditNote, *, kind: str) -> tuple[str, str]:
    """Under which name the stored bytes lie, and how the file is called; 404 until they exist."""
    document = note.document
    stored_as = document.xml_stored_as if kind == "xml" else document.stored_as
    if document.state != "ready" or not stored_as:
        raise Http404
    return stored_as, f"{note.number}.{kind}"


def _rest_url(note: CreditNote, *, side: Side) -> str:
    rest = note.nullification.rest if note.nullification is not None else None
    return side.url("milestone", rest.ref) if rest is not None else ""


def _what_next(note: CreditNote) -> str:
    if note.nullification_id is not None:
        return _("the seller mends the defect and submits the milestone again; its acceptance is billed anew.")
    if note.purpose == CreditNote.Purpose.REPLACEMENT:
        return _("nothing. The invoice is issued anew, and that one asks for what is owed.")
    if note.invoice.is_release:
        return _(
            "nothing. So much is retained again, as the contract's page shows; the price and its tax stay the same."
        )
    return _("nothing. What is open on the invoice is lowered, and the work stays accepted.")

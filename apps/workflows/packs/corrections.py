"""What corrects the invoices of a pack: what each says, and the document with the XML inside it."""

from django.db.models import QuerySet

from apps.core.made import Kept, MadeState
from apps.invoicing.models import CorrectedInvoice, CreditNote, CreditNoteDocument, Invoice
from apps.workflows.packs import parts
from apps.workflows.packs.parts import Contents


def collect(invoices: "QuerySet[Invoice]", contents: Contents) -> None:
    """Every credit note to one of these invoices, and every corrected invoice in place of one."""
    for note in CreditNote.objects.filter(invoice__in=invoices).select_related("document").order_by("pk"):
        _add(contents, note, note.document, kind="credit_note")
    for one in CorrectedInvoice.objects.filter(invoice__in=invoices).order_by("pk"):
        _add(contents, one, one, kind="corrected_invoice")


def _add(
    contents: Contents,
    issued: CreditNote | CorrectedInvoice,
    document: CreditNoteDocument | CorrectedInvoice,
    *,
    kind: str,
) -> None:
    name = f"invoices/{issued.number.replace('/', '_')}"
    contents.add(parts.text(f"{name}.json", kind, issued.snapshot, ref=issued.ref))
    if document.state != MadeState.READY:
        contents.missing.append({"kind": "document", "of": f"{kind}:{issued.ref}"})
        return
    pdf = Kept(document.stored_as, document.size, document.sha256)
    contents.add(parts.stored(f"{name}.pdf", f"{kind}_pdf", pdf, ref=issued.ref))
    if document.has_xml:
        xml = Kept(document.xml_stored_as, document.xml_size, document.xml_sha256)
        contents.add(parts.stored(f"{name}.xml", f"{kind}_xml", xml, ref=issued.ref))

"""The credit notes of a pack: what each says, and the document with the XML inside it."""

from django.db.models import QuerySet

from apps.core.made import Kept, MadeState
from apps.invoicing.models import CreditNote, Invoice
from apps.workflows.packs import parts
from apps.workflows.packs.parts import Contents


def collect(invoices: "QuerySet[Invoice]", contents: Contents) -> None:
    """Every credit note to one of these invoices."""
    issued = CreditNote.objects.filter(invoice__in=invoices).select_related("document").order_by("pk")
    for note in issued:
        name, document = f"invoices/{note.number.replace('/', '_')}", note.document
        contents.add(parts.text(f"{name}.json", "credit_note", note.snapshot, ref=note.ref))
        if document.state != MadeState.READY:
            contents.missing.append({"kind": "document", "of": f"credit_note:{note.ref}"})
            continue
        pdf = Kept(document.stored_as, document.size, document.sha256)
        contents.add(parts.stored(f"{name}.pdf", "credit_note_pdf", pdf, ref=note.ref))
        if document.has_xml:
            xml = Kept(document.xml_stored_as, document.xml_size, document.xml_sha256)
            contents.add(parts.stored(f"{name}.xml", "credit_note_xml", xml, ref=note.ref))

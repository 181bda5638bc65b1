"""An invoice in the forms of UBL: which of them can be had, what is lacking of the others, and the file itself."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from django.http import Http404, HttpResponse

from apps.core.errors import Refused
from apps.invoicing import exports
from apps.invoicing.einvoice.profiles import Profile
from apps.invoicing.models import CorrectedInvoice, CreditNote, Invoice
from apps.portals.attachments import harmless
from apps.portals.forms import explain

Issued = Invoice | CorrectedInvoice | CreditNote
"""What is exported as UBL."""


@dataclass(frozen=True, slots=True)
class Export:
    """One form as a page shows it: a file to download, or sentences that say what to complete for the next invoice."""

    form: str
    file_name: str
    url: str
    lacks: list[str]


def exports_of(invoice: Issued, *, url: Callable[[Profile], str]) -> list[Export]:
    """Every form, once the document is there with its XML; none before, and none where EN 16931 has an obstacle."""
    if not _has_xml(invoice):
        return []
    return [
        Export(
            form=profile.name,
            file_name=exports.file_name(invoice.number, profile),
            url=url(profile),
            lacks=[explain(lack) for lack in lacks],
        )
        for profile, lacks in exports.lacks(invoice.snapshot).items()
    ]


def export_file(invoice: Issued, profile: Profile) -> HttpResponse:
    """The invoice in this form, to be kept; 404 where it cannot be had, of which the invoice's page says why."""
    if not _has_xml(invoice):
        raise Http404
    try:
        xml = exports.written(invoice.snapshot, profile)
    except Refused:
        raise Http404 from None
    response = HttpResponse(xml, content_type=exports.CONTENT_TYPE)
    name = quote(exports.file_name(invoice.number, profile))
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return harmless(response)


def _has_xml(invoice: Issued) -> bool:
    document = getattr(invoice, "document", None)
    return document is not None and document.has_xml

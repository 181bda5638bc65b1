"""An invoice as UBL: through Peppol, or as XRechnung."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from apps.invoicing.einvoice.profiles import PEPPOL, XRECHNUNG
from apps.portals.access import PortalRequest, portal
from apps.portals.exported import export_file
from apps.portals.seller.views.invoices import invoice_of


@require_GET
@portal("seller")
def invoice_peppol(request: PortalRequest, ref: str) -> HttpResponse:
    """The invoice as Peppol BIS Billing 3, written from its snapshot; 404 where it lacks something of it."""
    return export_file(invoice_of(request, ref), PEPPOL)


@require_GET
@portal("seller")
def invoice_xrechnung(request: PortalRequest, ref: str) -> HttpResponse:
    """The same as XRechnung."""
    return export_file(invoice_of(request, ref), XRECHNUNG)

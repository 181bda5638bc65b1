"""What financiers see of the house: one window for each kind of row, in the order of the story."""

from apps.audit.models import Entry as AuditEntry
from apps.financing.models import (
    Alert,
    Assignment,
    BankMovement,
    BuyerVerification,
    Collection,
    Disbursement,
    ExposureLimit,
    Facility,
    FundingRequest,
    Offer,
    OrderedPayment,
    PaymentOrder,
    ReservePayout,
    Tranche,
)
from apps.ledger.models import Account, Entry
from apps.portals.financier.site import FinancierSite
from apps.portals.financier.windows.assignments import AssignmentWindow
from apps.portals.financier.windows.audit import AuditWindow
from apps.portals.financier.windows.books import AccountWindow, EntryWindow
from apps.portals.financier.windows.exposures import ExposureWindow
from apps.portals.financier.windows.facilities import FacilityWindow
from apps.portals.financier.windows.money import CollectionWindow, DisbursementWindow, MovementWindow, PayoutWindow
from apps.portals.financier.windows.offers import OfferWindow
from apps.portals.financier.windows.payment_orders import OrderedPaymentWindow, PaymentOrderWindow
from apps.portals.financier.windows.requests import RequestWindow
from apps.portals.financier.windows.tranches import TrancheWindow
from apps.portals.financier.windows.verifications import VerificationWindow
from apps.portals.financier.windows.watch import AlertWindow

WINDOWS = {
    FundingRequest: RequestWindow,
    Offer: OfferWindow,
    Assignment: AssignmentWindow,
    Tranche: TrancheWindow,
    Facility: FacilityWindow,
    ExposureLimit: ExposureWindow,
    BuyerVerification: VerificationWindow,
    PaymentOrder: PaymentOrderWindow,
    OrderedPayment: OrderedPaymentWindow,
    Disbursement: DisbursementWindow,
    Collection: CollectionWindow,
    ReservePayout: PayoutWindow,
    BankMovement: MovementWindow,
    Alert: AlertWindow,
    Account: AccountWindow,
    Entry: EntryWindow,
    AuditEntry: AuditWindow,
}


def open_windows(site: FinancierSite) -> None:
    """Register every window with the site."""
    for model, window in WINDOWS.items():
        site.register(model, window)

from apps.financing.models.adjustment import Adjustment, Repayment
from apps.financing.models.assignment import Assignment
from apps.financing.models.assignment_proof import AssignmentProof
from apps.financing.models.exposure import ExposureLimit
from apps.financing.models.facility import Facility
from apps.financing.models.money import Collection, Disbursement, ReservePayout
from apps.financing.models.movement import BankMovement
from apps.financing.models.offer import Offer, OfferLine
from apps.financing.models.payment_order import OrderedPayment, PaymentOrder
from apps.financing.models.request import FundingRequest, RequestItem
from apps.financing.models.tranche import Tranche
from apps.financing.models.verification import BuyerVerification, ConfirmedSignatory
from apps.financing.models.waiver import CheckWaiver
from apps.financing.models.watch import Alert, ExpectedCashFlow

__all__ = [
    "Adjustment",
    "Alert",
    "Assignment",
    "AssignmentProof",
    "BankMovement",
    "BuyerVerification",
    "CheckWaiver",
    "Collection",
    "ConfirmedSignatory",
    "Disbursement",
    "ExpectedCashFlow",
    "ExposureLimit",
    "Facility",
    "FundingRequest",
    "Offer",
    "OfferLine",
    "OrderedPayment",
    "PaymentOrder",
    "Repayment",
    "RequestItem",
    "ReservePayout",
    "Tranche",
]

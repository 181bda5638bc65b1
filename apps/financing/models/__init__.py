from apps.financing.models.assignment import Assignment
from apps.financing.models.facility import Facility
from apps.financing.models.money import Collection, Disbursement, ReservePayout
from apps.financing.models.offer import Offer
from apps.financing.models.request import FundingRequest
from apps.financing.models.tranche import Tranche

__all__ = [
    "Assignment",
    "Collection",
    "Disbursement",
    "Facility",
    "FundingRequest",
    "Offer",
    "ReservePayout",
    "Tranche",
]

"""What may be done with financing. Workflows call these inside their transaction."""

from apps.financing.services.acceptance import (
    accept,
    assign,
    collection_account,
    contract_of_offer,
    financier_of_offer,
)
from apps.financing.services.accruals import accrue_all
from apps.financing.services.cancelling import cancel
from apps.financing.services.collecting import collect
from apps.financing.services.facilities import FacilityTerms, headroom, open_facility
from apps.financing.services.funding import (
    contract_of_tranche,
    fund,
    invoice_ref_of,
    sale_of,
)
from apps.financing.services.locks import lock_facility
from apps.financing.services.notices import acknowledge, contract_of_assignment, waive_notice
from apps.financing.services.offers import approve, decline_offer, expire_offers, price, revoke
from apps.financing.services.payouts import pay_reserve, settlement_of, used_up_reserve
from apps.financing.services.requests import decline_request, request, withdraw_request

__all__ = [
    "FacilityTerms",
    "accept",
    "accrue_all",
    "acknowledge",
    "approve",
    "assign",
    "cancel",
    "collect",
    "collection_account",
    "contract_of_assignment",
    "contract_of_offer",
    "contract_of_tranche",
    "decline_offer",
    "decline_request",
    "expire_offers",
    "financier_of_offer",
    "fund",
    "headroom",
    "invoice_ref_of",
    "lock_facility",
    "open_facility",
    "pay_reserve",
    "price",
    "request",
    "revoke",
    "sale_of",
    "settlement_of",
    "used_up_reserve",
    "waive_notice",
    "withdraw_request",
]

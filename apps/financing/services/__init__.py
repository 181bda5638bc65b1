"""What may be done with financing. Workflows call these inside their transaction."""

from apps.financing.services.acceptance import (
    accept,
    assign,
    collection_account,
    contract_of_offer,
    financier_of_offer,
)
from apps.financing.services.accruals import accrue_all
from apps.financing.services.bank import account_of_seller
from apps.financing.services.cancelling import cancel
from apps.financing.services.collecting import collect
from apps.financing.services.conversion import advance_on, on_acceptance, sale_on_acceptance
from apps.financing.services.exposures import set_exposure_limit
from apps.financing.services.facilities import FacilityTerms, headroom, open_facility, pre_headroom
from apps.financing.services.funding import (
    advance_of,
    contract_of_tranche,
    financier_of_tranche,
    fund,
    invoice_ref_of,
    references,
    sale_of,
    to_fund,
)
from apps.financing.services.locks import lock_facility
from apps.financing.services.notices import acknowledge, contract_of_assignment, waive_notice
from apps.financing.services.offers import approve, decline_offer, expire_offers, price, revoke
from apps.financing.services.payouts import pay_reserve, settlement_of, used_up_reserve
from apps.financing.services.quotes import Quote, quote_of, usual_terms
from apps.financing.services.requests import decline_request, request, withdraw_request
from apps.financing.services.verification import revoke_verification, verification_of, verify_buyer

__all__ = [
    "FacilityTerms",
    "Quote",
    "accept",
    "account_of_seller",
    "accrue_all",
    "acknowledge",
    "advance_of",
    "advance_on",
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
    "financier_of_tranche",
    "fund",
    "headroom",
    "invoice_ref_of",
    "lock_facility",
    "on_acceptance",
    "open_facility",
    "pay_reserve",
    "pre_headroom",
    "price",
    "quote_of",
    "references",
    "request",
    "revoke",
    "revoke_verification",
    "sale_of",
    "sale_on_acceptance",
    "set_exposure_limit",
    "settlement_of",
    "to_fund",
    "used_up_reserve",
    "usual_terms",
    "verification_of",
    "verify_buyer",
    "waive_notice",
    "withdraw_request",
]

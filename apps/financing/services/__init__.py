"""What may be done with financing. Workflows call these inside their transaction."""

from apps.financing.services.acceptance import (
    accept,
    assign,
    collection_account,
    contract_of_offer,
    financier_of_offer,
)
from apps.financing.services.accruals import accrue_all
from apps.financing.services.adjusting import standing_on
from apps.financing.services.bank import account_of_seller
from apps.financing.services.bank_answers import confirm_ordered_payment, return_ordered_payment
from apps.financing.services.book import due_from_seller, due_to_buyer, misdirected
from apps.financing.services.cancelling import PAID_BEFORE, cancel
from apps.financing.services.carrying import require_divisible
from apps.financing.services.checks import Asked, Finding, checks_of_offer, findings, waive_check
from apps.financing.services.collecting import (
    collect,
    collect_for_the_seller,
    counted_on,
    is_paid_out,
    last_day_earned,
    late_charge_due,
    recovered_shares,
)
from apps.financing.services.conversion import (
    advance_on,
    on_acceptance,
    require_unassigned_to_withhold,
    sale_on_acceptance,
    sent_back_on,
)
from apps.financing.services.disputes import (
    advances_on,
    milestone_of_tranche,
    milestones_of_offer,
    require_undisputed,
)
from apps.financing.services.ending import bound_by_contract, require_unbound
from apps.financing.services.expectations import histories_of, history_of
from apps.financing.services.exposures import set_exposure_limit
from apps.financing.services.facilities import FacilityTerms, headroom, open_facility, pre_headroom
from apps.financing.services.facility_changes import change_facility, changes_of, close_facility
from apps.financing.services.following import (
    bought_on,
    dilute,
    financiers_out,
    hold,
    hold_all,
    refuse_written_off,
    shrink,
)
from apps.financing.services.funding import (
    Transfer,
    advance_of,
    contract_of_tranche,
    financier_of_tranche,
    fund,
    invoice_ref_of,
    is_advance,
    sale_of,
    seen_of,
    to_fund,
    waiting_of,
)
from apps.financing.services.lapsing import demand_lapsed, lapsed_advances
from apps.financing.services.locks import lock_facility
from apps.financing.services.losses import allow_for_loss, declare_default, write_off
from apps.financing.services.movements import collected, pass_on, return_surplus, sweep
from apps.financing.services.notices import acknowledge, contract_of_assignment, waive_notice
from apps.financing.services.offers import approve, decline_offer, expire_offers, price, revoke
from apps.financing.services.ordering import (
    Wanted,
    approve_payment_order,
    contract_of_payment,
    discard_payment_order,
    hand_out_payment_file,
    order_payments,
    waiting_payments,
)
from apps.financing.services.owed_ahead import Owed, owed_ahead
from apps.financing.services.payouts import pay_reserve, settlement_of, used_up_at_the_end, used_up_reserve
from apps.financing.services.pledges import advanced_on, financiers_of_advances, pledged
from apps.financing.services.quotes import Quote, quote_of, rates_of, until_paid, usual_terms
from apps.financing.services.recourse import (
    demand,
    owed_back,
    owed_back_in_all,
    postpone,
    repay,
    why_not_demand,
)
from apps.financing.services.requests import contract_of_request, decline_request, request, withdraw_request
from apps.financing.services.returning import return_transfer
from apps.financing.services.reversing import contract_of_collection, payment_ref_of, require_reversible
from apps.financing.services.reversing import reverse as reverse_collection
from apps.financing.services.unidentified import identify, receipt_of, receive_unidentified, send_back
from apps.financing.services.verification import (
    confirm_signatory,
    revoke_verification,
    unconfirmed_signatory,
    verification_of,
    verify_buyer,
)
from apps.financing.services.watching import watch_alerts, write_expectations

__all__ = [
    "PAID_BEFORE",
    "Asked",
    "FacilityTerms",
    "Finding",
    "Owed",
    "Quote",
    "Transfer",
    "Wanted",
    "accept",
    "account_of_seller",
    "accrue_all",
    "acknowledge",
    "advance_of",
    "advance_on",
    "advanced_on",
    "advances_on",
    "allow_for_loss",
    "approve",
    "approve_payment_order",
    "assign",
    "bought_on",
    "bound_by_contract",
    "cancel",
    "change_facility",
    "changes_of",
    "checks_of_offer",
    "close_facility",
    "collect",
    "collect_for_the_seller",
    "collected",
    "collection_account",
    "confirm_ordered_payment",
    "confirm_signatory",
    "contract_of_assignment",
    "contract_of_collection",
    "contract_of_offer",
    "contract_of_payment",
    "contract_of_request",
    "contract_of_tranche",
    "counted_on",
    "declare_default",
    "decline_offer",
    "decline_request",
    "demand",
    "demand_lapsed",
    "dilute",
    "discard_payment_order",
    "due_from_seller",
    "due_to_buyer",
    "expire_offers",
    "financier_of_offer",
    "financier_of_tranche",
    "financiers_of_advances",
    "financiers_out",
    "findings",
    "fund",
    "hand_out_payment_file",
    "headroom",
    "histories_of",
    "history_of",
    "hold",
    "hold_all",
    "identify",
    "invoice_ref_of",
    "is_advance",
    "is_paid_out",
    "lapsed_advances",
    "last_day_earned",
    "late_charge_due",
    "lock_facility",
    "milestone_of_tranche",
    "milestones_of_offer",
    "misdirected",
    "on_acceptance",
    "open_facility",
    "order_payments",
    "owed_ahead",
    "owed_back",
    "owed_back_in_all",
    "pass_on",
    "pay_reserve",
    "payment_ref_of",
    "pledged",
    "postpone",
    "pre_headroom",
    "price",
    "quote_of",
    "rates_of",
    "receipt_of",
    "receive_unidentified",
    "recovered_shares",
    "refuse_written_off",
    "repay",
    "request",
    "require_divisible",
    "require_reversible",
    "require_unassigned_to_withhold",
    "require_unbound",
    "require_undisputed",
    "return_ordered_payment",
    "return_surplus",
    "return_transfer",
    "reverse_collection",
    "revoke",
    "revoke_verification",
    "sale_of",
    "sale_on_acceptance",
    "seen_of",
    "send_back",
    "sent_back_on",
    "set_exposure_limit",
    "settlement_of",
    "shrink",
    "standing_on",
    "sweep",
    "to_fund",
    "unconfirmed_signatory",
    "until_paid",
    "used_up_at_the_end",
    "used_up_reserve",
    "usual_terms",
    "verification_of",
    "verify_buyer",
    "waiting_of",
    "waiting_payments",
    "waive_check",
    "waive_notice",
    "watch_alerts",
    "why_not_demand",
    "withdraw_request",
    "write_expectations",
    "write_off",
]

"""The mails of the product, one function each. Jobs call them inside the walls of the organisation that may know."""

from apps.workflows.mails.change_orders import change_order, proposal_by_link
from apps.workflows.mails.contracts import contract_changes, contract_proposal, contract_signed, signed_copy
from apps.workflows.mails.credits import credit_note, nullification_news
from apps.workflows.mails.desk import (
    funding_requested,
    milestone_sent_back,
    notice_acknowledged,
    offer_answered,
    offer_waiting,
)
from apps.workflows.mails.funding import assignment_notice, assignment_revoked, funding_news
from apps.workflows.mails.invoices import invoice
from apps.workflows.mails.milestones import (
    acceptance,
    change_request,
    review_lapsed,
    review_passed,
    review_reminder,
    sign_off_request,
)
from apps.workflows.mails.negotiation import contract_comment, counter_proposal, proposal_expired, seller_asked
from apps.workflows.mails.people import invitation, proof_code
from apps.workflows.mails.receipts import payment_receipt, payment_reversed

__all__ = [
    "acceptance",
    "assignment_notice",
    "assignment_revoked",
    "change_order",
    "change_request",
    "contract_changes",
    "contract_comment",
    "contract_proposal",
    "contract_signed",
    "counter_proposal",
    "credit_note",
    "funding_news",
    "funding_requested",
    "invitation",
    "invoice",
    "milestone_sent_back",
    "notice_acknowledged",
    "nullification_news",
    "offer_answered",
    "offer_waiting",
    "payment_receipt",
    "payment_reversed",
    "proof_code",
    "proposal_by_link",
    "proposal_expired",
    "review_lapsed",
    "review_passed",
    "review_reminder",
    "seller_asked",
    "sign_off_request",
    "signed_copy",
]

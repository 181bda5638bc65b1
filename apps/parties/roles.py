"""Who may do what: the roles of a membership, the actions of the product, and the table between them."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    """A membership holds one or more. A side (seller, buyer, financier) comes from the contract, not from the role."""

    OWNER = "owner", _("Owner")
    CONTRACTS = "contracts", _("Contract manager")
    DELIVERY = "delivery", _("Delivery")
    BILLING = "billing", _("Billing")
    APPROVER = "approver", _("Approver")
    INSPECTOR = "inspector", _("Inspector")
    PAYABLES = "payables", _("Payables")
    ANALYST = "analyst", _("Analyst")
    UNDERWRITER = "underwriter", _("Underwriter")
    TREASURY = "treasury", _("Treasury")
    AUDITOR = "auditor", _("Auditor")


class Action(StrEnum):
    """Everything that ``Actor.require`` can be asked."""

    MANAGE_TEAM = "manage the team"
    MANAGE_ORGANISATION = "change the organisation's data"
    EDIT_CONTRACT = "write and propose contracts"
    SIGN_CONTRACT = "sign contracts"
    SUBMIT_MILESTONE = "submit milestones"
    DECIDE_MILESTONE = "sign off milestones"
    ASK_SELLER = "ask the seller about a submission"
    INSPECT_MILESTONE = "inspect submissions"
    RAISE_DISPUTE = "dispute what was submitted or billed"
    SET_ORDER_NUMBER = "say the number of an order"
    ASK_ABOUT_INVOICE = "ask about invoices"
    CONFIRM_DOCUMENT = "confirm documents before payment"
    RECORD_PAYMENT = "record payments"
    CREDIT_INVOICE = "issue credit notes"
    REQUEST_FUNDING = "ask for funding and accept offers"
    ACKNOWLEDGE_ASSIGNMENT = "acknowledge assignments"
    MANAGE_FACILITY = "open and change facilities"
    VERIFY_BUYER = "verify buyers"
    PRICE_OFFER = "price offers"
    APPROVE_OFFER = "approve offers"
    WAIVE_CHECK = "waive a check"
    MOVE_MONEY = "fund advances and record collections"
    EXPORT_JOURNAL = "export the journal"
    READ_REVENUE = "see revenue"
    CLOSE_PERIOD = "close accounting periods"
    JUDGE_REVENUE = "judge revenue"


PERMITTED: dict[Action, frozenset[str]] = {
    Action.MANAGE_TEAM: frozenset({Role.OWNER}),
    Action.MANAGE_ORGANISATION: frozenset({Role.OWNER}),
    Action.EDIT_CONTRACT: frozenset({Role.OWNER, Role.CONTRACTS}),
    Action.SIGN_CONTRACT: frozenset({Role.OWNER, Role.CONTRACTS, Role.APPROVER}),
    Action.SUBMIT_MILESTONE: frozenset({Role.OWNER, Role.CONTRACTS, Role.DELIVERY}),
    Action.DECIDE_MILESTONE: frozenset({Role.OWNER, Role.APPROVER}),
    Action.ASK_SELLER: frozenset({Role.OWNER, Role.APPROVER, Role.INSPECTOR}),
    Action.INSPECT_MILESTONE: frozenset({Role.OWNER, Role.INSPECTOR}),
    Action.RAISE_DISPUTE: frozenset({Role.OWNER, Role.CONTRACTS, Role.BILLING, Role.APPROVER, Role.PAYABLES}),
    Action.SET_ORDER_NUMBER: frozenset({Role.OWNER, Role.CONTRACTS, Role.APPROVER, Role.PAYABLES}),
    Action.ASK_ABOUT_INVOICE: frozenset({Role.OWNER, Role.CONTRACTS, Role.APPROVER, Role.PAYABLES}),
    Action.CONFIRM_DOCUMENT: frozenset({Role.OWNER, Role.PAYABLES}),
    Action.RECORD_PAYMENT: frozenset({Role.OWNER, Role.BILLING}),
    Action.CREDIT_INVOICE: frozenset({Role.OWNER, Role.BILLING}),
    Action.REQUEST_FUNDING: frozenset({Role.OWNER, Role.BILLING}),
    Action.ACKNOWLEDGE_ASSIGNMENT: frozenset({Role.OWNER, Role.APPROVER, Role.PAYABLES}),
    Action.MANAGE_FACILITY: frozenset({Role.OWNER, Role.UNDERWRITER}),
    Action.VERIFY_BUYER: frozenset({Role.OWNER, Role.UNDERWRITER}),
    Action.PRICE_OFFER: frozenset({Role.OWNER, Role.ANALYST, Role.UNDERWRITER}),
    Action.APPROVE_OFFER: frozenset({Role.OWNER, Role.UNDERWRITER}),
    Action.WAIVE_CHECK: frozenset({Role.OWNER, Role.UNDERWRITER}),
    Action.MOVE_MONEY: frozenset({Role.OWNER, Role.TREASURY}),
    Action.EXPORT_JOURNAL: frozenset({Role.OWNER, Role.BILLING}),
    Action.READ_REVENUE: frozenset({Role.OWNER, Role.BILLING}),
    Action.CLOSE_PERIOD: frozenset({Role.OWNER, Role.BILLING}),
    Action.JUDGE_REVENUE: frozenset({Role.OWNER, Role.BILLING}),
}
FINANCIER_ROLES: frozenset[str] = frozenset({Role.OWNER, Role.ANALYST, Role.UNDERWRITER, Role.TREASURY, Role.AUDITOR})
TRADING_ROLES: frozenset[str] = frozenset(
    {
        Role.OWNER,
        Role.CONTRACTS,
        Role.DELIVERY,
        Role.BILLING,
        Role.APPROVER,
        Role.INSPECTOR,
        Role.PAYABLES,
    }
)

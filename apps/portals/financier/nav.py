"""The navigation of the financiers' portal: the windows, with what waits behind each."""

from functools import cached_property
from typing import Final

from django.utils.translation import gettext_lazy as _

from apps.portals.context import COMPANY, TEAM, NavItem, Place, Portal
from apps.portals.financier import queues

PLACES: Final = (
    Place(_("Dashboard"), "admin:index", "speedometer2"),
    Place(
        _("Requests"),
        "admin:financing_fundingrequest_changelist",
        "inbox",
        ("fundingrequest", "price_offer", "decline_request", "verify_buyer", "confirm_signatory"),
        queues.to_price,
    ),
    Place(
        _("Offers"),
        "admin:financing_offer_changelist",
        "patch-check",
        ("financing_offer", "approve_offer", "revoke_offer", "fund_offer"),
        queues.to_approve,
    ),
    Place(
        _("Assignments"),
        "admin:financing_assignment_changelist",
        "envelope-paper",
        ("assignment", "waive_notice"),
        queues.to_notify,
    ),
    Place(
        _("Advances"),
        "admin:financing_tranche_changelist",
        "cash-coin",
        (
            "tranche",
            "collect_payment",
            "pay_reserve",
            "cancel_tranche",
            "postpone_advance",
            "demand_advance",
            "record_repayment",
            "declare_default",
            "allow_for_loss",
            "write_off_advance",
            "return_disbursement",
            "return_surplus",
            "record_misdirected",
            "record_passed_on",
        ),
        queues.to_fund,
    ),
    Place(_("Portfolio"), "admin:portfolio", "graph-up", ("portfolio", "stress_test")),
    Place(_("Facilities"), "admin:financing_facility_changelist", "wallet2", ("facility",)),
    Place(_("Limits"), "admin:financing_exposurelimit_changelist", "sliders", ("exposurelimit", "set_exposure_limit")),
    Place(
        _("Verified buyers"),
        "admin:financing_buyerverification_changelist",
        "shield-check",
        ("buyerverification", "revoke_verification"),
    ),
    Place(
        _("Payment orders"),
        "admin:financing_paymentorder_changelist",
        "send",
        ("paymentorder", "orderedpayment", "order_payments", "payment_order", "ordered_payment", "payment_file"),
        queues.orders_open,
    ),
    Place(_("Paid out"), "admin:financing_disbursement_changelist", "arrow-up-right", ("disbursement",)),
    Place(
        _("Collected"),
        "admin:financing_collection_changelist",
        "arrow-down-left",
        ("financing_collection", "reverse_collection"),
    ),
    Place(_("Reserves paid"), "admin:financing_reservepayout_changelist", "arrow-return-left", ("reservepayout",)),
    Place(
        _("Other money"),
        "admin:financing_bankmovement_changelist",
        "arrow-left-right",
        ("bankmovement", "sweep_collections", "record_unidentified", "identify_receipt", "send_back_receipt"),
    ),
    Place(_("Alerts"), "admin:financing_alert_changelist", "bell", ("financing_alert",), queues.alerts),
    Place(_("Accounts"), "admin:ledger_account_changelist", "calculator", ("account",)),
    Place(_("Journal"), "admin:ledger_entry_changelist", "journal-text", ("ledger_entry",)),
    Place(_("Audit trail"), "admin:audit_entry_changelist", "shield-check", ("audit_entry",)),
    TEAM,
    COMPANY,
)


class FinancierPortal(Portal):
    """The frame of every page under the financiers' door."""

    @cached_property
    def nav(self) -> list[NavItem]:
        return self._items(PLACES)

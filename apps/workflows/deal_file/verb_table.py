"""Every verb that a deal file may say: who acts with it, and which keys it reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Verb:
    """Whose side acts, and which keys the event reads besides ``on``, ``do`` and ``by``.

    An event on a milestone names it in ``milestone``; one that may be on several, in ``milestones`` instead, or, where
    it is priced, in ``lines``. With ``any_line``, ``milestone`` may name a deposit or a recurring line too.
    """

    side: str
    keys: tuple[str, ...] = ()
    on_milestone: bool = False
    several: str = ""
    any_line: bool = False


PRICE: Final = ("advance_rate", "annual_rate", "fee_rate", "funding_on", "expected_on")
VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "propose": Verb("seller"),
        "order": Verb("buyer"),
        "sign": Verb("buyer", ("plan", "reference")),
        "order_number": Verb("buyer", ("reference",)),
        "ask_for_changes": Verb("buyer", ("reason",)),
        "ask": Verb("buyer", ("comment",)),
        "reply": Verb("seller", ("comment",)),
        "answer": Verb("buyer", ("amount",)),
        "sign_answer": Verb("seller", ("plan",)),
        "answer_order": Verb("seller", ("amount",)),
        "ask_for_another_order": Verb("seller", ("reason",)),
        "withdraw_order": Verb("buyer"),
        "withdraw_contract": Verb("seller"),
        "record_change": Verb("seller", ("title", "reason")),
        "propose_change": Verb("seller", ("title", "reason", "changes", "added", "terms")),
        "sign_change": Verb("buyer"),
        "decline_change": Verb("buyer", ("reason",)),
        "withdraw_change": Verb("seller", ("reason",)),
        "give_notice": Verb("buyer", ("ground", "reason", "effective_on")),
        "give_sellers_notice": Verb("seller", ("ground", "reason", "effective_on")),
        "withdraw_notice": Verb("buyer"),
        "withdraw_sellers_notice": Verb("seller"),
        "value_work": Verb("seller", ("worth", "note")),
        "answer_values": Verb("buyer", ("worth", "note")),
        "withdraw_values": Verb("seller"),
        "sign_settlement": Verb("buyer"),
        "sign_buyers_settlement": Verb("seller"),
        "submit": Verb("seller", ("note", "notes", "files", "links"), on_milestone=True),
        "withdraw_submission": Verb("seller", on_milestone=True),
        "request_changes": Verb("buyer", ("missing", "comment"), on_milestone=True),
        "accept_part": Verb("buyer", ("amount", "percent", "quantity", "missing", "comment"), on_milestone=True),
        "accept": Verb("buyer", ("comment",), on_milestone=True),
        "accept_with_reservations": Verb("buyer", ("defects", "comment"), on_milestone=True),
        "mend": Verb("seller", ("reservation", "comment"), on_milestone=True),
        "still_missing": Verb("buyer", ("reservation", "comment"), on_milestone=True),
        "release_reservation": Verb("buyer", ("reservation", "comment"), on_milestone=True),
        "offer_reduction": Verb("seller", ("reservation", "amount", "comment"), on_milestone=True),
        "agree_reduction": Verb("buyer", ("reservation",), on_milestone=True),
        "ask_reduction": Verb("buyer", ("reservation", "amount", "comment"), on_milestone=True),
        "grant_reduction": Verb("seller", ("reservation",), on_milestone=True),
        "ask_question": Verb("buyer", ("comment",), on_milestone=True),
        "answer_question": Verb("seller", ("comment",), on_milestone=True),
        "pass_to": Verb("buyer", ("colleague", "comment"), on_milestone=True),
        "inspect": Verb("buyer", ("missing", "comment"), on_milestone=True),
        "pay": Verb("seller", ("amount", "received_on", "reference", "period"), on_milestone=True, any_line=True),
        "reverse_payment": Verb("seller", ("reason", "period"), on_milestone=True, any_line=True),
        "credit": Verb("seller", ("amount", "percent", "reason"), on_milestone=True),
        "nullify": Verb("buyer", ("amount", "percent", "reason"), on_milestone=True),
        "grant_nullification": Verb("seller", on_milestone=True),
        "decline_nullification": Verb("seller", ("reason",), on_milestone=True),
        "ask_to_nullify": Verb("seller", ("amount", "percent", "reason"), on_milestone=True),
        "agree_to_nullify": Verb("buyer", on_milestone=True),
        "allocate": Verb("seller", ("amount",), on_milestone=True),
        "remind": Verb("seller", ("period",), on_milestone=True, any_line=True),
        "pause_reminders": Verb("seller", ("through", "reason", "period"), on_milestone=True, any_line=True),
        "resume_reminders": Verb("seller", ("period",), on_milestone=True, any_line=True),
        "ask_refund": Verb("seller", ("amount", "reason")),
        "approve_refund": Verb("seller"),
        "pay_refund": Verb("seller", ("value_on", "reference")),
        "withdraw_refund": Verb("seller", ("reason",)),
        "return_refund": Verb("seller", ("reason",)),
        "dispute": Verb("buyer", ("amount", "reason"), on_milestone=True),
        "dispute_rest": Verb("buyer", ("amount", "reason"), on_milestone=True),
        "dispute_invoice": Verb("buyer", ("amount", "percent", "reason", "period"), on_milestone=True, any_line=True),
        "record_dispute": Verb("seller", ("amount", "percent", "reason", "period"), on_milestone=True, any_line=True),
        "answer_dispute": Verb("seller", ("comment", "files"), on_milestone=True, any_line=True),
        "reply_in_dispute": Verb("buyer", ("comment", "files"), on_milestone=True, any_line=True),
        "propose_outcome": Verb("seller", ("outcome", "amount", "comment"), on_milestone=True, any_line=True),
        "agree_outcome": Verb("buyer", on_milestone=True, any_line=True),
        "offer_outcome": Verb("buyer", ("outcome", "amount", "comment"), on_milestone=True, any_line=True),
        "take_outcome": Verb("seller", on_milestone=True, any_line=True),
        "withdraw_dispute": Verb("buyer", on_milestone=True, any_line=True),
        "confirm_event": Verb("buyer", ("event", "comment")),
        "claim_late_payment": Verb("seller"),
        "pay_late_payment": Verb("seller", ("amount", "received_on", "reference")),
        "waive_late_payment": Verb("seller", ("amount", "reason")),
        "release_retention": Verb("buyer", ("part",)),
        "call_retention": Verb("seller", ("part",)),
        "pay_retention": Verb("seller", ("part", "amount", "received_on", "reference")),
        "reverse_retention_payment": Verb("seller", ("part", "reason")),
        "open_facility": Verb("financier"),
        "verify_buyer": Verb("financier", ("checked", "note")),
        "limit_exposure": Verb("financier", ("side", "amount")),
        "request_funding": Verb("seller", ("note",), on_milestone=True, several="milestones"),
        "withdraw_request": Verb("seller", on_milestone=True),
        "decline_request": Verb("financier", ("reason",), on_milestone=True),
        "price_offer": Verb("financier", PRICE, on_milestone=True, several="lines"),
        "approve_offer": Verb("financier", on_milestone=True),
        "revoke_offer": Verb("financier", on_milestone=True),
        "accept_offer": Verb("seller", on_milestone=True),
        "decline_offer": Verb("seller", on_milestone=True),
        "acknowledge_assignment": Verb("buyer", on_milestone=True),
        "waive_notice": Verb("financier", ("reason",), on_milestone=True),
        "cancel_funding": Verb("financier", ("reason",), on_milestone=True),
        "fund": Verb("financier", ("value_on", "reference"), on_milestone=True),
        "fund_offer": Verb("financier", ("value_on", "reference"), on_milestone=True),
        "collect": Verb("financier", ("amount", "received_on", "reference"), on_milestone=True),
        "pay_reserve": Verb("financier", ("value_on", "reference"), on_milestone=True),
        "slip": Verb("financier", ("expected_on", "reason"), on_milestone=True),
        "extend": Verb("financier", ("expected_on", "reason"), on_milestone=True),
        "demand_back": Verb("financier", ("reason",), on_milestone=True),
        "pay_back": Verb("financier", ("amount", "received_on", "reference"), on_milestone=True),
        "default": Verb("financier", ("reason",), on_milestone=True),
        "allow": Verb("financier", ("amount", "reason"), on_milestone=True),
        "write_off": Verb("financier", ("reason",), on_milestone=True),
        "came_back": Verb("financier", ("value_on", "reference"), on_milestone=True),
        "return_surplus": Verb("financier", ("value_on", "reference"), on_milestone=True),
        "misdirect": Verb("seller", ("amount", "received_on", "reference"), on_milestone=True),
        "pass_on": Verb("financier", ("amount", "received_on", "reference"), on_milestone=True),
        "sweep": Verb("financier", ("amount", "value_on", "reference")),
        "receive_unidentified": Verb("financier", ("amount", "received_on", "reference", "note")),
        "identify": Verb("financier", on_milestone=True),
        "send_back": Verb("financier", ("value_on", "reference", "reason")),
        "reverse_collection": Verb("financier", ("reason",), on_milestone=True),
        "close_month": Verb("seller", ("through",)),
        "accrue": Verb("financier", ("through",)),
        "watch": Verb("financier", ("through",)),
        "wait": Verb("seller"),
    }
)
"""Every verb of a deal file. The reference in ``docs/deal-files.md`` is checked against this table."""

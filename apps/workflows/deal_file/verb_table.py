"""Every verb that a deal file may say: who acts with it, and which keys it reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Verb:
    """Whose side acts, and which keys the event reads besides ``on``, ``do`` and ``by``.

    An event on a milestone names it in ``milestone``; one that may be on several, in ``milestones`` instead, or, where
    it is priced, in ``lines``. With ``any_line``, ``milestone`` may name a deposit or a recurring line too; with
    ``may_name_milestone`` it may be absent; with ``or_part`` a ``part`` of the retention may be named instead, whose
    statement it is about.
    """

    side: str
    keys: tuple[str, ...] = ()
    on_milestone: bool = False
    several: str = ""
    any_line: bool = False
    may_name_milestone: bool = False
    or_part: bool = False


PRICE: Final = ("advance_rate", "annual_rate", "fee_rate", "funding_on", "expected_on")
DISPUTED: Final = ("amount", "percent", "reason", "period", "answer_days", "part")
OUTCOME: Final = ("outcome", "amount", "comment", "part", "kept_until")
JUDGED: Final = ("effective_on", "reason")
"""What every judgement says; the rest is read by its kind (:mod:`~apps.workflows.deal_file.read_judgements`)."""
VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "propose": Verb("seller"),
        "order": Verb("buyer"),
        "sign": Verb("buyer", ("plan", "reference")),
        "order_number": Verb("buyer", ("reference",)),
        "ask_for_changes": Verb("buyer", ("reason",)),
        "ask": Verb("buyer", ("comment",), may_name_milestone=True),
        "reply": Verb("seller", ("comment",), may_name_milestone=True),
        "answer": Verb("buyer", ("amount",)),
        "sign_answer": Verb("seller", ("plan",)),
        "answer_order": Verb("seller", ("amount",)),
        "ask_for_another_order": Verb("seller", ("reason",)),
        "withdraw_order": Verb("buyer"),
        "withdraw_contract": Verb("seller"),
        "renew_link": Verb("seller"),
        "renew_invoice_link": Verb("seller", ("period",), on_milestone=True, any_line=True),
        "revoke_invoice_link": Verb("seller", ("period",), on_milestone=True, any_line=True),
        "mail_bounced": Verb("seller", ("period",), on_milestone=True, any_line=True),
        "record_change": Verb("seller", ("title", "reason")),
        "propose_change": Verb("seller", ("title", "reason", "changes", "added", "terms", "answer_until")),
        "sign_change": Verb("buyer"),
        "decline_change": Verb("buyer", ("reason",)),
        "withdraw_change": Verb("seller", ("reason",)),
        "record_buyers_change": Verb("buyer", ("title", "reason")),
        "propose_buyers_change": Verb("buyer", ("title", "reason", "changes", "added", "terms", "answer_until")),
        "sign_buyers_change": Verb("seller"),
        "decline_buyers_change": Verb("seller", ("reason",)),
        "withdraw_buyers_change": Verb("buyer", ("reason",)),
        "give_notice": Verb("buyer", ("ground", "reason", "effective_on")),
        "give_sellers_notice": Verb("seller", ("ground", "reason", "effective_on")),
        "withdraw_notice": Verb("buyer"),
        "withdraw_sellers_notice": Verb("seller"),
        "value_work": Verb("seller", ("worth", "note")),
        "answer_values": Verb("buyer", ("worth", "note")),
        "withdraw_values": Verb("seller"),
        "withdraw_buyers_values": Verb("buyer"),
        "sign_settlement": Verb("buyer"),
        "sign_buyers_settlement": Verb("seller"),
        "submit": Verb("seller", ("note", "notes", "files", "links"), on_milestone=True),
        "withdraw_submission": Verb("seller", on_milestone=True),
        "request_changes": Verb("buyer", ("missing", "comment", "wanted_by"), on_milestone=True),
        "accept_part": Verb("buyer", ("amount", "percent", "quantity", "missing", "comment"), on_milestone=True),
        "accept": Verb("buyer", ("comment",), on_milestone=True),
        "accept_with_reservations": Verb("buyer", ("defects", "comment"), on_milestone=True),
        "mend": Verb("seller", ("reservation", "comment", "files"), on_milestone=True),
        "dispute_defect": Verb("seller", ("reservation", "comment", "answer_days"), on_milestone=True),
        "still_missing": Verb("buyer", ("reservation", "comment", "files"), on_milestone=True),
        "release_reservation": Verb("buyer", ("reservation", "comment"), on_milestone=True),
        "offer_reduction": Verb("seller", ("reservation", "amount", "comment"), on_milestone=True),
        "agree_reduction": Verb("buyer", ("reservation",), on_milestone=True),
        "ask_reduction": Verb("buyer", ("reservation", "amount", "comment"), on_milestone=True),
        "grant_reduction": Verb("seller", ("reservation",), on_milestone=True),
        "ask_question": Verb("buyer", ("comment",), on_milestone=True),
        "answer_question": Verb("seller", ("comment",), on_milestone=True),
        "pass_to": Verb("buyer", ("colleague", "email", "name", "comment"), on_milestone=True),
        "take_back": Verb("buyer", on_milestone=True),
        "inspect": Verb("buyer", ("missing", "comment"), on_milestone=True),
        "pay": Verb("seller", ("amount", "received_on", "reference", "period"), on_milestone=True, any_line=True),
        "reverse_payment": Verb("seller", ("reason", "period"), on_milestone=True, any_line=True),
        "reissue": Verb("seller", ("reason",), on_milestone=True),
        "credit": Verb("seller", ("amount", "percent", "lines", "reason"), on_milestone=True),
        "correct_invoice": Verb("seller", ("right", "reason", "period"), on_milestone=True, any_line=True),
        "nullify": Verb("buyer", ("amount", "percent", "reason"), on_milestone=True),
        "grant_nullification": Verb("seller", on_milestone=True),
        "decline_nullification": Verb("seller", ("reason",), on_milestone=True),
        "ask_to_nullify": Verb("seller", ("amount", "percent", "reason"), on_milestone=True),
        "agree_to_nullify": Verb("buyer", on_milestone=True),
        "withdraw_nullification": Verb("buyer", on_milestone=True),
        "withdraw_sellers_nullification": Verb("seller", on_milestone=True),
        "allocate": Verb("seller", ("amount",), on_milestone=True),
        "remind": Verb("seller", ("period",), on_milestone=True, any_line=True),
        "pause_reminders": Verb("seller", ("through", "reason", "period"), on_milestone=True, any_line=True),
        "resume_reminders": Verb("seller", ("period",), on_milestone=True, any_line=True),
        "ask_refund": Verb("seller", ("amount", "reason")),
        "approve_refund": Verb("seller"),
        "pay_refund": Verb("seller", ("value_on", "reference")),
        "withdraw_refund": Verb("seller", ("reason",)),
        "return_refund": Verb("seller", ("reason",)),
        "dispute": Verb("buyer", ("amount", "reason", "answer_days"), on_milestone=True),
        "raise_sellers_dispute": Verb("seller", ("amount", "reason", "answer_days"), on_milestone=True),
        "dispute_rest": Verb("buyer", ("amount", "reason", "answer_days"), on_milestone=True),
        "dispute_invoice": Verb("buyer", DISPUTED, on_milestone=True, any_line=True, or_part=True),
        "record_dispute": Verb("seller", DISPUTED, on_milestone=True, any_line=True, or_part=True),
        "answer_dispute": Verb("seller", ("comment", "files", "part"), on_milestone=True, any_line=True, or_part=True),
        "reply_in_dispute": Verb("buyer", ("comment", "files", "part"), on_milestone=True, any_line=True, or_part=True),
        "propose_outcome": Verb("seller", OUTCOME, on_milestone=True, any_line=True, or_part=True),
        "agree_outcome": Verb("buyer", ("part",), on_milestone=True, any_line=True, or_part=True),
        "offer_outcome": Verb("buyer", OUTCOME, on_milestone=True, any_line=True, or_part=True),
        "take_outcome": Verb("seller", ("part",), on_milestone=True, any_line=True, or_part=True),
        "withdraw_dispute": Verb("buyer", ("part",), on_milestone=True, any_line=True, or_part=True),
        "withdraw_sellers_dispute": Verb("seller", ("part",), on_milestone=True, any_line=True, or_part=True),
        "hand_in_document": Verb(
            "seller", ("document", "files", "note", "period", "valid_until"), on_milestone=True, any_line=True
        ),
        "confirm_document": Verb("buyer", ("document", "period"), on_milestone=True, any_line=True),
        "return_document": Verb("buyer", ("document", "reason", "period"), on_milestone=True, any_line=True),
        "confirm_event": Verb("buyer", ("event", "comment")),
        "claim_damages": Verb("buyer", on_milestone=True),
        "waive_damages": Verb("buyer", ("reason",), on_milestone=True),
        "charge_back": Verb("buyer", ("amount", "reason", "reference"), on_milestone=True),
        "agree_charge": Verb("seller", on_milestone=True),
        "object_to_charge": Verb("seller", ("reason",), on_milestone=True),
        "withdraw_charge": Verb("buyer", ("reason",), on_milestone=True),
        "claim_bonus": Verb("seller", on_milestone=True),
        "claim_late_payment": Verb("seller"),
        "pay_late_payment": Verb("seller", ("amount", "received_on", "reference")),
        "waive_late_payment": Verb("seller", ("amount", "reason")),
        "apply_for_payment": Verb("seller"),
        "withdraw_application": Verb("seller"),
        "certify": Verb("buyer", ("certified", "comment")),
        "return_application": Verb("buyer", ("reason",)),
        "pay_application": Verb("seller", ("application", "amount", "received_on", "reference")),
        "release_retention": Verb("buyer", ("part",)),
        "call_retention": Verb("seller", ("part",)),
        "pay_retention": Verb("seller", ("part", "amount", "received_on", "reference")),
        "reverse_retention_payment": Verb("seller", ("part", "reason")),
        "open_facility": Verb("financier"),
        "change_facility": Verb("financier", ("amount", "reason")),
        "close_facility": Verb("financier", ("reason",)),
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
        "judge_measure": Verb("seller", JUDGED, on_milestone=True, any_line=True),
        "judge_costs": Verb("seller", JUDGED, on_milestone=True, any_line=True),
        "judge_price": Verb("seller", JUDGED, on_milestone=True, any_line=True),
        "judge_variable": Verb("seller", JUDGED),
        "judge_financing": Verb("seller", JUDGED),
        "judge_change": Verb("seller", JUDGED),
        "accrue": Verb("financier", ("through",)),
        "watch": Verb("financier", ("through",)),
        "wait": Verb("seller"),
    }
)
"""Every verb of a deal file. The reference in ``docs/deal-files.md`` is checked against this table."""

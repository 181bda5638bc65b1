"""One vocabulary of states for page, mail and document: a word, an icon and a tone for each, never colour alone.

Tones say who must move: *attention* waits for somebody, *info* is under way, *positive* is done well, *negative* has
gone wrong, *neutral* is not begun or no longer matters.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Word:
    """How a state is shown: what it is called, its icon in ``static/img/icons.svg``, its tone."""

    text: "Promise | str"
    icon: str
    tone: str


_DRAFT = Word(_("Draft"), "pencil", "neutral")
_WITHDRAWN = Word(_("Withdrawn"), "slash-circle", "neutral")
_CHANGES_REQUESTED = Word(_("Changes requested"), "arrow-return-left", "attention")
_SIGNED_OFF = Word(pgettext_lazy("work", "Accepted"), "check-circle-fill", "positive")
_ACCEPTED = Word(_("Accepted"), "check-circle-fill", "positive")
_DECLINED = Word(_("Declined"), "x-circle", "negative")
_EXPIRED = Word(_("Expired"), "clock-history", "neutral")
_CANCELLED = Word(_("Cancelled"), "slash-circle", "neutral")
_WAITING_FOR_SIGN_OFF = Word(_("Waiting for sign-off"), "hourglass-split", "attention")

STATES: Mapping[str, Mapping[str, Word]] = {
    "contract": {
        "draft": _DRAFT,
        "proposed": Word(_("Proposed"), "send", "attention"),
        "changes_requested": _CHANGES_REQUESTED,
        "active": Word(_("Active"), "play-circle", "info"),
        "completed": Word(_("Completed"), "check-circle-fill", "positive"),
        "withdrawn": _WITHDRAWN,
        "expired": _EXPIRED,
        "terminated": Word(_("Terminated"), "stop-circle", "negative"),
    },
    "version": {
        "draft": _DRAFT,
        "proposed": Word(_("Proposed"), "send", "attention"),
        "signed": Word(_("Signed"), "pen", "positive"),
        "superseded": Word(_("Superseded"), "clock-history", "neutral"),
        "changes_requested": _CHANGES_REQUESTED,
        "declined": _DECLINED,
        "withdrawn": _WITHDRAWN,
        "expired": _EXPIRED,
    },
    "termination": {
        "noticed": Word(_("Notice given"), "stop-circle", "attention"),
        "withdrawn": _WITHDRAWN,
        "settled": Word(_("Settled"), "check-circle-fill", "positive"),
    },
    "settlement": {
        "proposed": Word(_("Proposed"), "send", "attention"),
        "signed": Word(_("Signed"), "pen", "positive"),
        "answered": Word(_("Answered with other figures"), "arrow-return-left", "neutral"),
        "withdrawn": _WITHDRAWN,
    },
    "change_order": {
        "unpriced": Word(_("Not priced yet"), "question-circle", "attention"),
        "proposed": Word(_("Proposed"), "send", "attention"),
        "signed": Word(_("Signed"), "pen", "positive"),
        "declined": _DECLINED,
        "withdrawn": _WITHDRAWN,
        "expired": Word(_("Not signed in time"), "clock-history", "neutral"),
    },
    "milestone": {
        "planned": Word(_("Planned"), "circle", "neutral"),
        "submitted": _WAITING_FOR_SIGN_OFF,
        "changes_requested": _CHANGES_REQUESTED,
        "accepted": _SIGNED_OFF,
        "partly_accepted": Word(_("Accepted in part"), "circle-half", "info"),
        "nullified": Word(_("Acceptance withdrawn"), "arrow-counterclockwise", "negative"),
        "cancelled": _CANCELLED,
    },
    "application": {
        "open": Word(_("Collecting"), "circle", "neutral"),
        "submitted": Word(_("Waiting for certification"), "hourglass-split", "attention"),
        "certified": Word(_("Certified"), "check-circle-fill", "positive"),
        "returned": Word(_("Returned"), "arrow-counterclockwise", "attention"),
        "withdrawn": _WITHDRAWN,
    },
    "reservation": {
        "open": Word(_("To be mended"), "tools", "attention"),
        "mended": Word(_("Mended, waiting for the buyer"), "eye", "info"),
        "released": Word(_("Released"), "check-circle-fill", "positive"),
        "reduced": Word(_("Settled at a lower price"), "check-circle-fill", "positive"),
    },
    "dispute": {
        "open": Word(_("Disputed"), "exclamation-triangle", "attention"),
        "proposed": Word(_("Disputed, an outcome is proposed"), "exclamation-triangle", "attention"),
        "upheld": Word(_("Upheld"), "check-lg", "neutral"),
        "partly_upheld": Word(_("Upheld in part"), "circle-half", "neutral"),
        "rejected": Word(_("Rejected"), "x-circle", "neutral"),
        "withdrawn": _WITHDRAWN,
    },
    "charge": {
        "claimed": Word(_("Waits for the seller"), "hourglass-split", "attention"),
        "objected": Word(_("The seller objects"), "exclamation-triangle", "attention"),
        "standing": Word(_("Stands"), "check-circle-fill", "positive"),
        "waived": Word(_("Waived"), "slash-circle", "neutral"),
        "withdrawn": _WITHDRAWN,
    },
    "nullification": {
        "asked": Word(_("Waiting for an answer"), "hourglass-split", "attention"),
        "granted": Word(_("Granted"), "check-circle-fill", "positive"),
        "declined": _DECLINED,
        "withdrawn": _WITHDRAWN,
    },
    "refund": {
        "asked": Word(_("Waits for a second person"), "hourglass-split", "attention"),
        "approved": Word(_("To be paid out"), "bank", "info"),
        "paid": Word(_("Paid back"), "check-circle-fill", "positive"),
        "returned": Word(_("Came back"), "arrow-counterclockwise", "attention"),
        "withdrawn": _WITHDRAWN,
    },
    "submission": {
        "draft": _DRAFT,
        "submitted": _WAITING_FOR_SIGN_OFF,
        "withdrawn": _WITHDRAWN,
        "accepted": _SIGNED_OFF,
        "changes_requested": _CHANGES_REQUESTED,
    },
    "criterion": {
        "open": Word(_("Open"), "circle", "neutral"),
        "met": Word(_("Met"), "check-circle-fill", "positive"),
        "not_met": Word(_("Not met"), "x-circle-fill", "negative"),
    },
    "invoice": {
        "open": Word(_("Open"), "circle-half", "info"),
        "part_paid": Word(_("Partly paid"), "pie-chart", "info"),
        "paid": Word(_("Paid"), "check-circle-fill", "positive"),
        "overdue": Word(_("Overdue"), "exclamation-triangle-fill", "negative"),
        "assigned": Word(_("Assigned"), "arrow-left-right", "info"),
        "came_back": Word(_("Mail came back"), "envelope", "negative"),
        "credited": Word(_("Credited"), "arrow-counterclockwise", "neutral"),
        "disputed": Word(_("Disputed"), "flag-fill", "negative"),
        "withheld": Word(_("Withheld for defects"), "tools", "info"),
        "awaits_documents": Word(_("Waits for documents"), "file-earmark-text", "attention"),
    },
    "payment_document": {
        "missing": Word(_("Missing"), "file-earmark-text", "attention"),
        "handed_in": Word(_("Handed in"), "send", "info"),
        "returned": Word(_("Returned"), "arrow-return-left", "negative"),
        "confirmed": Word(_("Confirmed"), "check-circle-fill", "positive"),
    },
    "funding_request": {
        "draft": _DRAFT,
        "submitted": Word(_("Submitted"), "send", "info"),
        "in_review": Word(_("In review"), "eye", "info"),
        "offered": Word(_("Offer ready"), "envelope-open", "attention"),
        "accepted": _ACCEPTED,
        "declined": _DECLINED,
        "withdrawn": _WITHDRAWN,
        "expired": _EXPIRED,
    },
    "offer": {
        "draft": _DRAFT,
        "approved": Word(_("Approved"), "shield-check", "info"),
        "issued": Word(_("Waiting for an answer"), "hourglass-split", "attention"),
        "accepted": _ACCEPTED,
        "declined": _DECLINED,
        "revoked": Word(_("Taken back"), "slash-circle", "neutral"),
        "expired": _EXPIRED,
        "superseded": Word(_("Superseded"), "clock-history", "neutral"),
    },
    "payment_order": {
        "draft": Word(_("Waiting for a second person"), "hourglass-split", "attention"),
        "approved": Word(_("Approved, file not handed out"), "patch-check", "attention"),
        "handed_out": Word(_("With the bank"), "send", "info"),
        "closed": Word(_("Done"), "check-circle-fill", "positive"),
        "discarded": Word(_("Discarded"), "slash-circle", "neutral"),
    },
    "ordered_payment": {
        "waiting": Word(_("Not answered"), "hourglass-split", "info"),
        "confirmed": Word(_("Left the account"), "check-circle-fill", "positive"),
        "returned": Word(_("Not carried out"), "arrow-return-left", "negative"),
    },
    "tranche": {
        "offered": Word(_("Offered"), "envelope-open", "attention"),
        "accepted": Word(_("Accepted, not paid out"), "hourglass-split", "info"),
        "funded_pre": Word(_("Paid out before acceptance"), "cash-coin", "attention"),
        "funded_post": Word(_("Paid out"), "cash-coin", "info"),
        "part_collected": Word(_("Partly collected"), "pie-chart", "info"),
        "settled": Word(_("Settled"), "check-circle-fill", "positive"),
        "cancelled": _CANCELLED,
        "returned": Word(_("Returned by the bank"), "arrow-return-left", "negative"),
        "recourse_due": Word(_("Repurchase due"), "exclamation-triangle-fill", "negative"),
        "repurchased": Word(_("Bought back"), "arrow-return-left", "neutral"),
        "defaulted": Word(_("Defaulted"), "x-circle-fill", "negative"),
        "written_off": Word(_("Written off"), "slash-circle", "negative"),
    },
    "disbursement": {
        "reserved": Word(_("Reserved"), "lock", "info"),
        "sent": Word(_("Sent"), "send", "info"),
        "confirmed": Word(_("Confirmed"), "check-circle-fill", "positive"),
        "returned": Word(_("Returned"), "arrow-return-left", "negative"),
    },
    "document": {
        "rendering": Word(_("Being prepared"), "hourglass-split", "info"),
        "ready": Word(_("Ready"), "check-circle-fill", "positive"),
        "failed": Word(_("Failed"), "exclamation-triangle-fill", "negative"),
    },
    "line_change": {
        "added": Word(_("Added"), "plus-lg", "positive"),
        "removed": Word(_("Removed"), "dash-lg", "negative"),
        "changed": Word(_("Changed"), "pencil", "info"),
        "moved": Word(_("Moved"), "arrow-left-right", "neutral"),
    },
    "made": {
        "making": Word(_("Being made"), "hourglass-split", "info"),
        "ready": Word(_("Ready"), "check-circle-fill", "positive"),
        "failed": Word(_("Failed"), "exclamation-triangle-fill", "negative"),
    },
    "period": {
        "closing": Word(_("Being closed"), "hourglass-split", "info"),
        "closed": Word(_("Closed"), "check-circle-fill", "positive"),
        "failed": Word(_("Failed"), "exclamation-triangle-fill", "negative"),
    },
    "bank_transaction": {
        "waiting": Word(_("Being matched"), "hourglass-split", "info"),
        "open": Word(_("Needs you"), "inbox", "attention"),
        "applied": Word(_("Applied"), "check-circle-fill", "positive"),
        "set_aside": Word(_("Not ours"), "slash-circle", "neutral"),
        "noted": Word(_("Money out"), "arrow-up-right", "neutral"),
    },
    "job": {
        "todo": Word(_("Waiting"), "hourglass-split", "neutral"),
        "doing": Word(_("Running"), "arrow-repeat", "info"),
        "succeeded": Word(_("Done"), "check-circle-fill", "positive"),
        "failed": Word(_("Failed"), "exclamation-triangle-fill", "negative"),
    },
}


def word(kind: str, state: str) -> Word:
    """The word for a state; one that the table does not know is shown plainly, because a page must not fail over it."""
    known = STATES.get(kind, {}).get(state)
    if known is not None:
        return known
    return Word(state.replace("_", " ").capitalize(), "circle", "neutral")

"""What happened to a row, from the audit trail, in the financier's words."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.audit.models import Entry
from apps.core import canonical
from apps.parties.actor import Actor
from apps.portals import history
from apps.portals.history import Words
from apps.portals.parts import Event

SHOWN = 60

VERBS: Mapping[str, Words] = {
    "facility.opened": (gettext_lazy("Facility opened"), "wallet2", "positive"),
    "facility.changed": (gettext_lazy("Limit or terms changed"), "sliders", "neutral"),
    "facility.closed": (gettext_lazy("Facility closed"), "lock", "neutral"),
    "funding.requested": (gettext_lazy("Funding asked for"), "inbox", "info"),
    "funding.withdrawn": (gettext_lazy("Request withdrawn by the seller"), "slash-circle", "neutral"),
    "funding.declined": (gettext_lazy("Request declined"), "x-circle", "negative"),
    "offer.priced": (gettext_lazy("Offer priced"), "calculator", "info"),
    "offer.approved": (gettext_lazy("Offer approved and sent to the seller"), "patch-check", "positive"),
    "offer.revoked": (gettext_lazy("Offer revoked"), "arrow-counterclockwise", "neutral"),
    "offer.declined": (gettext_lazy("Offer declined by the seller"), "x-circle", "negative"),
    "offer.expired": (gettext_lazy("Offer expired"), "clock-history", "neutral"),
    "offer.accepted": (gettext_lazy("Offer accepted by the seller"), "pen", "positive"),
    "receivable.assigned": (gettext_lazy("Invoice assigned, and the buyer told"), "envelope-paper", "info"),
    "assignment.acknowledged": (gettext_lazy("Assignment acknowledged by the buyer"), "check-circle-fill", "positive"),
    "assignment.proof_asked": (gettext_lazy("Buyer asked for proof of the assignment"), "file-earmark-check", "info"),
    "assignment.proof_made": (gettext_lazy("Proof of the assignment made"), "file-earmark-check", "neutral"),
    "assignment.notice_waived": (gettext_lazy("Acknowledgement waived"), "skip-forward", "attention"),
    "advance.funded": (gettext_lazy("Advance paid out"), "cash-coin", "positive"),
    "advance.collected": (gettext_lazy("Buyer's payment shared out"), "arrow-down-left", "positive"),
    "collections.swept": (gettext_lazy("Collections swept to cash"), "arrow-left-right", "neutral"),
    "receipt.unidentified": (gettext_lazy("Money arrived that nobody could identify"), "question-circle", "attention"),
    "receipt.identified": (gettext_lazy("Receipt identified"), "check-circle", "positive"),
    "receipt.sent_back": (gettext_lazy("Receipt sent back"), "arrow-return-left", "neutral"),
    "reserve.paid": (gettext_lazy("Reserve paid to the seller"), "arrow-return-left", "positive"),
    "payment.received": (gettext_lazy("Buyer's payment recorded"), "bank", "info"),
    "payments.ordered": (gettext_lazy("Payments picked"), "list-check", "info"),
    "payments.approved": (gettext_lazy("Payments approved, and the file made"), "patch-check", "positive"),
    "payments.discarded": (gettext_lazy("Payment order discarded"), "slash-circle", "neutral"),
    "payments.handed_out": (gettext_lazy("File taken to the bank"), "send", "info"),
    "payment.confirmed": (gettext_lazy("Payment left the account"), "check-circle-fill", "positive"),
    "payment.returned": (gettext_lazy("Payment not carried out"), "arrow-return-left", "negative"),
    "check.waived": (gettext_lazy("Check waived"), "skip-forward", "attention"),
    "buyer.verified": (gettext_lazy("Buyer verified"), "shield-check", "positive"),
    "buyer.signatory_confirmed": (gettext_lazy("Signatory confirmed"), "person-check", "positive"),
    "buyer.verification_revoked": (gettext_lazy("Verification revoked"), "slash-circle", "neutral"),
    "milestone.submitted": (gettext_lazy("Milestone submitted"), "send", "info"),
    "milestone.accepted": (gettext_lazy("Milestone signed off by the buyer"), "check-circle-fill", "positive"),
    "invoice.issued": (gettext_lazy("Invoice issued"), "receipt", "info"),
}
"""What an entry is called, its icon and its tone; other verbs have the words of the portals' common history."""


def of(actor: Actor, *subjects: str) -> list[Event]:
    """What happened to these subjects, such as ``offer:k7f2…``, newest first."""
    entries = Entry.objects.visible_to(actor).filter(subject__in=subjects).order_by("-happened_at", "-pk")
    return [_event(entry) for entry in entries[:SHOWN]]


def words(verb: str) -> Words:
    """What an entry of the trail is called, its icon and its tone; a verb without words of its own is shown plainly."""
    return VERBS.get(verb) or history.VERBS.get(verb) or (verb.replace(".", ": ").replace("_", " "), "dot", "neutral")


def _event(entry: Entry) -> Event:
    """One entry as a line of a timeline."""
    facts = canonical.read(entry.text).get("facts", {})
    reference = facts.get("bank_reference")
    what, icon, tone = words(entry.verb)
    return Event(
        what=str(what),
        at=entry.happened_at,
        who=entry.actor_name,
        note=str(facts.get("reason") or (_("Bank reference %s") % reference if reference else "")),
        icon=icon,
        tone=tone,
    )

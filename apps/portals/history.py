"""The audit trail as a timeline: what was done, by whom, when, in the reader's language."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.audit.models import Entry
from apps.contracts.models import Contract
from apps.core import canonical
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.portals.parts import Event

SHOWN = 60
"""The newest entries of one contract that its page shows."""
QUIET = (
    *("contract.draft_changed", "contract.plan_imported"),
    "link.granted",
    "submission.prepared",
    "evidence.attached",
    "evidence.removed",
    "offer.priced",
    "certificate.made",
    "contract.printed",
    *("contract.commented", "milestone.commented"),
    "contract.answer_begun",
    *(f"{what}.made" for what in ("document", "credit_note", "corrected_invoice")),
)
"""Steps on the way to something that is told itself; they stand in the trail, and not in a timeline."""

Words = tuple[Promise | str, str, str]
VERBS: Mapping[str, Words] = {
    "contract.drafted": (_("Draft begun"), "pencil", "neutral"),
    "contract.proposed": (_("Contract signed by one side and proposed"), "send", "info"),
    "contract.signed": (_("Contract signed by both sides: it is active"), "pen", "positive"),
    "contract.expired": (_("Proposal not signed by its last day"), "clock-history", "attention"),
    "contract.printed": (_("Contract made as PDF"), "file-earmark-pdf", "neutral"),
    "contract.commented": (_("Comment on the contract"), "chat-left-text", "neutral"),
    "milestone.commented": (_("Comment on the milestone"), "chat-left-text", "neutral"),
    "contract.answer_begun": (_("Version in answer begun"), "pencil", "neutral"),
    "contract.changes_requested": (_("Changes to the contract requested"), "arrow-return-left", "attention"),
    "contract.withdrawn": (_("Contract withdrawn"), "slash-circle", "neutral"),
    "deposit.dropped": (_("Deposit no longer invoiced: too little is left to bill"), "dot", "neutral"),
    "contract.order_number_set": (_("Order number for the invoices set"), "receipt", "neutral"),
    "contract.completed": (_("Contract completed: everything is accepted and billed"), "check-circle-fill", "positive"),
    "change.recorded": (_("Change recorded, without a price"), "question-circle", "attention"),
    "change.proposed": (_("Change order signed by one side and proposed"), "send", "info"),
    "change.signed": (_("Change order signed by both sides: it is in force"), "pen", "positive"),
    "change.declined": (_("Change order declined"), "x-circle", "attention"),
    "change.expired": (_("Change order not signed by its last day"), "clock-history", "attention"),
    "change.withdrawn": (_("Change order withdrawn"), "slash-circle", "neutral"),
    "contract.financier_admitted": (_("A financier may read the contract"), "eye", "neutral"),
    "link.renewed": (_("Personal link renewed"), "link-45deg", "neutral"),
    "link.of_the_other_side": (
        _("Tried by the other side to act by a personal link: refused"),
        "shield-exclamation",
        "negative",
    ),
    "submission.withdrawn": (_("Submission withdrawn"), "slash-circle", "neutral"),
    "milestone.submitted": (_("Milestone submitted for sign-off"), "send", "info"),
    "submission.notified": (_("Buyer notified: the review runs"), "envelope-check", "neutral"),
    "milestone.accepted": (_("Milestone signed off"), "check-circle-fill", "positive"),
    "milestone.partly_accepted": (_("Milestone signed off in part"), "circle-half", "positive"),
    "milestone.deemed_accepted": (
        _("Review over without an answer: counts as accepted"),
        "hourglass-split",
        "positive",
    ),
    "milestone.deemed_rejected": (_("Review over without an answer: not accepted"), "hourglass-split", "attention"),
    "question.asked": (_("Question to the seller"), "question-circle", "attention"),
    "question.answered": (_("Question answered"), "chat-left-text", "info"),
    "milestone.inspected": (_("Milestone inspected"), "search", "info"),
    "milestone.first_accepted": (_("Milestone accepted by the first of two people"), "check-lg", "info"),
    "event.certified": (_("Certificate of an event made"), "file-earmark-pdf", "neutral"),
    "event.confirmed": (_("Event confirmed by the buyer"), "check-lg", "positive"),
    "milestone.passed_on": (_("Decision passed to a colleague"), "person-check", "neutral"),
    "milestone.taken_back": (_("Decision taken back from a colleague"), "arrow-return-left", "neutral"),
    "review.reminded": (_("Reminded of the review"), "bell", "neutral"),
    "milestone.changes_requested": (_("Changes to the milestone requested"), "arrow-return-left", "attention"),
    "invoice.issued": (_("Invoice issued"), "receipt", "info"),
    "invoice.sent": (_("Sent to the buyer"), "envelope", "info"),
    "invoice.sent_again": (_("To be sent once more"), "arrow-clockwise", "neutral"),
    "invoice.link_renewed": (_("Page without an account has a new address"), "link-45deg", "neutral"),
    "invoice.link_revoked": (_("Page without an account closed"), "slash-circle", "neutral"),
    "document.handed_in": (_("Document before payment handed in"), "file-earmark-text", "attention"),
    "document.confirmed": (_("Document before payment confirmed"), "file-earmark-check", "positive"),
    "document.returned": (_("Document before payment returned"), "arrow-return-left", "negative"),
    "document.ending": (_("Document before payment ends soon"), "clock", "attention"),
    "invoice.asked": (_("Question about an invoice"), "question-circle", "attention"),
    "invoice.answered": (_("Question about an invoice answered"), "chat-left-text", "info"),
    "reminders.set": (_("Schedule of reminders set"), "bell", "neutral"),
    "reminders.paused": (_("Reminders paused"), "bell", "neutral"),
    "reminders.resumed": (_("Reminders taken up again"), "bell", "neutral"),
    "invoice.reminded": (_("Buyer reminded of what is overdue"), "bell", "attention"),
    "credit_note.issued": (_("Credit note issued"), "arrow-counterclockwise", "attention"),
    "credit_note.made": (_("Credit note made as PDF"), "file-earmark-pdf", "neutral"),
    "credit_note.sent_again": (_("Credit note asked for again"), "envelope", "neutral"),
    "corrected_invoice.sent_again": (_("Corrected invoice asked for again"), "envelope", "neutral"),
    "credit_note.sent": (_("Credit note sent to the buyer"), "envelope", "info"),
    "corrected_invoice.issued": (_("Corrected invoice issued"), "pencil", "attention"),
    "corrected_invoice.made": (_("Corrected invoice made as PDF"), "file-earmark-pdf", "neutral"),
    "corrected_invoice.sent": (_("Corrected invoice sent to the buyer"), "envelope", "info"),
    "nullification.asked": (_("Asked to withdraw the acceptance"), "arrow-return-left", "attention"),
    "nullification.declined": (_("Acceptance not withdrawn"), "x-circle", "neutral"),
    "nullification.withdrawn": (_("Request to withdraw the acceptance taken back"), "slash-circle", "neutral"),
    "milestone.nullified": (_("Acceptance withdrawn by both sides"), "arrow-counterclockwise", "negative"),
    "contract.reopened": (_("Contract active again: an acceptance was withdrawn"), "arrow-repeat", "attention"),
    "milestone.accepted_with_reservations": (
        _("Milestone signed off with reservations"),
        "check-circle-fill",
        "positive",
    ),
    "application.collected": (_("Accepted, stands in the next application for payment"), "check-lg", "positive"),
    "application.submitted": (_("Application for payment submitted"), "send", "info"),
    "application.certified": (_("Application for payment certified"), "check-circle-fill", "positive"),
    "application.returned": (_("Application for payment returned"), "arrow-return-left", "attention"),
    "application.withdrawn": (_("Application for payment withdrawn"), "arrow-return-left", "neutral"),
    "reservation.mended": (_("Defect mended, says the seller"), "tools", "info"),
    "reservation.answer_awaited": (_("Answer to a mended defect awaited"), "bell", "info"),
    "reservation.settled_in_dispute": (_("Defect settled by the end of a dispute"), "check-lg", "positive"),
    "reservation.file_attached": (_("File of a defect added"), "paperclip", "info"),
    "reservation.still_missing": (_("Something is still missing"), "arrow-return-left", "attention"),
    "reservation.reminded": (_("Reminder of a defect sent"), "bell", "info"),
    "reservation.released": (_("Withheld amount released"), "check-lg", "positive"),
    "reservation.reduction_offered": (_("Lower price offered for a defect"), "send", "info"),
    "reservation.reduced": (_("Defect settled at a lower price"), "check-lg", "positive"),
    "termination.noticed": (_("Notice of termination given"), "stop-circle", "attention"),
    "termination.withdrawn": (_("Notice of termination withdrawn"), "slash-circle", "neutral"),
    "settlement.proposed": (_("Settlement of the termination proposed"), "send", "info"),
    "settlement.withdrawn": (_("Settlement withdrawn"), "slash-circle", "neutral"),
    "settlement.signed": (_("Settlement signed by both sides"), "pen", "positive"),
    "milestone.settled": (_("Work in progress accepted at its value"), "circle-half", "positive"),
    "contract.terminated": (_("Contract terminated"), "stop-circle", "negative"),
    "dispute.raised": (_("Disputed"), "exclamation-triangle", "attention"),
    "dispute.answered": (_("Position in the dispute"), "chat-left-text", "info"),
    "dispute.file_attached": (_("File shown in the dispute"), "paperclip", "neutral"),
    "dispute.outcome_proposed": (_("Outcome of the dispute proposed"), "send", "info"),
    "dispute.settled": (_("Dispute settled by both sides"), "check-lg", "positive"),
    "dispute.withdrawn": (_("Dispute withdrawn"), "slash-circle", "neutral"),
    "dispute.reminded": (_("Reminded of a position in the dispute"), "bell", "neutral"),
    "mail.came_back": (_("A mail came back"), "envelope", "negative"),
    "submission.notice_came_back": (_("The notice came back: the review waits"), "envelope", "negative"),
    "payment.allocated": (_("Unapplied money settled an invoice"), "bank", "positive"),
    "charge.claimed": (_("Charge claimed"), "hourglass-split", "attention"),
    "charge.objected": (_("The seller objects to a charge"), "exclamation-triangle", "attention"),
    "charge.stands": (_("Charge stands"), "check-lg", "info"),
    "charge.waived": (_("Damages for delay waived"), "slash-circle", "neutral"),
    "charge.withdrawn": (_("Charge withdrawn"), "slash-circle", "neutral"),
    "late_payment.claimed": (_("Interest and fees for late payment claimed"), "receipt", "attention"),
    "retention.released": (_("Retention released"), "receipt", "info"),
    "payment.received": (_("Payment recorded"), "bank", "positive"),
    "payment.reversed": (_("Payment reversed"), "arrow-counterclockwise", "attention"),
    "refund.asked": (_("Refund asked for"), "arrow-return-left", "info"),
    "refund.approved": (_("Refund approved by a second person"), "check-lg", "info"),
    "refund.paid": (_("Money paid back"), "bank", "positive"),
    "refund.returned": (_("Refund came back"), "arrow-counterclockwise", "attention"),
    "refund.withdrawn": (_("Refund withdrawn"), "slash-circle", "neutral"),
    "funding.requested": (_("Early payment asked for"), "lightning-charge", "info"),
    "funding.withdrawn": (_("Request for early payment withdrawn"), "slash-circle", "neutral"),
    "funding.declined": (_("Request for early payment declined"), "x-circle", "negative"),
    "offer.approved": (_("Offer approved and sent"), "envelope-open", "info"),
    "offer.revoked": (_("Offer taken back"), "slash-circle", "neutral"),
    "offer.expired": (_("Offer expired"), "clock-history", "neutral"),
    "offer.declined": (_("Offer declined"), "x-circle", "neutral"),
    "offer.accepted": (_("Offer accepted: the invoice is sold"), "pen", "positive"),
    "receivable.assigned": (_("Invoice assigned, buyer notified"), "arrow-left-right", "info"),
    "assignment.acknowledged": (_("Assignment acknowledged by the buyer"), "check-lg", "positive"),
    "assignment.proof_asked": (_("Buyer asked for proof of the assignment"), "file-earmark-check", "info"),
    "assignment.proof_made": (_("Proof of the assignment made"), "file-earmark-check", "neutral"),
    "assignment.notice_waived": (_("Acknowledgement waived by the financier"), "skip-forward", "neutral"),
    "advance.adjusted": (_("Advance adjusted to what happened"), "sliders", "attention"),
    "advance.returned": (_("Advance returned by the bank"), "arrow-return-left", "negative"),
    "advance.passed_on": (_("Seller passed the buyer's payment on"), "arrow-return-left", "positive"),
    "advance.uncollected": (_("Shared-out payment reversed"), "arrow-counterclockwise", "negative"),
    "surplus.returned": (_("Surplus paid back to the buyer"), "arrow-return-left", "neutral"),
    "advance.repaid": (_("Seller paid back on an advance"), "arrow-return-left", "positive"),
    "advance.defaulted": (_("Advance in default"), "x-circle", "negative"),
    "advance.cancelled": (_("Advance cancelled: the invoice is the seller's again"), "slash-circle", "neutral"),
    "document.requested_again": (_("Invoice document asked for again"), "arrow-clockwise", "neutral"),
    "document.made": (_("Invoice document made"), "file-earmark-pdf", "neutral"),
    "advance.funded": (_("Advance paid out"), "cash-coin", "positive"),
    "advance.collected": (_("Buyer's payment collected"), "bank", "positive"),
    "reserve.paid": (_("Reserve paid out"), "piggy-bank", "positive"),
    "advance.converted": (_("Advance became a purchase of the invoice"), "arrow-repeat", "positive"),
    "facility.opened": (_("Facility opened"), "wallet2", "positive"),
    "exposure.limited": (_("Limit set"), "speedometer2", "neutral"),
    "buyer.verified": (_("Buyer verified"), "patch-check", "positive"),
    "buyer.verification_revoked": (_("Verification of the buyer taken back"), "exclamation-triangle", "attention"),
    "contract.draft_changed": (_("Draft changed"), "pencil", "neutral"),
    "contract.plan_imported": (_("Plan taken from a spreadsheet"), "table", "neutral"),
    "link.granted": (_("Personal link made"), "link-45deg", "neutral"),
    "submission.prepared": (_("Submission begun"), "pencil", "neutral"),
    "evidence.attached": (_("Evidence attached"), "paperclip", "neutral"),
    "evidence.removed": (_("Evidence removed"), "trash", "neutral"),
    "offer.priced": (_("Offer priced"), "calculator", "info"),
    "settlement.printed": (_("Settlement printed"), "file-earmark-check", "neutral"),
    "certificate.made": (_("Certificate of acceptance made"), "file-earmark-check", "neutral"),
    "template.saved": (_("Template saved"), "files", "neutral"),
    "template.renamed": (_("Template renamed"), "files", "neutral"),
    "template.deleted": (_("Template deleted"), "trash", "neutral"),
    "organisation.founded": (_("Organisation set up"), "building", "neutral"),
    "organisation.claimed": (_("Organisation claimed by its owner"), "building", "positive"),
    "organisation.changed": (_("Organisation's data changed"), "building", "neutral"),
    "counterparty.named": (_("Other party named"), "building", "neutral"),
    "counterparty.address_set": (_("Address of the other party entered"), "building", "neutral"),
    "counterparty.language_set": (_("Language of the other party set"), "translate", "neutral"),
    "bank_account.set": (_("Bank account changed"), "bank", "attention"),
    "step_up.set": (_("Limit for large sign-offs changed"), "shield-lock", "attention"),
    "account_letter.written": (_("Statement of account written"), "envelope", "neutral"),
    "account_letter.asked_again": (_("Statement of account asked for again"), "envelope", "neutral"),
    "account_letter.sent": (_("Statement of account sent"), "envelope", "positive"),
    "organisation.branded": (_("Look of the papers changed"), "file-earmark-text", "neutral"),
    "member.invited": (_("Colleague invited"), "person-plus", "neutral"),
    "invitation.revoked": (_("Invitation taken back"), "slash-circle", "neutral"),
    "member.joined": (_("Colleague joined"), "person-check", "positive"),
    "member.changed": (_("Roles of a colleague changed"), "pencil", "attention"),
    "member.left": (_("Colleague left"), "slash-circle", "neutral"),
    "journal.exported": (_("Journal exported"), "file-earmark-spreadsheet", "neutral"),
    "journal.accounts_set": (_("Accounts for exports set"), "pencil", "neutral"),
    "period.asked": (_("Asked to close a month"), "calendar-check", "neutral"),
    "revenue.judged": (_("Revenue judged"), "journal-check", "neutral"),
    "period.closed": (_("Month closed"), "calendar-check", "neutral"),
    "statement.imported": (_("Bank statement imported"), "bank", "neutral"),
    "transaction.set_aside": (_("Bank transaction set aside"), "slash-circle", "neutral"),
    "transaction.taken_up": (_("Bank transaction taken up again"), "arrow-counterclockwise", "neutral"),
}


def of_contract(actor: Actor, contract: Contract) -> list[Event]:
    """What happened on one contract, newest first; nothing of it for somebody who may not read its chain."""
    return events(actor, _of_chain(actor, contract).order_by("-position")[:SHOWN])


def of_subjects(actor: Actor, contract: Contract, subjects: Iterable[str]) -> list[Event]:
    """The same for some things of the contract only, such as ``milestone:k7f2…``."""
    return events(actor, _of_chain(actor, contract).filter(subject__in=list(subjects)).order_by("-position")[:SHOWN])


def of_the_end(actor: Actor, contract: Contract, *, notice: str, settlements: Iterable[str]) -> list[Event]:
    """What was done to terminate a contract, newest first: of the contract itself only that it ended."""
    subjects = [f"termination:{notice}", *(f"settlement:{ref}" for ref in settlements)]
    ended = Q(verb="contract.terminated", subject=f"contract:{contract.ref}")
    found = _of_chain(actor, contract).filter(Q(subject__in=subjects) | ended)
    return events(actor, found.order_by("-position")[:SHOWN])


def of_the_contract_itself(actor: Actor, contract: Contract) -> list[Event]:
    """What belongs to no version, milestone or invoice, newest first: confirmed events, links in the wrong hands."""
    found = _of_chain(actor, contract).filter(verb__in=["event.confirmed", "link.of_the_other_side"])
    return events(actor, found.order_by("-position")[:SHOWN])


def of_corrections(actor: Actor, contract: Contract, ref: str, *, kind: str = "credit_note") -> list[Event]:
    """What was done with a credit note, or a ``corrected_invoice``, newest first: it stands in its invoice's record."""
    entries = _of_chain(actor, contract).filter(verb__startswith=f"{kind}.").order_by("-position")[:SHOWN]
    return events(actor, [one for one in entries if canonical.read(one.text)["facts"].get(kind) == ref])


def _of_chain(actor: Actor, contract: Contract) -> "QuerySet[Entry]":
    return Entry.objects.visible_to(actor).filter(chain__subject=f"contract:{contract.ref}").exclude(verb__in=QUIET)


def ref_of(subject: str) -> str:
    """Which thing an entry is about."""
    return subject.partition(":")[2]


def events(actor: Actor, found: Iterable[Entry], *, about: Mapping[int, str] | None = None) -> list[Event]:
    """The entries as lines of a timeline; the milestones that they are about are named in one query."""
    entries = list(found)
    facts = {entry.pk: canonical.read(entry.text).get("facts", {}) for entry in entries}
    refs = {
        entry.pk: ref_of(entry.subject) if entry.subject.startswith("milestone:") else facts[entry.pk].get("milestone")
        for entry in entries
    }
    titles = dict(Milestone.objects.visible_to(actor).filter(ref__in=refs.values()).values_list("ref", "title"))
    return [
        _event(one, facts[one.pk], name=titles.get(refs[one.pk] or "", ""), about=(about or {}).get(one.pk, ""))
        for one in entries
    ]


def _event(entry: Entry, facts: Mapping[str, Any], *, name: str, about: str) -> Event:
    """One entry as a line of a timeline; a verb without words of its own is shown plainly."""
    what, icon, tone = VERBS.get(entry.verb, (entry.verb.replace(".", ": ").replace("_", " "), "dot", "neutral"))
    name = next((str(facts[key]) for key in ("number", "name", "title", "event") if facts.get(key)), name)
    said = next((str(facts[key]) for key in ("reason", "comment") if facts.get(key)), "")
    return Event(
        what=f"{what}: {name}" if name else str(what),
        at=entry.happened_at,
        who=" · ".join(part for part in (entry.actor_name, about) if part),
        note=said,
        icon=icon,
        tone=tone,
    )

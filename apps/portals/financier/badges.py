"""States of the financier's own that the common vocabulary does not know, in the same shape: word, icon, colour."""

from datetime import date, datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.financing.models import Assignment, FundingRequest, Offer, Tranche
from apps.financing.models.tranche import OUTSTANDING, TrancheState
from apps.milestones.models.milestone import MilestoneState
from apps.portals import vocabulary
from apps.portals.templatetags.cairn import icon
from apps.portals.vocabulary import Word

WAITING = Word(_("Waiting for the buyer"), "hourglass-split", "attention")
ACKNOWLEDGED = Word(_("Acknowledged"), "check-circle-fill", "positive")
WAIVED = Word(_("Waived"), "skip-forward", "info")
TO_APPROVE = Word(_("Waiting for approval"), "hourglass-split", "attention")
TO_PRICE = Word(_("To price"), "calculator", "attention")
WITH_SELLER = Word(_("With the seller"), "send", "info")
LAPSED = Word(_("Lapsed"), "clock-history", "neutral")
OVERDUE = Word(_("Overdue"), "exclamation-triangle-fill", "negative")
SENT_BACK = Word(_("Milestone sent back"), "arrow-counterclockwise", "attention")
DISPUTED = Word(_("In dispute"), "exclamation-triangle", "attention")
OPEN = Word(_("Open"), "play-circle", "info")
CLOSED = Word(_("Closed"), "slash-circle", "neutral")


def badge(word: Word) -> SafeString:
    """A word as the pages show states."""
    return format_html('<span class="status tone-{}">{}{}</span>', word.tone, icon(word.icon), word.text)


def of_request(request: FundingRequest) -> Word:
    """A request's state as the financier sees it: an offer that is ready for the seller is out of the house."""
    if request.state in ("submitted", "offered") and is_disputed(request):
        return DISPUTED
    return {"submitted": TO_PRICE, "offered": WITH_SELLER}.get(
        request.state, vocabulary.word("funding_request", request.state)
    )


def of_offer(offer: Offer, *, now: datetime) -> Word:
    """An offer's state; one that was not answered or approved in time has lapsed, whether or not it is closed yet."""
    if offer.state in ("draft", "issued") and now > offer.expires_at:
        return LAPSED
    if offer.state in ("draft", "issued") and is_disputed(offer):
        return DISPUTED
    return {"draft": TO_APPROVE, "issued": WITH_SELLER}.get(offer.state, vocabulary.word("offer", offer.state))


def of_assignment(assignment: Assignment) -> Word:
    """Whether the buyer answered the notice."""
    if assignment.acknowledged_at is not None:
        return ACKNOWLEDGED
    return WAIVED if assignment.waived_at is not None else WAITING


def of_tranche(tranche: Tranche, *, today: date) -> Word:
    """An advance's state; a dispute counts most, then that it is overdue, then that work was sent back."""
    if is_disputed(tranche):
        return DISPUTED
    if tranche.state in OUTSTANDING and tranche.expected_on < today:
        return OVERDUE
    if is_sent_back(tranche):
        return SENT_BACK
    return vocabulary.word("tranche", tranche.state)


def is_disputed(row: FundingRequest | Offer | Tranche) -> bool:
    """Whether something of it is in dispute; the row was read with the answer, or nothing is said of it."""
    return bool(vars(row).get("in_dispute"))


def is_sent_back(tranche: Tranche) -> bool:
    """Whether the buyer asked for changes of what is advanced on, and nothing was submitted since."""
    is_waiting = tranche.state in (TrancheState.ACCEPTED, TrancheState.FUNDED_PRE)
    return is_waiting and tranche.milestone.state == MilestoneState.CHANGES_REQUESTED

"""What is in dispute is not financed: who holds the dispute tells it as a plain value."""

from collections.abc import Collection, Iterable

from apps.core.errors import Refused
from apps.financing.models import OfferLine, Tranche
from apps.financing.models.tranche import ENDED
from apps.milestones.models import Milestone


def require_undisputed(milestone_refs: Iterable[str], *, disputed: Collection[str]) -> None:
    """Refuse to ask for, accept or pay out an advance, or its reserve, on a milestone of which something is in dispute.

    ``disputed`` are the references of milestones in dispute, submitted or billed.
    """
    refs = [ref for ref in milestone_refs if ref in disputed]
    if not refs:
        return
    titles = Milestone.objects.filter(ref__in=refs).order_by("position", "part").values_list("title", flat=True)
    raise Refused(
        "“{milestone}” is in dispute between buyer and seller, so nothing is advanced on it. Wait until that is"
        " settled.",
        milestone=titles[0],
    )


def milestones_of_offer(*, offer_ref: str) -> list[str]:
    """The milestones on which an offer is, by reference."""
    return list(OfferLine.objects.filter(offer__ref=offer_ref).values_list("milestone__ref", flat=True))


def milestone_of_tranche(*, tranche_ref: str) -> list[str]:
    """The milestone on which an advance is, by reference."""
    return list(Tranche.objects.filter(ref=tranche_ref).values_list("milestone__ref", flat=True))


def advances_on(milestone: Milestone) -> list[Tranche]:
    """The advances on a milestone that are agreed or outstanding: whose financiers hear of a dispute."""
    return list(Tranche.objects.filter(milestone=milestone).exclude(state__in=ENDED).order_by("id"))

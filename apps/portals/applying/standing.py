"""Where an accepted milestone stands that applications for payment bill, and what of it still waits for that."""

from collections.abc import Sequence

from apps.core import money
from apps.invoicing.models import ApplicationLine, Invoice
from apps.invoicing.services import held_back
from apps.milestones.models import Milestone, Reservation


def stands_in(milestone: Milestone) -> list[ApplicationLine]:
    """In which applications an accepted milestone stands or was certified, the oldest first; of others nothing."""
    if not milestone.line.version.is_by_application:
        return []
    lines = ApplicationLine.objects.filter(milestone=milestone, claimed__gt=0).exclude(
        application__state__in=["returned", "withdrawn"]
    )
    return list(lines.select_related("application__invoice__open_item").order_by("pk"))


def billed_by(milestone: Milestone, standing: Sequence[ApplicationLine]) -> Invoice | None:
    """The invoice of the application with which the last of a milestone was certified; None before all of it was that
    will ever be applied for."""
    certified = [line for line in standing if line.certified]
    if not certified:
        return None
    left = milestone.amount - held_back.never_applied_for(milestone)
    is_whole = money.total(line.certified or money.ZERO for line in certified) >= left
    return certified[-1].application.invoice if is_whole else None


def is_withheld_whole(milestone: Milestone) -> bool:
    """Whether all of an accepted milestone that stands nowhere yet is withheld for defects that are not settled."""
    return Reservation.objects.held_back().filter(milestone=milestone).exists()

"""What is withheld for defects where applications for payment are billed: it can be applied for once each is settled.

Nothing of it is invoiced before, so nothing of it is due, taxed or retained, and a lower price needs no credit note.
"""

from datetime import datetime
from decimal import Decimal

from apps.contracts.models import Contract
from apps.core import money
from apps.core.errors import Refused
from apps.core.money import Money
from apps.invoicing.models import Application, ApplicationLine
from apps.invoicing.services.application_texts import withheld_for_defects
from apps.invoicing.services.collected import record_collected, stand
from apps.invoicing.services.deposit_standing import deposits, still_to_bill
from apps.milestones.models import Milestone, Reservation
from apps.milestones.models.nullification import NullificationState
from apps.milestones.models.reservation import ReservationState
from apps.milestones.services import AcceptedPart, AppliedFor
from apps.parties.actor import Actor


def is_applied_for(reservation: Reservation) -> bool:
    """Whether what is withheld for a defect is no part of an invoice, but stands in an application once settled."""
    return reservation.milestone.line.version.is_by_application


def never_applied_for(milestone: Milestone) -> Decimal:
    """What of an accepted milestone is billed by no application, and will not be, net of tax: what was withdrawn before
    it was billed, and what both sides took off its price for defects."""
    withdrawn = milestone.nullifications.filter(state=NullificationState.GRANTED).values_list("unbilled", flat=True)
    off = milestone.reservations.filter(state=ReservationState.REDUCED).values_list("reduced_by", flat=True)
    return money.total([*withdrawn, *off])


def standing_at_end(contract: Contract) -> AppliedFor | None:
    """What is accepted and stands in the application that collects, which the settlement of the end bills; None where
    nothing does. Refused while an application waits for the buyer, or something accepted is withheld for defects."""
    if waiting := contract.applications.waiting().first():
        raise Refused(
            "Application for payment {number} waits for the buyer. Have it certified or withdraw it first; what is not"
            " certified then is billed with the settlement.",
            number=waiting.number,
        )
    if withheld := money.total(withheld_for_defects(contract).values()):
        raise Refused(
            "{amount} of accepted work are withheld for defects and not billed. Settle the defects first, then settle"
            " the end.",
            amount=Money(withheld, contract.currency),
        )
    lines = ApplicationLine.objects.standing().filter(application__contract=contract, claimed__gt=0)
    parts = list(lines.select_related("application", "milestone").order_by("milestone__position", "milestone__part"))
    if not parts:
        return None
    return AppliedFor(
        parts[0].application.number,
        tuple(AcceptedPart(one.milestone.ref, one.milestone.title, one.claimed) for one in parts),
    )


def stand_settled(reservation: Reservation, *, contract: Contract, actor: Actor, at: datetime) -> Application | None:
    """What was withheld for a settled defect stands in the application that collects: all of it, or what is left of it
    where both sides agreed on a lower price. None where nothing is left.

    The contract is held by the caller. Refused where less would be left to bill than deposits have to be given back.
    """
    if not reservation.is_settled:
        raise ValueError(f"reservation {reservation.ref} is not settled")
    milestone = Milestone.objects.select_related("contract").get(pk=reservation.milestone_id)
    milestone.contract = contract
    application = None
    if amount := reservation.amount - reservation.reduced_by:
        application = stand([(milestone, amount)], contract=contract, at=at)
        record_collected(
            application, milestone=milestone, amount=amount, actor=actor, at=at, reservation=reservation.ref
        )
    if reservation.state == ReservationState.REDUCED:
        _require_room(contract)
    return application


def _require_room(contract: Contract) -> None:
    left = money.total(one.left for one in deposits(contract))
    rest = still_to_bill(contract)
    if left > rest:
        raise Refused(
            "Deposits of {left} are still to be given back, and with this lower price only {rest} would be left to"
            " bill. Credit the deposit first, or agree on less.",
            left=Money(left, contract.currency),
            rest=Money(rest, contract.currency),
        )

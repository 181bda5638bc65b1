"""An accepted advance that will not be paid out is cancelled: the receivable goes back to the seller."""

from datetime import datetime

from apps.core.errors import NotAllowed, Refused
from apps.core.states import move
from apps.financing.models import Assignment, FundingRequest, Tranche
from apps.financing.models.request import RequestState
from apps.financing.models.tranche import TrancheState
from apps.financing.models.tranche_states import FORWARD
from apps.financing.services.exposures import count
from apps.financing.services.locks import lock_assignment, lock_request, lock_tranche_to_count
from apps.financing.services.ordering import require_not_ordered
from apps.financing.services.record import person, reason_given, record
from apps.financing.services.requests import revoke
from apps.parties.actor import Actor
from apps.parties.roles import Action

PAID_BEFORE = "The buyer paid before the advance was paid out."
"""Why an advance ends that nobody needs any more."""


def cancel(*, tranche_ref: str, actor: Actor, reason: str, at: datetime) -> Tranche:
    """End an advance before it is paid out, with a reason that both sides read. The caller holds the contract.

    By the financier's treasury or underwriters, or, until the notice is acknowledged or waived, by the seller's people
    who ask for funding: after that treasury may be paying already, and the seller alone cannot send the buyer back to
    its own account. The limits are free again, the assignment is revoked, and the seller can ask for the milestone
    anew. The other advances of the same offer stay as they are; with the last of them the request ends.
    """
    known = Tranche.objects.filter(ref=tranche_ref).values_list("offer__request__ref", flat=True).first()
    request = lock_request(request_ref=known or "")
    tranche, exposures = lock_tranche_to_count(tranche_ref=tranche_ref)
    assignment = lock_assignment(assignment_ref=tranche.assignment.ref)
    _require_side(actor, tranche=tranche, assignment=assignment)
    require_not_ordered(tranche)
    move(tranche, TrancheState.CANCELLED, FORWARD)
    tranche.cancelled_at, tranche.cancelled_by_id, tranche.cancel_reason = at, person(actor), reason_given(reason)
    tranche.save(update_fields=["state", "cancelled_at", "cancelled_by", "cancel_reason"])
    count(exposures, reserved=-tranche.gross)
    if not tranche.offer.tranches.exclude(state=TrancheState.CANCELLED).exists():
        move(request, RequestState.WITHDRAWN, FundingRequest.TRANSITIONS)
        request.save(update_fields=["state"])
    revoke(assignment, request=request, at=at)
    record(
        tranche.contract,
        financier_id=tranche.financier_id,
        verb="advance.cancelled",
        subject=f"tranche:{tranche.ref}",
        actor=actor,
        at=at,
        assignment=assignment.ref,
        disclosure_sha256=tranche.offer.disclosure_sha256,
    )
    return tranche


def _require_side(actor: Actor, *, tranche: Tranche, assignment: Assignment) -> None:
    if actor.organisation_id == tranche.seller_id:
        actor.require(Action.REQUEST_FUNDING, organisation_id=tranche.seller_id)
        if tranche.state == TrancheState.ACCEPTED and assignment.is_notified:
            raise Refused(
                "The buyer has been told whom to pay, and {financier} may be paying you already. Ask {financier} to"
                " cancel this advance.",
                financier=tranche.financier.legal_name,
            )
    elif not actor.may(Action.APPROVE_OFFER):
        actor.require(Action.MOVE_MONEY, organisation_id=tranche.financier_id)
    elif actor.organisation_id != tranche.financier_id:
        raise NotAllowed("Only the two sides of this advance may cancel it.")

"""The buyer confirms whom to pay, or a second person of the financier goes without that."""

from datetime import datetime

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core.errors import IllegalTransition, NotAllowed, Refused, Stale
from apps.financing.models import Assignment
from apps.financing.services.locks import lock_assignment
from apps.financing.services.record import person, reason_given, record
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action


def contract_of_assignment(*, assignment_ref: str) -> int:
    """The id of the contract whose receivable is assigned."""
    found = Assignment.objects.filter(ref=assignment_ref).values_list("contract_id", flat=True).first()
    if found is None:
        raise Refused("There is no such assignment.")
    return found


def acknowledge(*, contract: Contract, assignment_ref: str, actor: Actor, seen: str, at: datetime) -> Assignment:
    """The buyer confirms having read the notice whose SHA-256 is ``seen``: a member, or the signatory by its link."""
    version = contract.active_version
    if version is None:
        raise Refused("Nobody signs anything off before both sides have signed the contract.")
    contracts.buyer_authority(
        contract,
        actor=actor,
        action=Action.ACKNOWLEDGE_ASSIGNMENT,
        version=version,
        purpose=GuestGrant.Purpose.ACKNOWLEDGE,
        subject_ref=assignment_ref,
        at=at,
    )
    assignment = lock_assignment(assignment_ref=assignment_ref)
    if assignment.revoked_at is not None:
        raise IllegalTransition("This assignment was revoked: the invoice is paid to the seller again.")
    if assignment.acknowledged_at is not None:
        raise IllegalTransition("This assignment is already acknowledged.")
    if seen != assignment.notice_sha256:
        raise Stale("The notice is not the one that you were shown. Read it again before you confirm.")
    assignment.acknowledged_at = at
    if actor.kind == ActorKind.GUEST:
        assignment.acknowledged_by_grant_id = actor.grant_id
    else:
        assignment.acknowledged_by_id = person(actor)
    assignment.save(update_fields=["acknowledged_at", "acknowledged_by", "acknowledged_by_grant"])
    _record(assignment, verb="assignment.acknowledged", actor=actor, at=at)
    return assignment


def waive_notice(*, assignment_ref: str, actor: Actor, reason: str, at: datetime) -> Assignment:
    """Fund without the buyer's confirmation: decided by another person than the one who priced, and said why."""
    assignment = lock_assignment(assignment_ref=assignment_ref)
    actor.require(Action.WAIVE_CHECK, organisation_id=assignment.financier_id)
    if assignment.revoked_at is not None:
        raise IllegalTransition("This assignment was revoked: the invoice is paid to the seller again.")
    if assignment.priced_by_id == actor.user_id:
        raise NotAllowed("You priced this offer, so a second person has to waive the acknowledgement.")
    if assignment.is_notified:
        raise IllegalTransition("This assignment is already acknowledged, or its acknowledgement waived.")
    assignment.waived_at, assignment.waived_by_id, assignment.waive_reason = at, person(actor), reason_given(reason)
    assignment.save(update_fields=["waived_at", "waived_by", "waive_reason"])
    _record(assignment, verb="assignment.notice_waived", actor=actor, at=at)
    return assignment


def _record(assignment: Assignment, *, verb: str, actor: Actor, at: datetime) -> None:
    record(
        assignment.contract,
        financier_id=assignment.financier_id,
        verb=verb,
        subject=f"assignment:{assignment.ref}",
        actor=actor,
        at=at,
        notice_sha256=assignment.notice_sha256,
    )

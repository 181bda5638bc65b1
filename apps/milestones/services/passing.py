"""An approver passes the decision on a submission to a colleague: among members, or from personal link to link."""

from datetime import datetime
from typing import Any

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core import canonical
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.models import HandOver, Submission
from apps.milestones.models.submission import Proof, SubmissionState
from apps.milestones.services.deciding import needs_proof, require_decider
from apps.milestones.services.holding import HeldSubmission, lock_submission
from apps.milestones.services.reviewing import check_in_time, note_delivery
from apps.parties.actor import Actor, ActorKind, evidence_of
from apps.parties.models import Membership
from apps.parties.models.membership import MembershipQuerySet
from apps.parties.roles import PERMITTED, Action


def colleagues(actor: Actor) -> MembershipQuerySet:
    """To whom a member of the buyer may pass a decision: the others of the team who may decide."""
    others = Membership.objects.live().filter(organisation_id=actor.organisation_id).exclude(user_id=actor.user_id or 0)
    return others.filter(roles__overlap=sorted(PERMITTED[Action.DECIDE_MILESTONE])).select_related("user")


def pass_to(
    *, contract: Contract, submission_ref: str, actor: Actor, membership_ref: str, note: str, at: datetime
) -> HandOver:
    """A member who may decide passes the decision to another one who may, up to the amount, with a note.

    Only among members of the buyer's own team; a guest passes it on by :func:`pass_by_link`.
    """
    submission = _held(contract, submission_ref=submission_ref, at=at).submission
    milestone, version = submission.milestone, contract.active_version
    if actor.kind is ActorKind.GUEST or actor.user_id is None:
        raise NotAllowed("Behind a personal link there is no team to choose from. Name your colleague's mailbox.")
    contracts.buyer_authority(
        contract,
        actor=actor,
        action=Action.DECIDE_MILESTONE,
        version=version,
        purpose=GuestGrant.Purpose.SIGN_OFF,
        subject_ref=submission.ref,
        at=at,
    )
    colleague = colleagues(actor).filter(ref=membership_ref).first()
    if colleague is None:
        raise Refused("Choose a colleague who may sign off for your organisation.", field="colleague")
    contracts.check_not_sellers(contract, mailbox=colleague.user.email, user_id=colleague.user_id, field="colleague")
    rules.check_reach(
        Money(milestone.amount, milestone.currency),
        name=str(colleague.user.name),
        limit=colleague.approval_limit,
        limit_currency=contract.buyer.currency,
    )
    words = rules.check_text(note, most=rules.LONGEST_NOTE, field="note")
    handed = HandOver.objects.create(
        contract=contract,
        organisation_id=contract.buyer_id,
        submission=submission,
        user_id=actor.user_id,
        name=actor.name,
        to_user=colleague.user,
        to_name=colleague.user.name,
        note=words,
        passed_at=at,
    )
    # To whom, and the note, are the buyer's own business: the chain, which the seller reads, keeps their hash.
    _record(handed, actor=actor, at=at)
    return handed


def pass_by_link(
    *, contract: Contract, submission_ref: str, actor: Actor, name: str, email: str, note: str, at: datetime
) -> HandOver:
    """The signatory, who came by personal link, passes the decision on to a colleague's mailbox, which gets a link.

    Nobody whom the seller could name would decide so: the mailbox lies in the signatory's own mail domain, which no
    strangers share, and is nobody's of the seller; above the buyer's amount the signatory shows once more that it reads
    its own, so that a link which got into other hands brings nobody else in. What the signatory may not decide it does
    not pass on, and it stays able to decide itself. The colleague passes on to nobody.
    """
    held = _held(contract, submission_ref=submission_ref, at=at)
    submission, milestone = held.submission, held.submission.milestone
    if actor.kind is not ActorKind.GUEST:
        raise NotAllowed("Choose a colleague of your team, who gets no link but signs in.")
    require_decider(submission, actor=actor, at=at)
    if held.first is not None:
        raise IllegalTransition(
            "{name} has accepted already. The second person accepts with an account of its own: take your"
            " organisation's place here and invite your colleague.",
            name=held.first.by,
        )
    proof = actor.require_proof(at=at) if needs_proof(milestone, contract=contract) else None
    words = rules.check_text(note, most=rules.LONGEST_NOTE, field="note")
    # Whoever passes on what was submitted knows of it.
    note_delivery(contract=contract, submission_ref=submission.ref, proof=Proof.VIEW, actor=actor, at=at)
    to = contracts.pass_to_colleague(contract=contract, name=name, email=email, actor=actor, at=at)
    handed = HandOver.objects.create(
        contract=contract,
        organisation_id=contract.buyer_id,
        submission=submission,
        grant_id=actor.grant_id,
        name=actor.name,
        to_grant=to,
        to_name=to.name,
        note=words,
        passed_at=at,
        **evidence_of(proof),
    )
    told = canonical.sha256(canonical.text(contracts.passing_told(to)))
    _record(handed, actor=actor, at=at, link=to.ref, passed_sha256=told, **evidence_of(proof))
    return handed


def take_back(*, contract: Contract, submission_ref: str, actor: Actor, at: datetime) -> Submission:
    """The signatory takes back what it passed on by link: the colleague's link decides nothing any more."""
    submission = _held(contract, submission_ref=submission_ref, at=at).submission
    if actor.kind is not ActorKind.GUEST:
        raise NotAllowed("Members of a team pass on among themselves; there is no link to take back.")
    require_decider(submission, actor=actor, at=at)
    ended = contracts.take_back(contract=contract, actor=actor, at=at)
    contracts.record(
        contract,
        verb="milestone.taken_back",
        subject=f"milestone:{submission.milestone.ref}",
        actor=actor,
        at=at,
        submission=submission.ref,
        cycle=submission.number,
        link=ended.ref,
    )
    return submission


def _held(contract: Contract, *, submission_ref: str, at: datetime) -> HeldSubmission:
    held = lock_submission(contract, submission_ref=submission_ref)
    check_in_time(held.submission, at=at)
    if held.submission.state != SubmissionState.SUBMITTED or contract.active_version is None:
        raise IllegalTransition("This submission does not wait any more: there is nothing to pass on.")
    return held


def _record(handed: HandOver, *, actor: Actor, at: datetime, **facts: Any) -> None:
    """To whom, and the note, are the buyer's own business: the chain, which the seller reads, keeps their hash."""
    contracts.record(
        handed.contract,
        verb="milestone.passed_on",
        subject=f"milestone:{handed.submission.milestone.ref}",
        actor=actor,
        at=at,
        submission=handed.submission.ref,
        cycle=handed.submission.number,
        hand_over_ref=handed.ref,
        told_sha256=canonical.sha256(canonical.text({"to": handed.to_name, "note": handed.note})),
        **facts,
    )

"""An approver passes the decision on a submission to a colleague."""

from datetime import datetime

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core import canonical
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.models import HandOver
from apps.milestones.models.submission import SubmissionState
from apps.milestones.services.holding import lock_submission
from apps.milestones.services.reviewing import check_in_time
from apps.parties.actor import Actor, ActorKind
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

    Only among members of the buyer's own team: behind a personal link there is nobody to choose from, and nobody whom
    the seller could name would decide for the buyer.
    """
    submission = lock_submission(contract, submission_ref=submission_ref).submission
    milestone, version = submission.milestone, contract.active_version
    check_in_time(submission, at=at)
    if submission.state != SubmissionState.SUBMITTED or version is None:
        raise IllegalTransition("This submission does not wait any more: there is nothing to pass on.")
    if actor.kind is ActorKind.GUEST or actor.user_id is None:
        raise NotAllowed(
            "A personal link is for its own mailbox. Take your organisation's place here and invite your colleague;"
            " then you can pass the decision on."
        )
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
    contracts.record(
        contract,
        verb="milestone.passed_on",
        subject=f"milestone:{milestone.ref}",
        actor=actor,
        at=at,
        submission=submission.ref,
        cycle=submission.number,
        hand_over_ref=handed.ref,
        told_sha256=canonical.sha256(canonical.text({"to": handed.to_name, "note": words})),
    )
    return handed

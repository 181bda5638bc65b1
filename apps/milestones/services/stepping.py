"""The steps before an acceptance: an inspection, the milestones above, the first of two acceptors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.contracts import measure_wording
from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core import canonical, money
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.money import Money
from apps.core.spoken import Said, said
from apps.milestones import rules
from apps.milestones.models import FirstAcceptance, Inspection, InspectionVerdict, Submission
from apps.milestones.models.submission import SubmissionState
from apps.milestones.rules import CriterionVerdict, Defect
from apps.milestones.services.deciding import compare
from apps.milestones.services.holding import HeldSubmission, lock_submission
from apps.milestones.services.mailboxes import read_by
from apps.milestones.services.reviewing import check_in_time
from apps.milestones.services.silence import SilenceAhead, knowing, silence_ahead
from apps.parties.actor import Actor, ActorKind, Proof, evidence_of
from apps.parties.roles import Action


def inspect(
    *,
    contract: Contract,
    submission_ref: str,
    actor: Actor,
    seen: str,
    verdicts: Sequence[CriterionVerdict],
    comment: str,
    at: datetime,
) -> Inspection:
    """Somebody of the buyer with the role for it looks at what waits, criterion by criterion. Nothing is decided.

    Where the contract asks for it, nobody accepts before; the newest inspection counts. A defect that is named is told
    to the seller, and silence accepts nothing after it.
    """
    held = lock_submission(contract, submission_ref=submission_ref)
    submission, version = held.submission, contract.active_version
    remark = rules.check_text(comment, most=rules.LONGEST_NOTE, field="comment")
    check_in_time(submission, at=at)
    if submission.state != SubmissionState.SUBMITTED or version is None:
        raise IllegalTransition("This submission does not wait any more: there is nothing to inspect.")
    if actor.kind is ActorKind.GUEST or actor.user_id is None:
        raise NotAllowed(
            "An inspection is made by somebody of the buyer's team with the role inspector, and not by personal link."
        )
    contracts.buyer_authority(
        contract,
        actor=actor,
        action=Action.INSPECT_MILESTONE,
        version=version,
        purpose=GuestGrant.Purpose.SIGN_OFF,
        subject_ref=submission.ref,
        at=at,
    )
    compare(submission, seen=seen)
    given = rules.trimmed_verdicts(verdicts, criteria=held.criteria)
    rules.check_all_judged(given, criteria=held.criteria)
    inspection = Inspection.objects.create(
        contract=contract,
        submission=submission,
        is_passed=all(verdict.is_passed for verdict in given),
        comment=remark,
        **actor.evidence(),
        inspected_at=at,
        sha256=submission.sha256,
    )
    InspectionVerdict.objects.bulk_create(
        InspectionVerdict(
            inspection=inspection,
            criterion_id=verdict.criterion_id,
            is_passed=verdict.is_passed,
            reason=verdict.reason,
        )
        for verdict in given
    )
    contracts.record(
        contract,
        verb="milestone.inspected",
        subject=f"milestone:{submission.milestone.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        submission=submission.ref,
        cycle=submission.number,
        sha256=submission.sha256,
        is_passed=inspection.is_passed,
        comment_sha256=canonical.sha256(remark),
        verdicts_sha256=canonical.sha256(rules.verdicts_text(given, criteria=held.criteria)),
    )
    return inspection


def check_whole(held: HeldSubmission, *, actor: Actor) -> None:
    """Refuse an acceptance before the milestones on which this one builds, or before a passed inspection was made.

    What does not wait any more is refused by its state instead.
    """
    if held.submission.state != SubmissionState.SUBMITTED:
        return
    rules.check_above(held.waits_for)
    _check_inspected(held, actor=actor, refuse=rules.check_inspected)
    amount = Money(held.submission.milestone.amount, held.submission.milestone.currency)
    rules.check_undisputed(held.disputed, accepted=amount, whole=amount)


def check_part(held: HeldSubmission, *, actor: Actor) -> None:
    """The same for a part, which may be accepted in spite of a defect in the rest."""
    if held.submission.state != SubmissionState.SUBMITTED:
        return
    rules.check_above(held.waits_for)
    _check_inspected(held, actor=actor, refuse=rules.check_looked_at)


def _check_inspected(held: HeldSubmission, *, actor: Actor, refuse: Callable[..., None]) -> None:
    contract = held.submission.contract
    # What a change order says of the steps holds of what is submitted from then on.
    if held.submission.milestone.line.agreed.needs_inspection:
        refuse(held.found, user_id=actor.user_id, email=actor.email, organisation=contract.buyer.legal_name)
        by = held.found
        rules.refuse_inspector(
            is_same=by is not None
            and contracts.is_same_person(
                read_by(actor, held=held, actor=actor), acted=read_by(by, held=held, actor=actor)
            )
        )


def accepts_first(held: HeldSubmission, *, actor: Actor, accepted: Money) -> bool:
    """Whether this acceptance is the first of two, and so has no effect yet; refused when the same person comes again.

    What counts is all that waits, not the part that is accepted of it, so that nobody accepts alone in slices.
    """
    submission = held.submission
    if submission.state != SubmissionState.SUBMITTED:
        # What is decided is refused by its state, with the right words.
        return False
    if not submission.milestone.line.agreed.needs_second(submission.milestone.amount):
        return False
    if held.first is None:
        return True
    rules.check_second(held.first, user_id=actor.user_id, email=actor.email, accepted=accepted)
    acts, acted = (read_by(one, held=held, actor=actor) for one in (actor, held.first))
    contracts.check_another_person(acts, acted=acted)
    return False


def accept_first(
    held: HeldSubmission,
    *,
    actor: Actor,
    accepted: Money,
    comment: str,
    seen: str,
    at: datetime,
    proof: Proof | None,
    quantity: Decimal | None = None,
    defects: Sequence[Defect] = (),
) -> FirstAcceptance:
    """Write down that the first of two people accepted: nothing is accepted, and no invoice issued, before the second.

    ``defects`` are those under whose reservation, as they were checked; so was that the person may.
    """
    submission = held.submission
    contract, milestone = submission.contract, submission.milestone
    compare(submission, seen=seen)
    statement = (
        first_reserving_statement(submission, defects=defects)
        if defects
        else first_statement(submission, accepted=accepted, quantity=quantity)
    )
    more: dict[str, Any] = {"quantity": quantity} if quantity is not None else {}
    if defects:
        told = rules.defects_text(defects, criteria=held.criteria)
        more = {"reservations": len(defects), "reservations_sha256": canonical.sha256(told)}
    first = FirstAcceptance.objects.create(
        contract=contract,
        submission=submission,
        amount=accepted.amount,
        quantity=quantity,
        defects=rules.defects_kept(defects, criteria=held.criteria) if defects else None,
        comment=comment,
        **actor.evidence(),
        **evidence_of(proof),
        circumstances=actor.circumstances(is_within_limit=True, statement=statement.kept()),
        grant_id=actor.grant_id,
        organisation_name=contract.buyer.legal_name,
        accepted_at=at,
        statement=statement.text,
        statement_version=statement.version,
        sha256=submission.sha256,
    )
    contracts.record(
        contract,
        verb="milestone.first_accepted",
        subject=f"milestone:{milestone.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        private=first.circumstances,
        submission=submission.ref,
        cycle=submission.number,
        sha256=submission.sha256,
        amount=milestone.amount,
        accepted=accepted.amount,
        **more,
        organisation=first.organisation_name,
        statement=first.statement,
        statement_version=first.statement_version,
        comment=comment,
        proved_by=first.proved_by,
        proved_at=first.proved_at,
    )
    return first


def first_statement(submission: Submission, *, accepted: Money, quantity: Decimal | None = None) -> Said:
    """What the first of two acceptors agrees to."""
    return said(
        rules.first_statement(
            organisation=submission.contract.buyer.legal_name,
            title=submission.milestone.title,
            cycle=submission.number,
            accepted=accepted,
            measured=measure_wording.stated(quantity, submission.milestone.line.unit),
            by_application=submission.milestone.line.version.is_by_application,
        )
    )


def first_reserving_statement(submission: Submission, *, defects: Sequence[Defect]) -> Said:
    """The same under a list of defects that was checked."""
    milestone = submission.milestone
    return said(
        rules.first_reserving_statement(
            organisation=submission.contract.buyer.legal_name,
            title=milestone.title,
            cycle=submission.number,
            amount=Money(milestone.amount, milestone.currency),
            count=len(defects),
            withheld=Money(money.total(one.amount for one in defects), milestone.currency),
            by_application=milestone.line.version.is_by_application,
        )
    )


@dataclass(frozen=True, slots=True)
class Ahead:
    """What stands between somebody and an acceptance of what waits: of the whole, and of a part.

    ``is_first``: the acceptance would be the first of two, and issue no invoice. ``silence``: what is ahead of who says
    nothing; None of what does not wait. ``disputed`` is what, net of tax, is in dispute; ``undisputed``
    what is not, where a part of it is.
    """

    whole: Refused | None
    part: Refused | None
    is_first: bool
    silence: SilenceAhead | None = None
    undisputed: Decimal | None = None
    disputed: Decimal | None = None


def what_is_ahead(submission: Submission, *, actor: Actor) -> Ahead:
    """The same checks as an acceptance makes, for a page that shows the button or says why there is none."""
    rows = Submission.objects.filter(pk=submission.pk).select_related("milestone__line__version", "contract__buyer")
    read = knowing(rows).defer("milestone__line__version__canonical_text").first()
    if read is None:
        return Ahead(None, None, is_first=False)
    milestone = read.milestone
    is_large = milestone.line.agreed.needs_second(milestone.amount)
    held = HeldSubmission(read, criteria={}, others_open=0)
    told = held.first

    def refusal(check: Callable[..., None], *, amount: Decimal) -> Refused | None:
        try:
            check(held, actor=actor)
            if told is not None and is_large:
                accepts_first(held, actor=actor, accepted=Money(amount, milestone.currency))
        except Refused as refused:
            return refused
        return None

    def check_plain(held: HeldSubmission, *, actor: Actor) -> None:
        check_whole(held, actor=actor)
        rules.check_unreserved(told)

    whole = refusal(check_plain, amount=milestone.amount)
    part = refusal(check_part, amount=told.amount if told is not None else milestone.amount)
    disputed = held.disputed.amount if held.disputed is not None else None
    undisputed = milestone.amount - disputed or None if disputed is not None else None
    is_first, silence = is_large and told is None, silence_ahead(read)
    return Ahead(whole, part, is_first=is_first, silence=silence, undisputed=undisputed, disputed=disputed)

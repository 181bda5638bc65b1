"""One cycle of a milestone as the buyer reviews it: criteria, ticks, evidence, what changed, totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet
from django.http import Http404

from apps.contracts.models import Contract, ContractVersion
from apps.core import clock
from apps.core.database.kept import Argument, Read
from apps.milestones import services as milestones
from apps.milestones.models import Decision, EvidenceFile, FirstAcceptance, Inspection, Milestone, Submission
from apps.milestones.services import Defect, Link, PartBefore
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action
from apps.portals import asking, formats, silence
from apps.portals.asking import Questions
from apps.portals.buyer import differences, figures
from apps.portals.buyer.criteria import CriterionReading, Evidence, decision_of, evidence_of, readings_of, verdicts_of
from apps.portals.buyer.differences import Change
from apps.portals.buyer.figures import ContractFigures
from apps.portals.buyer.ways import Way
from apps.portals.forms import explain
from apps.portals.invoice_to_come import InvoiceToCome, invoice_to_come


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionReading:
    """Everything that stands on the page of one cycle. ``is_pending``: it waits for the buyer's decision."""

    submission: Submission
    milestone: Milestone
    contract: Contract
    version: ContractVersion
    is_pending: bool
    newer: Submission | None
    decision: Decision | None
    criteria: Sequence[CriterionReading]
    files: Sequence[Evidence]
    links: Sequence[Link]
    previous: Submission | None
    """The cycle before; of the first one of a part, the one that was accepted in part."""
    part_before: PartBefore | None
    """What the buyer said is left, on the first cycle of what goes on from a part."""
    changes: Sequence[Change]
    before: ContractFigures
    earned_after: Decimal
    to_come: InvoiceToCome
    answer_in: str
    silence: str
    """What silence does or did, in a sentence; empty of what does not wait."""
    is_past: bool
    """Whether the review ended without an answer."""
    is_over: bool
    """Whether silence has decided."""
    zone: str
    page_url: str
    accept_url: str
    changes_url: str
    part_url: str
    """Where a part can be accepted; empty where the contract does not provide for it, and nothing is in dispute."""
    undisputed: Decimal | None
    """What is not in dispute where a part of it is; ``disputed``: what is."""
    disputed: Decimal | None
    reserve_url: str
    questions: Questions
    dispute_url: str
    inspections: Sequence[Inspection]
    first: FirstAcceptance | None
    inspect_url: str
    """Where it can be inspected; empty for whoever may not, or where the contract does not ask for it."""
    not_yet: str
    """Why the whole cannot be accepted yet, whoever asks; ``part_not_yet``: why not a part either."""
    part_not_yet: str
    is_first: bool
    """Whether an acceptance would be the first of two."""

    @property
    def met(self) -> int:
        """How many criteria the seller claims to have met."""
        return sum(row.is_claimed for row in self.criteria)

    @property
    def left_after(self) -> Decimal:
        """What is still to be earned on the contract once this milestone is accepted."""
        return self.before.price - self.earned_after


def of_buyer(actor: Actor) -> QuerySet[Milestone, Milestone]:
    """The milestones of contracts in which the actor's organisation is the buyer, with what their pages name."""
    return (
        Milestone.objects.visible_to(actor)
        .filter(contract__buyer_id=actor.organisation_id)
        .select_related(
            "contract__seller",
            "contract__buyer",
            "contract__active_version",
            "line__version",
            "invoice__open_item",
            "invoice__document",
        )
        .prefetch_related("line__criteria")
    )


def sent_to(actor: Actor) -> QuerySet[Submission, Submission]:
    """The submissions that the actor's organisation has to decide or decided, with what tells which they are."""
    return (
        Submission.objects.visible_to(actor)
        .filter(contract__buyer_id=actor.organisation_id, submitted_at__isnull=False)
        .select_related("milestone__contract__buyer")
    )


def _one_sent_to(kind: ActorKind, *, contract_id: Any = None) -> Read[Submission]:
    """One of :func:`sent_to`, whoever asks: kept, for it is read before every sign-off."""
    organisation_id: Any = Argument("organisation_id")
    asker = Actor(kind=kind, organisation_id=organisation_id, contract_id=contract_id)
    return Read(lambda: sent_to(asker).filter(ref=Argument("ref")).order_by())


_SENT_TO_MEMBER: Final = _one_sent_to(ActorKind.USER)
_SENT_TO_GUEST: Final = _one_sent_to(ActorKind.GUEST, contract_id=Argument("contract_id"))


def one_sent_to(actor: Actor, *, ref: str) -> Submission:
    """The submission that the actor's organisation has to decide or decided; 404 for any other."""
    kept = _SENT_TO_MEMBER if actor.contract_id is None else _SENT_TO_GUEST
    sent = kept.first(organisation_id=actor.organisation_id, contract_id=actor.contract_id, ref=ref)
    if sent is None:
        raise Http404
    return sent


def all_of(actor: Actor, milestone: Milestone) -> list[Submission]:
    """Every cycle that was sent, oldest first, with notes, files and decisions, in a constant number of queries."""
    cycles = (
        Submission.objects.visible_to(actor)
        .filter(milestone=milestone)
        .exclude(state="draft")
        .select_related("decision", "submitted_by", "first_acceptance")
        .prefetch_related(
            "inspections__verdicts__criterion",
            "notes__criterion",
            Prefetch("files", queryset=EvidenceFile.objects.order_by("pk")),
            "decision__verdicts__criterion",
        )
        .order_by("number")
    )
    found = list(cycles)
    for submission in found:
        submission.milestone = milestone
        submission.contract = milestone.contract
    return found


def read(actor: Actor, submission: Submission, *, cycles: Sequence[Submission], way: Way) -> SubmissionReading:
    """The reading of one of the ``cycles`` that :func:`all_of` gave."""
    milestone = submission.milestone
    contract = milestone.contract
    # By this one it was submitted, and is judged and billed, whatever a change order says of the others since.
    version = milestone.line.version
    version.contract = contract
    earlier = [cycle for cycle in cycles if cycle.number < submission.number]
    decided = next((cycle for cycle in reversed(earlier) if decision_of(cycle) is not None), None)
    part_before = milestones.part_before(milestone) if decided is None else None
    previous = earlier[-1] if earlier else part_before.submission if part_before is not None else None
    crossed_before = part_before.verdicts if part_before is not None else verdicts_of(decided)
    newest = cycles[-1]
    before = figures.of_contracts(actor, [contract])[contract.pk]
    is_pending = submission.state == "submitted"
    now = clock.now()
    ahead = milestones.what_is_ahead(submission, actor=actor) if is_pending else milestones.Ahead(None, None, False)
    first: FirstAcceptance | None = getattr(submission, "first_acceptance", None)
    is_divided = bool(ahead.undisputed) or (first is not None and first.amount < milestone.amount)
    inspects = is_pending and milestone.line.agreed.needs_inspection and actor.may(Action.INSPECT_MILESTONE)
    return SubmissionReading(
        submission=submission,
        milestone=milestone,
        contract=contract,
        version=version,
        is_pending=is_pending,
        newer=newest if newest.number > submission.number else None,
        decision=decision_of(submission),
        criteria=readings_of(submission, before=crossed_before, previous=previous, way=way),
        files=[evidence_of(f, previous=previous, way=way) for f in submission.files.all() if f.criterion_id is None],
        links=[Link(**link) for link in submission.links],
        previous=previous,
        part_before=part_before,
        changes=differences.between_submissions(previous, submission) if previous else [],
        before=before,
        earned_after=before.earned + (milestone.amount if is_pending else Decimal(0)),
        to_come=invoice_to_come(milestone.amount, milestone=milestone, version=version),
        answer_in=_days_away(submission.review_due_at, now=now, zone=contract.buyer.time_zone),
        silence=silence.sentence(submission, ahead.silence, now=now) if ahead.silence is not None else "",
        is_past=is_pending and silence.is_past(submission, now=now),
        is_over=ahead.silence is not None and silence.has_decided(submission, ahead.silence, now=now),
        zone=contract.buyer.time_zone,
        page_url=way.submission(submission),
        accept_url=way.accept_milestone(submission),
        changes_url=way.request_changes(submission),
        part_url=way.accept_part(submission) if milestone.line.agreed.partial_acceptance or is_divided else "",
        undisputed=ahead.undisputed,
        disputed=ahead.disputed,
        reserve_url=way.accept_with_reservations(submission),
        dispute_url=way.dispute(submission),
        questions=asking.to_ask(actor, submission, url=way.ask_question(submission)),
        inspections=list(submission.inspections.all()),
        first=first,
        inspect_url=way.inspect_milestone(submission) if inspects else "",
        not_yet=explain(ahead.whole) if ahead.whole is not None else "",
        part_not_yet=explain(ahead.part) if ahead.part is not None else "",
        is_first=ahead.is_first,
    )


def under(reading: SubmissionReading, defects: Sequence[Defect]) -> InvoiceToCome:
    """The invoice that accepting all of it under these reservations today would issue."""
    amounts = [one.amount for one in defects if one.amount]
    return invoice_to_come(
        reading.milestone.amount, milestone=reading.milestone, version=reading.version, withheld=amounts
    )


def of_part(reading: SubmissionReading, amount: Decimal) -> InvoiceToCome:
    """The invoice that accepting a part of this net amount today would issue."""
    return invoice_to_come(amount, milestone=reading.milestone, version=reading.version)


def _days_away(moment: datetime | None, *, now: datetime, zone: str) -> str:
    """In calendar days of the zone: a deadline at the end of a day is as far away as that day."""
    if moment is None:
        return ""
    here = ZoneInfo(zone)
    return formats.days_away(moment.astimezone(here).date(), now.astimezone(here).date())

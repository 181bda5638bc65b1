"""The milestones of a contract follow a change order that both sides signed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import OuterRef, Subquery

from apps.contracts.models import Contract, ContractVersion, Criterion, PlanLine
from apps.contracts.rules import Moved
from apps.core import money, states
from apps.milestones import rules
from apps.milestones.models import CriterionNote, EvidenceFile, Milestone, Submission
from apps.milestones.models.milestone import OPEN, MilestoneState
from apps.milestones.models.submission import SubmissionState
from apps.milestones.rules import Effect, Follows, PlanPart
from apps.milestones.services.planning import plan_lines


@dataclass(frozen=True, slots=True)
class Deduction:
    """So much, net of tax, of what was accepted and billed of a milestone is agreed to be owed no more."""

    milestone: Milestone
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Financed:
    """The ids of milestones on which a financier advances money (``pledged``), and of those that it has paid on before
    their acceptance (``advanced``)."""

    pledged: Collection[int] = ()
    advanced: Collection[int] = ()


def check_change(
    *,
    contract: Contract,
    moved: Sequence[Moved],
    price: Decimal,
    financed: Financed,
    by_calendar: tuple[Decimal, Decimal] = (money.ZERO, money.ZERO),
) -> Effect:
    """What a change would do to the sums of a contract, if its milestones let it; refused in words that name the one
    that does not.

    ``price`` is the price afterwards; ``by_calendar`` is what deposits and periods of it are billed, and still to be.
    """
    milestones = list(Milestone.objects.filter(contract=contract))
    parts = _parts(milestones, financed=financed)
    _followed(moved, parts.values(), currency=contract.currency)
    credited = money.total(one.amount for one in _deducted(moved, parts.values()))
    return rules.effect(list(parts.values()), price_after=price, credited=credited, by_calendar=by_calendar)


def deductions(*, contract: Contract, moved: Sequence[Moved]) -> list[Deduction]:
    """What a change takes back of accepted milestones, whose invoices are credited by it."""
    found = {one.pk: one for one in Milestone.objects.filter(contract=contract).order_by("position", "part")}
    parts = _parts(found.values(), financed=Financed())
    milestones = {part: found[pk] for pk, part in parts.items()}
    return [Deduction(milestones[one.part], one.amount) for one in _deducted(moved, parts.values())]


def comes_to(*, contract: Contract, moved: Sequence[Moved], financed: Financed) -> dict[int, Decimal]:
    """What each open milestone that a change touches comes to by it, net of tax, by id; nothing: it is cancelled."""
    parts = _parts(Milestone.objects.filter(contract=contract), financed=financed)
    by_part = {part: pk for pk, part in parts.items()}
    return {by_part[one.part]: one.amount for one in _followed(moved, parts.values(), currency=contract.currency)}


def replan(*, contract: Contract, version: ContractVersion, moved: Sequence[Moved], financed: Financed) -> int:
    """Bring the milestones in line with the version that a change order made; the answer is how many are open then.

    New lines become milestones; a line that is out cancels its milestone, which stays in the record; open milestones
    take amount, date and words of the new version. What is accepted or under review is not touched. The caller holds
    the contract, whose active version is the new one.
    """
    held = list(Milestone.objects.select_for_update().filter(contract=contract).order_by("pk"))
    parts = _parts(held, financed=financed)
    follows = _followed(moved, parts.values(), currency=contract.currency)
    becomes = {one.part: one for one in follows}
    lines = {line.position: line for line in version.lines.all()}
    before = {one.pk: one.line_id for one in held if one.state in OPEN}
    different = [one for one in held if parts[one.pk] in becomes]
    for milestone in different:
        now = becomes[parts[milestone.pk]]
        _follow(milestone, lines.get(milestone.position), amount=now.amount, quantity=now.quantity)
    Milestone.objects.bulk_update(different, ["state", "amount", "quantity", "line", "title", "planned_on"])
    # However many others there are: the same words, in the version that is in force now.
    others = Milestone.objects.filter(contract=contract, state__in=OPEN).exclude(line__version=version)
    same = PlanLine.objects.filter(version=version, position=OuterRef("position"))
    others.update(line=Subquery(same.values("pk")[:1]))
    _move_drafts(before, version=version)
    new = [lines[one.position] for one in moved if one.before is None and not one.is_by_calendar]
    plan_lines(contract=contract, lines=new)
    return Milestone.objects.unfinished().filter(contract=contract).count()


def follow_active_version(milestone: Milestone) -> None:
    """A milestone that was under review when the plan changed, and is open again, says what the plan in force says.

    Its line is the same in both, word for word: a change order does not touch what is under review.
    """
    version = milestone.contract.active_version
    if version is None or milestone.state not in OPEN or milestone.line.version_id == version.pk:
        return
    old = milestone.line_id
    line = version.lines.get(position=milestone.position)
    _follow(milestone, line, amount=milestone.amount, quantity=milestone.quantity)
    milestone.save(update_fields=["line", "title", "planned_on"])
    _move_drafts({milestone.pk: old}, version=version)


def _parts(milestones: Iterable[Milestone], *, financed: Financed) -> dict[int, PlanPart]:
    return {
        one.pk: PlanPart(
            one.position,
            one.part,
            one.title,
            one.state,
            one.amount - one.nullified,
            is_pledged=one.pk in financed.pledged,
            is_advanced=one.pk in financed.advanced,
            quantity=one.quantity if not one.nullified else None,
        )
        for one in sorted(milestones, key=lambda one: (one.position, one.part))
    }


def _deducted(moved: Sequence[Moved], parts: Iterable[PlanPart]) -> list[Follows]:
    by_position = _by_position(parts)
    return [one for change in moved for one in rules.deducted(change, by_position.get(change.position, ()))]


def _by_position(parts: Iterable[PlanPart]) -> dict[int, list[PlanPart]]:
    found: dict[int, list[PlanPart]] = {}
    for part in parts:
        found.setdefault(part.position, []).append(part)
    return found


def _followed(moved: Sequence[Moved], parts: Iterable[PlanPart], *, currency: str) -> list[Follows]:
    by_position = _by_position(parts)
    return [
        follows
        for change in moved
        for follows in rules.followed(change, by_position.get(change.position, ()), currency=currency)
    ]


def _follow(milestone: Milestone, line: PlanLine | None, *, amount: Decimal, quantity: Decimal | None) -> None:
    if line is None or not amount:
        states.move(milestone, MilestoneState.CANCELLED, Milestone.TRANSITIONS)
        return
    is_rest = milestone.part > 1
    milestone.quantity = quantity if line.quantity is not None else None
    milestone.line, milestone.amount, milestone.planned_on = line, amount, line.planned_on
    milestone.title = rules.title_of_part(line.title, part=milestone.part) if is_rest else line.title


def _move_drafts(before: Mapping[int, int], *, version: ContractVersion) -> None:
    """What the seller has prepared goes on under the criteria of the new line: where the words are the same, as it is.

    A criterion that is new has no note yet; files of one that is gone belong to the submission as a whole. ``before``
    are the lines by which the milestones lived until now.
    """
    drafts = Submission.objects.filter(
        milestone__in=before, state=SubmissionState.DRAFT, milestone__line__version=version
    )
    prepared = list(drafts.select_related("milestone").prefetch_related("notes", "files"))
    concerned = {line for one in prepared for line in (before[one.milestone_id], one.milestone.line_id)}
    criteria: dict[int, list[Criterion]] = {}
    for criterion in Criterion.objects.filter(line__in=concerned) if concerned else ():
        criteria.setdefault(criterion.line_id, []).append(criterion)
    for draft in prepared:
        now = criteria.get(draft.milestone.line_id, [])
        _move_draft(draft, was=criteria.get(before[draft.milestone_id], []), now=now)


def _move_draft(draft: Submission, *, was: Sequence[Criterion], now: Sequence[Criterion]) -> None:
    heirs = rules.heirs([(one.pk, one.text) for one in was], [(one.pk, one.text) for one in now])
    notes = [note for note in draft.notes.all() if note.criterion_id in heirs]
    gone = [note.pk for note in draft.notes.all() if note.criterion_id not in heirs]
    for note in notes:
        note.criterion_id = heirs[note.criterion_id]
    files = [file for file in draft.files.all() if file.criterion_id is not None]
    for file in files:
        file.criterion_id = heirs.get(file.criterion_id or 0)
    kept = {note.criterion_id for note in notes}
    # In this order: one note for each criterion, at every moment.
    CriterionNote.objects.filter(pk__in=gone).delete()
    CriterionNote.objects.bulk_update(notes, ["criterion"])
    EvidenceFile.objects.bulk_update(files, ["criterion"])
    CriterionNote.objects.bulk_create(
        CriterionNote(submission=draft, criterion=one) for one in now if one.pk not in kept
    )

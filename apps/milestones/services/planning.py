"""The milestones of a contract: made when it becomes active, one for each line of the signed plan that is one."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.core import clock
from apps.core.database import in_flight, walls
from apps.core.database.kept import Argument, Read
from apps.milestones.models import EvidenceFile, Milestone, Submission


def plan(*, contract: Contract, version: ContractVersion) -> list[Milestone]:
    """Make the milestones of a contract that has just become active."""
    return plan_lines(contract=contract, lines=version.lines.all())


def plan_lines(*, contract: Contract, lines: Iterable[PlanLine]) -> list[Milestone]:
    """Make the milestones of some lines of the version that is in force; what the calendar bills becomes none."""
    return Milestone.objects.bulk_create(
        Milestone(
            contract=contract,
            line=line,
            position=line.position,
            title=line.title,
            amount=line.amount,
            quantity=line.quantity,
            currency=contract.currency,
            planned_on=line.planned_on,
        )
        for line in lines
        if line.kind == PlanLine.Kind.MILESTONE and line.amount is not None
    )


def open_milestones(*, contract: Contract) -> int:
    """How many milestones of a contract are still to be accepted."""
    return Milestone.objects.unfinished().filter(contract=contract).count()


def contract_of_milestone(*, milestone_ref: str) -> "QuerySet[Any, int]":
    """The id of the contract to which a milestone belongs: a query, for ``contracts.lock`` to ask while it locks."""
    return _one(Milestone.objects.filter(ref=milestone_ref).values_list("contract_id", flat=True))


def _contract_of_submission() -> "QuerySet[Contract, Contract]":
    of_submission = Submission.objects.filter(ref=Argument("submission_ref")).values_list("contract_id", flat=True)
    return contracts.locking(contract_id=_one(of_submission))


_locked: Final = Read(_contract_of_submission)
_held: Final = Read(
    _contract_of_submission,
    then={"widened": walls.widening("held.seller_id", "held.buyer_id"), "held_at": "clock_timestamp()"},
)


def lock_contract_of_submission(*, submission_ref: str) -> Contract:
    """Hold the contract to which a submission belongs."""
    return contracts.found(_locked.first(submission_ref=submission_ref))


def ask_for_contract_of_submission(*, submission_ref: str, **_others: object) -> None:
    """Ask ahead for what :func:`hold_contract_of_submission` will hold."""
    in_flight.ahead(_held, submission_ref=submission_ref)


def hold_contract_of_submission(*, submission_ref: str) -> tuple[Contract, datetime]:
    """The same, and once it is held touch the rows of both sides until the end of the transaction, as ``walls.widen``
    does; and what time it is then. One statement."""
    contract = contracts.found(in_flight.first(_held, submission_ref=submission_ref))
    return contract, clock.said(vars(contract)["held_at"])


def contract_of_evidence(*, evidence_ref: str) -> "QuerySet[Any, int]":
    """The id of the contract to which an evidence file belongs."""
    return _one(EvidenceFile.objects.filter(ref=evidence_ref).values_list("submission__contract_id", flat=True))


def _one(ids: "QuerySet[Any, int]") -> "QuerySet[Any, int]":
    return ids.order_by()[:1]

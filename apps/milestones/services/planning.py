"""The milestones of a contract: made when it becomes active, one for each line of the signed plan."""

from apps.contracts.models import Contract, ContractVersion
from apps.core.errors import Refused
from apps.milestones.models import EvidenceFile, Milestone, Submission
from apps.milestones.models.milestone import MilestoneState


def plan(*, contract: Contract, version: ContractVersion) -> list[Milestone]:
    """Make the milestones of a contract that has just become active."""
    return Milestone.objects.bulk_create(
        Milestone(
            contract=contract,
            line=line,
            position=line.position,
            title=line.title,
            amount=line.amount,
            currency=contract.currency,
            planned_on=line.planned_on,
        )
        for line in version.lines.all()
        if line.amount is not None
    )


def count_open(*, contract_id: int) -> int:
    """How many milestones of a contract are not accepted yet."""
    return Milestone.objects.filter(contract_id=contract_id).exclude(state=MilestoneState.ACCEPTED).count()


def contract_of_milestone(*, milestone_ref: str) -> int:
    """The id of the contract to which a milestone belongs."""
    return _known(Milestone.objects.filter(ref=milestone_ref).values_list("contract_id", flat=True).first())


def contract_of_submission(*, submission_ref: str) -> int:
    """The id of the contract to which a submission belongs."""
    return _known(Submission.objects.filter(ref=submission_ref).values_list("contract_id", flat=True).first())


def contract_of_evidence(*, evidence_ref: str) -> int:
    """The id of the contract to which an evidence file belongs."""
    files = EvidenceFile.objects.filter(ref=evidence_ref)
    return _known(files.values_list("submission__contract_id", flat=True).first())


def _known(contract_id: int | None) -> int:
    if contract_id is None:
        raise Refused("There is no such milestone, or your organisation is no party to its contract.")
    return contract_id

"""The job of :mod:`apps.workflows.retention`; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app
from procrastinate.jobs import JobDeferrer

from apps.contracts.models import Contract
from apps.contracts.models.contract import ContractState
from apps.invoicing import services as invoicing
from apps.milestones.models import Milestone
from apps.workflows.jobs import RENDER_AGAIN


@app.task(queue="documents", retry=RENDER_AGAIN)
def release_retentions(*, contract_ref: str, organisation_id: int) -> None:
    """Release what became due of a contract's retention with its completion; nothing happens if that is done."""
    from apps.workflows import retention  # it defers jobs itself

    retention.tend_contract(contract_ref=contract_ref)


def following(milestone: Milestone, *, contract: Contract, others: int) -> list[JobDeferrer]:
    """What follows an acceptance that is billed in its own transaction: the retention that is due with it."""
    if milestone.line.version.is_by_application or not invoicing.releases_by(milestone, others=others):
        return []
    return [_release(contract)]


def after(contract: Contract) -> list[JobDeferrer]:
    """What follows when something else than a sign-off completed a contract: the retention that is due with it."""
    version = contract.active_version
    if contract.state != ContractState.COMPLETED or version is None or not invoicing.has_retention(version):
        return []
    return [_release(contract)]


def _release(contract: Contract) -> JobDeferrer:
    return release_retentions.configure(
        task_kwargs={"contract_ref": contract.ref, "organisation_id": contract.seller_id}
    )

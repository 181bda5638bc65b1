"""The job of :mod:`apps.workflows.retention`; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app

from apps.workflows.jobs import RENDER_AGAIN


@app.task(queue="documents", retry=RENDER_AGAIN)
def release_retentions(*, contract_ref: str, organisation_id: int) -> None:
    """Release what became due of a contract's retention with its completion; nothing happens if that is done."""
    from apps.workflows import retention  # it defers jobs itself

    retention.tend_contract(contract_ref=contract_ref)

"""The jobs of :mod:`apps.workflows.revenue`; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.jobs import JobDeferrer

from apps.contracts.models import Contract

RECOGNISE_AGAIN = RetryStrategy(max_attempts=4, wait=5, linear_wait=15)
"""As for documents. What fails even then is caught up when the month is closed."""


@app.task(queue="books", retry=RECOGNISE_AGAIN)
def recognise_revenue(*, contract_ref: str, organisation_id: int) -> None:
    """Recognise what happened to a contract; nothing happens if that is done. Revenue is dated by what happened."""
    from apps.workflows import revenue  # it defers jobs of this module

    revenue.recognise_revenue(contract_ref=contract_ref, seller_id=organisation_id)


@app.task(queue="books", retry=RECOGNISE_AGAIN)
def close_period(*, period_ref: str, organisation_id: int) -> None:
    """Recognise what a month earned, contract by contract, and shut it; a second run goes on where one stopped."""
    from apps.workflows import revenue  # it defers jobs of this module

    revenue.work_off(period_ref=period_ref, seller_id=organisation_id)


def following(contract: Contract) -> JobDeferrer:
    """The job that recognises what a workflow does to a contract, to be deferred together with its others."""
    return recognise_revenue.configure(
        task_kwargs={"contract_ref": contract.ref, "organisation_id": contract.seller_id}
    )

"""On which milestones a financier advances money: what a change of the contract must leave as it was agreed."""

from apps.contracts.models import Contract
from apps.financing.models import Assignment


def pledged(*, contract: Contract) -> set[int]:
    """The ids of a contract's milestones that are assigned: promised, paid out or settled.

    The caller holds the contract. Notice and disclosure name what the milestone comes to, and Postgres buys no invoice
    of another amount.
    """
    live = Assignment.objects.filter(contract=contract, revoked_at__isnull=True)
    return set(live.values_list("milestone_id", flat=True))

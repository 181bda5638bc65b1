"""On which milestones a financier advances money: what a change of the contract must leave as it was agreed."""

from apps.contracts.models import Contract
from apps.financing.models import Assignment, Tranche
from apps.financing.models.tranche import TrancheState


def pledged(*, contract: Contract) -> set[int]:
    """The ids of a contract's milestones that are assigned: promised, paid out or settled.

    The caller holds the contract. Notice and disclosure name what the milestone comes to, and Postgres buys no invoice
    of another amount.
    """
    live = Assignment.objects.filter(contract=contract, revoked_at__isnull=True)
    return set(live.values_list("milestone_id", flat=True))


def advanced_on(*, contract: Contract) -> set[int]:
    """The ids of those of them on which an advance is paid out and that are not accepted yet.

    What such a milestone comes to may change: what the advance is not covered by any more, the seller owes back.
    """
    out = Tranche.objects.filter(contract=contract, state=TrancheState.FUNDED_PRE)
    return set(out.values_list("milestone_id", flat=True))


def financiers_of_advances(*, contract: Contract) -> list[int]:
    """The ids of the financiers who have paid on milestones of a contract that are not accepted yet."""
    out = Tranche.objects.filter(contract=contract, state=TrancheState.FUNDED_PRE)
    return list(out.order_by("financier_id").values_list("financier_id", flat=True).distinct())

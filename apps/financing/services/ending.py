"""A contract is terminated: what financiers advance on its open milestones must not be left hanging."""

from collections.abc import Mapping
from decimal import Decimal

from apps.contracts.models import Contract
from apps.core.errors import Refused
from apps.financing.models import Tranche
from apps.financing.models.tranche import ENDED, TrancheState


def require_unbound(contract: Contract, *, owed: Mapping[str, tuple[Decimal, Decimal]]) -> None:
    """Refuse to end a milestone below its amount while an advance on it is agreed and not paid out.

    ``owed`` gives by the reference of each open milestone what is owed for it, and its whole; net of tax. An advance is
    on the whole, and so is the notice to the buyer: what is not paid out yet is cancelled first, by the financier or,
    before the notice is confirmed, by the seller. What is paid out and not covered any more the seller owes back
    (:mod:`following`). The caller holds the contract.
    """
    bound = Tranche.objects.filter(
        contract=contract,
        milestone__ref__in=[ref for ref, (amount, whole) in owed.items() if amount < whole],
        state=TrancheState.ACCEPTED,
    )
    tranche = bound.select_related("milestone", "financier").order_by("milestone__position", "milestone__part").first()
    if tranche is None:
        return
    raise Refused(
        "{financier} has agreed an advance on “{milestone}” as a whole. Have it cancelled first, or value the"
        " milestone at all that is unbilled of it.",
        field="values",
        milestone=tranche.milestone.title,
        financier=tranche.financier.legal_name,
    )


def bound_by_contract(contract: Contract) -> list[Tranche]:
    """The advances of a contract that are agreed or outstanding: whose financiers hear how it ends."""
    live = Tranche.objects.filter(contract=contract).exclude(state__in=ENDED)
    return list(live.select_related("milestone").order_by("id"))

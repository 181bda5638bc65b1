"""A contract is terminated: what financiers advance on its open milestones must not be left hanging."""

from collections.abc import Mapping
from decimal import Decimal

from apps.contracts.models import Contract
from apps.core.errors import Refused
from apps.core.money import Money
from apps.financing.models import Tranche
from apps.financing.models.tranche import TrancheState

ENDED = (TrancheState.CANCELLED, TrancheState.SETTLED)


def require_unbound(contract: Contract, *, owed: Mapping[str, tuple[Decimal, Decimal]]) -> None:
    """Refuse to end a milestone below its amount while an advance on it is agreed or paid out.

    ``owed`` gives by the reference of each open milestone what is owed for it, and its whole; net of tax. An advance is
    on the whole, and so is the notice to the buyer: what is not paid out yet is cancelled first, by the financier or,
    before the notice is confirmed, by the seller. Of what is paid out the milestone has to be valued whole: buying an
    advance back is not built, and the financier would be left with nothing. The caller holds the contract.
    """
    bound = Tranche.objects.filter(
        contract=contract,
        milestone__ref__in=[ref for ref, (amount, whole) in owed.items() if amount < whole],
        state__in=[TrancheState.ACCEPTED, TrancheState.FUNDED_PRE],
    )
    tranche = bound.select_related("milestone", "financier").order_by("milestone__position", "milestone__part").first()
    if tranche is None:
        return
    if tranche.state == TrancheState.ACCEPTED:
        raise Refused(
            "{financier} has agreed an advance on “{milestone}” as a whole. Have it cancelled first, or value the"
            " milestone at all that is unbilled of it.",
            field="values",
            milestone=tranche.milestone.title,
            financier=tranche.financier.legal_name,
        )
    raise Refused(
        "{financier} has paid {advance} in advance on “{milestone}”, to be repaid by its invoice. Value it at all that"
        " is unbilled of it, or settle the advance with {financier} first.",
        field="values",
        milestone=tranche.milestone.title,
        financier=tranche.financier.legal_name,
        advance=Money(tranche.outstanding, tranche.currency),
    )


def bound_by_contract(contract: Contract) -> list[Tranche]:
    """The advances of a contract that are agreed or outstanding: whose financiers hear how it ends."""
    live = Tranche.objects.filter(contract=contract).exclude(state__in=ENDED)
    return list(live.select_related("milestone").order_by("id"))

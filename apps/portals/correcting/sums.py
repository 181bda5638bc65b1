"""What credit notes take from the sums of a contract."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from apps.core import money
from apps.invoicing.models import CreditNote


def less_credits(owed: Mapping[int, Any]) -> Mapping[int, Any]:
    """The sums of open items by contract (``net``, ``gross_sum``, ``credited_sum``), less what is credited of them.

    Contracts on which nothing was ever credited ask nothing.
    """
    touched = [contract for contract, row in owed.items() if row["credited_sum"]]
    if not touched:
        return owed
    notes = CreditNote.objects.of_lines().filter(contract_id__in=touched).order_by().values_list("contract_id")
    nets: dict[int, Decimal] = dict(notes.annotate(sum=Sum("net")))
    return {
        contract: {
            **row,
            "net": row["net"] - nets.get(contract, money.ZERO),
            "gross_sum": row["gross_sum"] - row["credited_sum"],
        }
        for contract, row in owed.items()
    }


def paid_net(owed: Mapping[str, Any], *, currency: str) -> Decimal:
    """What is paid of what is owed, on the scale of the price: a payment includes tax, and is the same share of it."""
    if not owed or not owed["gross_sum"]:
        return money.ZERO
    return money.half_up(owed["net"] * owed["paid_sum"] / owed["gross_sum"], currency)

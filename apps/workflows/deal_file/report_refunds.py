"""What a played deal says of money that went back."""

from typing import Any

from apps.contracts.models import Contract
from apps.invoicing.models import Refund
from apps.workflows.deal_file.report_parts import amount_of, written


def refunds(contract: Contract) -> list[dict[str, Any]]:
    """Every refund of payments on the contract's invoices, in the order in which they were asked for."""
    of_contract = Refund.objects.using("owner").filter(payment__allocations__invoice__contract=contract)
    return [
        {
            "payment": refund.payment.bank_reference,
            "amount": amount_of(refund.amount, refund.currency),
            "state": refund.state,
            "reason": refund.reason,
            "paid_on": written(refund.paid_on),
            "reference": refund.bank_reference,
            "ended": refund.ended_reason,
        }
        for refund in of_contract.select_related("payment").distinct().order_by("pk")
    ]

"""A version that answers what the other side proposed."""

from typing import Any

from apps.contracts.models import Contract
from apps.parties.services import OrganisationData
from apps.portals.drafting.forms import NEW_COUNTERPARTY, DraftForm


class AnswerForm(DraftForm):
    """A version that answers a proposal: what all versions of the contract have in common is not asked for again."""

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, known=[], **kwargs)
        self.contract = contract
        for name in ("buyer", "buyer_language", *NEW_COUNTERPARTY, "number", "title", "currency"):
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        self.cleaned_data |= {
            "number": self.contract.number,
            "title": self.contract.title,
            "currency": self.contract.currency,
            "buyer": self.contract.buyer.ref,
            "buyer_language": "",
        }
        return super().clean()

    def new_counterparty(self) -> OrganisationData | None:
        return None

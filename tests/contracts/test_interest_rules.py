"""Silence for interest alone is refused where something else makes an invoice due, and what was signed stays."""

from dataclasses import replace
from decimal import Decimal

import pytest

from apps.contracts.billing import BY_APPLICATION
from apps.contracts.drafts import ContractDraft, DraftLine, LineTerms
from apps.contracts.payment_documents import PaymentDocuments
from apps.contracts.rules import check_interest
from apps.core.errors import Refused

WAIVER = PaymentDocuments(each=("Waiver of lien",))
PLAIN = DraftLine("Hand-over")
OWN = replace(PLAIN, own=LineTerms(silence="interest", documents=("Bond",)))
DRAFT = ContractDraft(buyer_ref="b", number="1", title="Works", currency="EUR", price=Decimal(1), lines=(PLAIN,))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"silence": "interest", "bills_by": BY_APPLICATION}, "counts from their certificate"),
        ({"silence": "interest", "payment_documents": WAIVER}, "“Hand-over” is not due before"),
        ({"lines": (OWN,)}, "“Hand-over” is not due before"),
    ],
)
def test_a_term_that_means_nothing_is_refused_and_one_that_was_signed_stays(
    changes: dict[str, object], why: str
) -> None:
    draft = replace(DRAFT, **changes)  # type: ignore[arg-type]
    with pytest.raises(Refused, match=why):
        check_interest(draft)
    with pytest.raises(Refused, match=why):
        check_interest(draft, before=DRAFT)
    check_interest(draft, before=draft)
    check_interest(replace(draft, silence="", lines=(replace(PLAIN, own=LineTerms(silence="accepted")),)))

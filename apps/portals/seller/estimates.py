"""What an early payment would come to on the usual terms of a line, before an offer says the exact price."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.core.errors import Refused
from apps.financing import services as financing
from apps.financing.models import Facility
from apps.financing.rules import LineTerms, Price
from apps.financing.rules.expectation import History
from apps.financing.rules.price import price
from apps.invoicing import services as invoicing
from apps.milestones.models import Milestone


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The price of one milestone on one line, funded today and paid by the buyer when that is likely."""

    facility: Facility
    terms: LineTerms
    price: Price
    face: Decimal
    currency: str

    @property
    def cost(self) -> Decimal:
        return self.price.discount + self.price.fee


def face_of(milestone: Milestone) -> Decimal:
    """The total of the milestone's invoice, or what that will come to."""
    invoice = getattr(milestone, "invoice", None)
    return invoice.gross if invoice is not None else invoicing.amount_to_bill(milestone)


def estimate(milestone: Milestone, *, facility: Facility, today: date, history: History) -> Estimate | None:
    """None where the usual terms make no offer, for instance on the due date itself."""
    face = face_of(milestone)
    expected_on = financing.until_paid(milestone, funding_on=today, history=history)[-1].on
    terms = financing.usual_terms(facility=facility, milestone=milestone, expected_on=expected_on)
    if hasattr(milestone, "invoice") and milestone.invoice.due_on <= today:
        return None
    try:
        priced = price(
            face=face,
            eligible=face,
            currency=milestone.currency,
            terms=terms,
            funding_on=today,
            least_fee_days=facility.least_fee_days,
        )
    except Refused:
        return None
    return Estimate(facility=facility, terms=terms, price=priced, face=face, currency=milestone.currency)

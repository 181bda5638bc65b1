"""What an early payment would come to on the usual terms of a line, before an offer says the exact price."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.core.errors import Refused
from apps.financing.models import Facility
from apps.financing.rules.price import OfferTerms, Price, price
from apps.invoicing.models import Invoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The price of one invoice on one line, funded today and paid by the buyer on the due date."""

    facility: Facility
    price: Price
    face: Decimal
    currency: str

    @property
    def cost(self) -> Decimal:
        return self.price.discount + self.price.fee


def estimate(invoice: Invoice, *, facility: Facility, today: date) -> Estimate | None:
    """None where the usual terms make no offer, for instance on the due date itself."""
    terms = OfferTerms(
        advance_rate=facility.advance_rate,
        annual_rate=facility.annual_rate,
        fee_rate=facility.fee_rate,
        funding_on=today,
        expected_on=invoice.due_on,
    )
    try:
        priced = price(
            face=invoice.gross,
            eligible=invoice.gross,
            currency=invoice.currency,
            terms=terms,
            least_fee_days=facility.least_fee_days,
        )
    except Refused:
        return None
    return Estimate(facility=facility, price=priced, face=invoice.gross, currency=invoice.currency)

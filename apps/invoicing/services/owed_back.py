"""What of an advance or a sale the seller owes back to its financier."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from apps.core import money
from apps.invoicing.models import Invoice
from apps.invoicing.services.sales import LONGEST_DESCRIPTION
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.ledger.models import Entry
from apps.milestones.models import Milestone


@dataclass(frozen=True, slots=True)
class OwedBack:
    """How an advance became owed back, in the milestone's currency.

    ``advanced`` of what was advanced before acceptance and ``credited`` of a sold invoice become ``owed``, after
    ``reserve`` bore its part; ``given_back`` is discount given back, negative where more cost is borne. Where the
    milestone was accepted in part, ``carried`` of it stands on for the milestone ``rest_ref``, and is not owed back.
    """

    owed: Decimal
    advanced: Decimal
    credited: Decimal
    reserve: Decimal
    given_back: Decimal
    carried: Decimal = money.ZERO
    rest_ref: str = ""


def book_owed_back(
    *, milestone: Milestone, seller_id: int, reference: str, owed_back: OwedBack, booked_on: date, at: datetime
) -> Entry | None:
    """Book what is owed back; None where nothing moves. ``reference`` names what happened, and is booked once.

    What a credit note took of a sold invoice was booked as owed back in full with it, so it is set off here.
    """
    key, invoice = f"milestone:{milestone.ref}", Invoice.objects.filter(milestone=milestone).first()
    legs = [
        ledger.debit(Seller.ADVANCES_RECEIVED, amount=owed_back.advanced, key=key),
        ledger.credit(Seller.ADVANCES_RECEIVED, amount=owed_back.carried, key=f"milestone:{owed_back.rest_ref}"),
        *_net(owed_back.owed - owed_back.credited, key=key),
        ledger.Leg(Seller.COST_OF_RECEIVABLES_SOLD, -owed_back.given_back, key),
        ledger.credit(
            Seller.DUE_FROM_FINANCIER,
            amount=owed_back.reserve,
            key=f"invoice:{invoice.ref}" if invoice is not None else key,
        ),
    ]
    if not any(leg.amount for leg in legs):
        return None
    return ledger.post(
        organisation_id=seller_id,
        currency=milestone.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"owed:{reference}",
        description=f"Owed back on {milestone.title}"[:LONGEST_DESCRIPTION],
        booked_on=booked_on,
        legs=legs,
        at=at,
    )


def book_paid_back(
    *, milestone: Milestone, seller_id: int, reference: str, amount: Decimal, booked_on: date, at: datetime
) -> Entry:
    """Book that the seller paid back what it owed."""
    return ledger.post(
        organisation_id=seller_id,
        currency=milestone.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"paid-back:{reference}",
        description=f"Paid back on {milestone.title}"[:LONGEST_DESCRIPTION],
        booked_on=booked_on,
        legs=[
            ledger.debit(Seller.OWED_BACK_TO_FINANCIER, amount=amount, key=f"milestone:{milestone.ref}"),
            ledger.credit(Seller.BANK, amount=amount),
        ],
        at=at,
    )


def _net(owed: Decimal, *, key: str) -> list[ledger.Leg]:
    if owed < money.ZERO:
        return [ledger.debit(Seller.OWED_BACK_TO_FINANCIER, amount=-owed, key=key)]
    return [ledger.credit(Seller.OWED_BACK_TO_FINANCIER, amount=owed, key=key)]

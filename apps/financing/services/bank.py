"""What is asked of every payment that a financier sends: an account, a day that can be, a reference that is new."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from apps.core.errors import Refused
from apps.financing.models import BankMovement, Disbursement, ReservePayout, Tranche
from apps.financing.services.record import day_of
from apps.parties import services as parties
from apps.parties.models import BankAccount, Organisation

LONGEST = 60
"""Characters of a bank reference."""


def account_of_seller(tranche: Tranche) -> BankAccount | None:
    """Where the seller is paid in the currency of an advance; None when it named no account."""
    return parties.default_account(organisation_id=tranche.seller_id, currency=tranche.currency)


def require_account_of_seller(tranche: Tranche) -> BankAccount:
    """The same, for a payment that is recorded: it cannot have gone nowhere."""
    account = account_of_seller(tranche)
    if account is None:
        raise Refused(
            "{seller} has named no bank account in {currency}. Ask them to add one to the organisation's data.",
            seller=tranche.seller.legal_name,
            currency=tranche.currency,
        )
    return account


def require_day_of_payment(value_on: date, *, earliest: datetime, latest: datetime, financier: Organisation) -> None:
    """Refuse a value date before what is paid was due, or after today, both where the financier is."""
    first, last = day_of(financier, at=earliest), day_of(financier, at=latest)
    if value_on < first:
        raise Refused("The money cannot have left before {date}. Check the date.", field="value_on", date=first)
    if value_on > last:
        raise Refused("The money cannot have left after today, {date}.", field="value_on", date=last)


def reference_given(written: str) -> str:
    """The bank's reference without needless spaces; refused when it is missing or too long."""
    reference = " ".join(written.split())
    if not reference:
        raise Refused("Enter the bank's reference of the payment.", field="bank_reference")
    if len(reference) > LONGEST:
        raise Refused("The bank's reference is longer than {most} characters.", field="bank_reference", most=LONGEST)
    return reference


REFERENCES = ("disbursement_reference_once", "movement_reference_once", "payout_reference_once")
"""The constraints by which a line of the bank is recorded once."""


def record_once(sent: Disbursement | ReservePayout | BankMovement) -> None:
    """Save what was sent or arrived; refused when its line of the bank is recorded already, whenever and by whom."""
    try:
        with transaction.atomic():
            sent.save(force_insert=True)
    except IntegrityError as error:
        if not any(name in str(error) for name in REFERENCES):
            raise
        raise Refused(
            "A payment with the bank reference {reference} is already recorded.",
            field="bank_reference",
            reference=sent.bank_reference,
        ) from error

"""What a deal file says of late payment."""

from decimal import Decimal

from apps.contracts.late_payment import LateTerms
from apps.contracts.rules.late_payment import LONGEST_BASIS, YEARS, check_late_payment
from apps.core import money
from apps.workflows.deal_file.reader import Place


def read_late_payment(place: Place | None, currency: str) -> LateTerms | None:
    """`rate` in percent a year, `days_of_year`, `basis`, `fee`, `with_reminders`; nothing where the key is absent."""
    if place is None:
        return None
    keys = ("rate", "days_of_year", "basis", "fee", "with_reminders")
    rate, days, basis, fee, claimed = (place.maybe(key) for key in keys)
    terms = LateTerms(
        annual_rate=rate.percentage() if rate is not None else Decimal(0),
        days_of_year=days.whole(least=min(YEARS), most=max(YEARS)) if days is not None else max(YEARS),
        basis=basis.text(most=LONGEST_BASIS) if basis is not None else "",
        fee=fee.number(least=Decimal(0), most=money.LARGEST) if fee is not None else Decimal(0),
        with_reminders=claimed.yes_or_no() if claimed is not None else False,
    )
    place.done()
    place.by(lambda: check_late_payment(terms, currency=currency))
    return terms

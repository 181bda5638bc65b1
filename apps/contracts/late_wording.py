"""Terms of late payment in plain words, for whoever signs them and whoever is asked to pay by them."""

from django.utils.translation import gettext

from apps.contracts.late_payment import LateTerms
from apps.core.printing import words


def whole(terms: LateTerms, *, currency: str) -> str:
    """Interest and fee in one sentence; how the rate came about in brackets."""
    parts = []
    if terms.annual_rate:
        interest = gettext(
            "simple interest of {rate} a year (days of {days}) on what is overdue, open and not in dispute"
        ).format(rate=words.percent(terms.annual_rate), days=terms.days_of_year)
        parts.append(f"{interest} ({terms.basis})" if terms.basis else interest)
    if terms.fee:
        parts.append(
            gettext("a fee of {amount} for each invoice that is paid late").format(
                amount=words.money(terms.fee, currency)
            )
        )
    if terms.with_reminders:
        parts.append(gettext("claimed with each reminder of what is overdue"))
    return "; ".join(parts)

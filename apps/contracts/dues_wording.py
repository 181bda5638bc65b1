"""When a line of the plan is billed, in plain words and in the language that is active: on pages and on paper."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext, ngettext

from apps.contracts import drafts
from apps.contracts.drafts import Due, Recovery
from apps.contracts.rules.dues import period_amounts
from apps.core.canonical import plain
from apps.core.printing import words

Money = Callable[[Decimal], str]
Day = Callable[[date], str]


def schedule_in_words(due: Due, *, amount: Decimal | None, currency: str, money: Money, day: Day) -> str:
    """``12 monthly payments of €500.00, the first when “Go-live” is accepted``.

    ``amount`` is what the whole line comes to, None while that cannot be said; ``money`` and ``day`` write figures and
    days as the page or the paper writes them.
    """
    if due.recovery is not None:
        return gettext("{billed}; {recovery}").format(
            billed=_once(due, day), recovery=recovery_in_words(due.recovery, money=money)
        )
    if not due.period and due.count is None:
        return _once(due, day)
    if not due.period or due.count is None:
        return gettext("how often is not said yet; the first {when}").format(when=_when(due, day))
    payments = _payments(due.period, due.count)
    if amount is not None:
        amounts = sorted(set(period_amounts(amount, count=due.count, currency=currency)))
        each = money(amounts[0])
        if len(amounts) > 1:
            each = gettext("{least} to {most}").format(least=each, most=money(amounts[-1]))
        payments = gettext("{payments} of {each}").format(payments=payments, each=each)
    if due.count == 1:
        return gettext("{payments}, {when}").format(payments=payments, when=_when(due, day))
    return gettext("{payments}, the first {when}").format(payments=payments, when=_when(due, day))


def recovery_in_words(recovery: Recovery, *, money: Money = plain) -> str:
    """``each invoice is reduced by 20 % until the deposit is used up``."""
    if recovery.way == drafts.FIRST:
        return gettext("invoices are reduced to nothing until the deposit is used up")
    if recovery.way == drafts.FIXED:
        return gettext("each invoice is reduced by the same amount, {amount}, until the deposit is used up").format(
            amount=money(recovery.amount) if recovery.amount is not None else "–"
        )
    if recovery.way == drafts.PROPORTION:
        return gettext("each invoice is reduced by its share of the deposit, and the last by what is left of it")
    if recovery.rate is None:
        return gettext("by how much each invoice is reduced is not said yet")
    rate = words.percent(recovery.rate)
    if recovery.begins:
        said = gettext(
            "once {begins} of the price are billed, each invoice is reduced by {rate} until the deposit is used up, and"
            " the last by what is left of it"
        )
        return said.format(begins=words.percent(recovery.begins), rate=rate)
    said = gettext("each invoice is reduced by {rate} until the deposit is used up, and the last by what is left of it")
    return said.format(rate=rate)


def _payments(period: str, count: int) -> str:
    words = {
        "month": ngettext("%(count)d monthly payment", "%(count)d monthly payments", count),
        "quarter": ngettext("%(count)d quarterly payment", "%(count)d quarterly payments", count),
        "year": ngettext("%(count)d yearly payment", "%(count)d yearly payments", count),
    }
    return words[period] % {"count": count}


def _once(due: Due, day: Day) -> str:
    return gettext("billed once, {when}").format(when=_when(due, day))


def _when(due: Due, day: Day) -> str:
    if due.start == drafts.SIGNATURE:
        return gettext("when both sides have signed")
    if due.start == drafts.DATE:
        return gettext("on {day}").format(day=day(due.on)) if due.on else gettext("on a day that is not said yet")
    if due.start == drafts.EVENT:
        return gettext("when the buyer confirms “{event}”, which accepts no work").format(event=due.event)
    if not due.milestone:
        return gettext("with a milestone that is not named yet")
    return gettext("when “{milestone}” is accepted").format(milestone=due.milestone)


def billed_by_the_calendar() -> str:
    """What holds of every line that no sign-off bills."""
    return gettext(
        "without a sign-off, on the day that the plan names where the seller is; a recurring line on the first day of"
        " each of its periods, for that period"
    )

"""The terms of the review in plain words, in the language that is active: the same on pages and in mails."""

from typing import Final

from babel import Locale
from django.utils.translation import get_language, gettext, ngettext

from apps.contracts import document_wording, own_wording
from apps.contracts.billing import BY_APPLICATION
from apps.contracts.drafts import ANY, Condition, LineTerms
from apps.contracts.rules import ReviewTerms
from apps.contracts.rules.payment import AFTER_MONTH_END, MONTH_END
from apps.contracts.rules.review import ACCEPTED, CALENDAR, INTEREST, REJECTED, WORKING
from apps.core.printing import words

LOCALES: Final = {"en": "en_GB", "de": "de_DE"}


def review_period(terms: ReviewTerms) -> str:
    """How long the buyer has: ``12 working days, Monday to Saturday (holidays: Germany, BY)``."""
    if terms.unit == CALENDAR:
        return ngettext("%(days)s calendar day", "%(days)s calendar days", terms.days) % {"days": terms.days}
    if terms.unit == WORKING:
        period = ngettext(
            "%(days)s working day, Monday to Saturday", "%(days)s working days, Monday to Saturday", terms.days
        )
    else:
        period = ngettext("%(days)s business day", "%(days)s business days", terms.days)
    names = Locale.parse(LOCALES.get((get_language() or "en").split("-")[0], "en_GB")).territories
    country = str(names.get(terms.country, terms.country))
    calendar = f"{country}, {terms.subdivision}" if terms.subdivision else country
    return gettext("{period} (holidays: {calendar})").format(period=period % {"days": terms.days}, calendar=calendar)


def payment(days: int, basis: str) -> str:
    """Until when an invoice is paid in time: ``within 30 days of the invoice's date``."""
    if basis == AFTER_MONTH_END:
        if not days:
            return gettext("by the end of the month of the invoice's date")
        return ngettext(
            "within %(days)s day of the end of the month of the invoice's date",
            "within %(days)s days of the end of the month of the invoice's date",
            days,
        ) % {"days": days}
    if basis == MONTH_END:
        return ngettext(
            "by the end of the month in which %(days)s day from the invoice's date ends",
            "by the end of the month in which %(days)s days from the invoice's date end",
            days,
        ) % {"days": days}
    if not days:
        return gettext("on the invoice's date")
    return ngettext("within %(days)s day of the invoice's date", "within %(days)s days of the invoice's date", days) % {
        "days": days
    }


def place(time_zone: str) -> str:
    """The place that names a time zone: ``Berlin``."""
    return time_zone.rpartition("/")[2].replace("_", " ")


def silence_means(silence: str) -> str:
    """What silence does, in one sentence."""
    if silence == ACCEPTED:
        return gettext("The milestone counts as accepted and is billed as agreed.")
    if silence == REJECTED:
        return gettext("The milestone counts as not accepted, and the seller may submit it again.")
    if silence == INTEREST:
        return gettext(
            "Nothing is decided, and the milestone waits until the buyer decides. If it is accepted later, interest for"
            " late payment counts as if it had been accepted on that day."
        )
    return gettext("Nothing is accepted and nothing is rejected: the milestone waits until the buyer decides.")


def silence_by(silence: str, *, due: str) -> str:
    """The same with the deadline, for both sides to read."""
    if silence == ACCEPTED:
        text = gettext("If the buyer says nothing by {due}, the milestone counts as accepted and is billed as agreed.")
    elif silence == REJECTED:
        text = gettext(
            "If the buyer says nothing by {due}, the milestone counts as not accepted, and the seller may submit it"
            " again."
        )
    elif silence == INTEREST:
        text = gettext(
            "If the buyer says nothing by {due}, nothing is decided: the milestone waits, and the seller is told. If it"
            " is accepted later, interest for late payment counts as if it had been accepted then."
        )
    else:
        text = gettext(
            "If the buyer says nothing by {due}, nothing is decided: the milestone waits, and the seller is told."
        )
    return text.format(due=due)


def silence_was(silence: str, *, due: str) -> str:
    """What silence did at a deadline that has gone by, for both sides to read; ``silence`` is what it really does."""
    if silence == ACCEPTED:
        text = gettext("The review ended on {due} without an answer: the milestone counts as accepted since then.")
    elif silence == REJECTED:
        text = gettext(
            "The review ended on {due} without an answer: the milestone counts as not accepted since then, and the"
            " seller may submit it again."
        )
    elif silence == INTEREST:
        text = gettext(
            "The review ended on {due} without an answer. Nothing is decided, and the buyer can still decide. If it is"
            " accepted, interest for late payment counts as if it had been accepted then."
        )
    else:
        text = gettext(
            "The review ended on {due} without an answer. Nothing is decided, and the buyer can still decide."
        )
    return text.format(due=due)


def silence_before_notice(silence: str) -> str:
    """What silence does while nobody knows that the buyer was notified."""
    said = gettext("It is not proven yet that the buyer was notified. Until then the review does not run.")
    if silence not in (ACCEPTED, REJECTED, INTEREST):
        return said
    means = gettext("Once it runs: {means}").format(means=silence_means(silence))
    return f"{said} {means}"


def nothing_by_silence(barred_by: str) -> str:
    """Why silence does less than was agreed, by what stands in the way."""
    return {
        "dispute": gettext("Silence decides nothing here while something is in dispute."),
        "came_back": gettext("Silence decides nothing here: the notice came back, and nothing else proves it arrived."),
        "defect": gettext("Silence accepts nothing here: a defect is named."),
        "above": gettext("Silence accepts nothing here: a milestone above is not accepted in time."),
    }[barred_by]


def invoices(bills_by: str, *, seller: str, buyer: str) -> str:
    """What issues an invoice for what is accepted."""
    if bills_by == BY_APPLICATION:
        return gettext(
            "one for each application for payment: {seller} collects in it what {buyer} accepted in a period, {buyer}"
            " certifies it, whole or at a lower figure with the reason, and the invoice is issued with that; what is"
            " not certified stands in the next application"
        ).format(seller=seller, buyer=buyer)
    return gettext("one for each milestone that {buyer} signs off, for its amount, at that moment").format(
        seller=seller, buyer=buyer
    )


def partial_acceptance(may_be: bool) -> str:
    """Whether a milestone may be accepted in part, and what that does."""
    if may_be:
        return gettext("The buyer may accept a part of a milestone: it is billed, and the rest can be submitted again.")
    return gettext("Milestones are accepted whole. While a part of one is in dispute, the rest may be accepted.")


def question_suspensions(most: int) -> str:
    """Whether questions stop the review clock, and how many of one submission do."""
    if not most:
        return gettext("Questions do not stop the review clock.")
    return ngettext(
        "One question about a submission stops the review clock, from when it is asked until the seller has answered"
        " it; the days on which the clock stood still are added.",
        "Up to %(most)s questions about a submission stop the review clock, each from when it is asked until the"
        " seller has answered it; the days on which the clock stood still are added.",
        most,
    ) % {"most": most}


def acceptance_steps(*, needs_inspection: bool, second_above: str) -> str:
    """Who has to look at a milestone before it is accepted; ``second_above`` is an amount in words, or nothing."""
    steps = []
    if needs_inspection:
        steps.append(
            gettext("Somebody of the buyer inspects a submission first; somebody else of the buyer then accepts it.")
        )
    if second_above:
        steps.append(
            gettext(
                "Above {amount} two people of the buyer accept; the invoice is issued when the second does."
            ).format(amount=second_above)
        )
    return " ".join(steps)


def notice(days: int) -> str:
    """How a side ends the contract for convenience, and what is different for cause."""
    if not days:
        return gettext("Either side may terminate with effect from the day on which it says so, or from a later one.")
    return ngettext(
        "Either side may terminate with %(days)s day of notice; for cause without any.",
        "Either side may terminate with %(days)s days of notice; for cause without any.",
        days,
    ) % {"days": days}


def own_terms(own: LineTerms) -> list[str]:
    """What a milestone has in the place of the contract's terms, in sentences; nothing for one like the others."""
    said = []
    if own.review_days is not None:
        said.append(
            ngettext("Own review period: %(days)s day.", "Own review period: %(days)s days.", own.review_days)
            % {"days": own.review_days}
        )
    if own.silence:
        said.append(gettext("If the buyer says nothing: {means}").format(means=silence_means(own.silence)))
    if own.is_cumulative:
        said.append(gettext("Cumulative: accepted only after every milestone above it in the plan."))
    if own.condition is not None:
        said.append(waits_for(own.condition))
    if own.documents:
        said.append(document_wording.of_line(own.documents))
    if own.is_materials:
        said.append(gettext("Stored materials."))
    if own.retention_rate is not None:
        said.append(
            gettext("Retention of this milestone: {rate}.").format(rate=words.percent(own.retention_rate))
            if own.retention_rate
            else gettext("Nothing of this milestone is retained.")
        )
    return [*said, *own_wording.sentences(own)]


def waits_for(condition: Condition) -> str:
    """What a milestone waits for before it can be submitted, in one sentence."""
    named = triggers(condition)
    if len(named) == 1:
        return gettext("Submitted only once {trigger}.").format(trigger=named[0])
    if condition.needs == ANY:
        return gettext("Submitted only once any one of this has happened: {triggers}.").format(
            triggers="; ".join(named)
        )
    return gettext("Submitted only once all of this has happened: {triggers}.").format(triggers="; ".join(named))


def triggers(condition: Condition) -> list[str]:
    """Each thing for which a milestone waits, as a part of a sentence."""
    return [
        *(gettext("“{milestone}” is accepted").format(milestone=title) for title in condition.milestones),
        *((gettext("{day} has come").format(day=words.day(condition.on)),) if condition.on is not None else ()),
        *(gettext("the buyer has confirmed “{event}”").format(event=event) for event in condition.events),
    ]


def thirty_days() -> str:
    """What the law of the European Union says of long reviews: Directive 2011/7/EU, Article 3(4)."""
    return gettext(
        "This review may take more than 30 calendar days. Between companies in the European Union that holds only if"
        " both agree to it expressly and it is not grossly unfair to the seller (Directive 2011/7/EU, Article 3(4))."
    )

"""Terms of retention in plain words, in the language that is active: the same on paper and on pages."""

from django.utils.translation import gettext, ngettext

from apps.contracts.retention import BUYER, COMPLETION, DATE, GROSS, RetentionRelease, RetentionTerms
from apps.core.printing import words


def whole(terms: RetentionTerms, *, currency: str) -> str:
    """Everything that was agreed, as running text."""
    return f"{withheld(terms, currency=currency)} {released(terms)}"


def withheld(terms: RetentionTerms, *, currency: str) -> str:
    """How much is kept back: ``10% of the net amount of each invoice is withheld, at most 5% of the price in all.``"""
    if terms.payable_most is not None:
        return gettext(
            "Before the last milestone is accepted no more than {percent} of the price is payable. What is accepted"
            " above it is billed, and not payable before."
        ).format(percent=words.percent(terms.payable_most))
    if not terms.rate and not any(step.rate for step in terms.steps):
        return gettext("Nothing is withheld.")
    base = (
        gettext("{rate} of the total of each invoice, with tax, is withheld")
        if terms.base == GROSS
        else gettext("{rate} of the net amount of each invoice is withheld")
    )
    parts = [base.format(rate=words.percent(terms.rate))]
    parts += [
        gettext("{rate} once {billed} of the price is billed").format(
            rate=words.percent(step.rate), billed=words.percent(step.billed)
        )
        for step in terms.steps
    ]
    if terms.cap_percent is not None:
        parts.append(gettext("at most {percent} of the price in all").format(percent=words.percent(terms.cap_percent)))
    if terms.cap_amount is not None:
        parts.append(gettext("at most {amount} in all").format(amount=words.money(terms.cap_amount, currency)))
    return f"{', '.join(parts)}."


def released(terms: RetentionTerms) -> str:
    """When it is paid: ``50% when the last milestone is accepted, 50% 730 days after that.``"""
    parts = [
        gettext("{share} of what was withheld {event}").format(share=words.percent(release.share), event=event(release))
        for release in terms.releases
    ]
    return gettext("Due: {parts}.").format(parts=", ".join(parts))


def event(release: RetentionRelease) -> str:
    """By what a part becomes due, as the end of a sentence."""
    if release.event == COMPLETION and release.days:
        return ngettext(
            "%(days)s day after the last milestone is accepted",
            "%(days)s days after the last milestone is accepted",
            release.days,
        ) % {"days": release.days}
    if release.event == COMPLETION:
        return gettext("when the last milestone is accepted")
    if release.event == DATE and release.on is not None:
        return gettext("on {date}").format(date=words.day(release.on))
    if release.event == DATE:
        return gettext("on a date that is still to be named")
    return gettext("when the buyer says so") if release.event == BUYER else gettext("when the seller says so")

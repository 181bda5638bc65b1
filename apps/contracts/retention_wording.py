"""Terms of retention in plain words, in the language that is active: the same on paper and on pages."""

from django.utils.translation import gettext, ngettext

from apps.contracts.retention import BUYER, COMPLETION, DATE, GROSS, MILESTONE, SELLER, RetentionRelease, RetentionTerms
from apps.core.printing import words


def whole(terms: RetentionTerms, *, currency: str) -> str:
    """Everything that was agreed, as running text."""
    if not terms.further:
        return f"{withheld(terms, currency=currency)} {released(terms)}"
    return " ".join(_named(kind, f"{_withheld(kind, currency=currency)} {_released(kind)}") for kind in terms.kinds)


def withheld(terms: RetentionTerms, *, currency: str) -> str:
    """How much is kept back: ``10% of the net amount of each invoice is withheld, at most 5% of the price in all.``

    Of several kinds each with its name.
    """
    return " ".join(_named(kind, _withheld(kind, currency=currency)) for kind in terms.kinds)


def released(terms: RetentionTerms) -> str:
    """When it is paid: ``50% when the last milestone is accepted, 50% 730 days after that.``"""
    return " ".join(_named(kind, _released(kind)) for kind in terms.kinds)


def _named(kind: RetentionTerms, said: str) -> str:
    return gettext("{kind}: {said}").format(kind=kind.name, said=said) if kind.name else said


def _withheld(terms: RetentionTerms, *, currency: str) -> str:
    if terms.payable_most is not None:
        return gettext(
            "Before the last milestone is accepted no more than {percent} of the price is payable. What is accepted"
            " above it is billed, and not payable before."
        ).format(percent=words.percent(terms.payable_most))
    if not terms.rate and not any(step.rate for step in terms.steps) and not terms.materials_rate:
        return gettext("Nothing is withheld.")
    base = (
        gettext("{rate} of the total of each invoice, with tax, is withheld")
        if terms.base == GROSS
        else gettext("{rate} of the net amount of each invoice is withheld")
    )
    parts = [base.format(rate=words.percent(terms.rate))]
    if terms.materials_rate is not None:
        parts.append(gettext("{rate} of stored materials").format(rate=words.percent(terms.materials_rate)))
    parts += [
        gettext("{rate} once {billed} of the price is billed").format(
            rate=words.percent(step.rate), billed=words.percent(step.billed)
        )
        for step in terms.steps
    ]
    if terms.cap_each is not None:
        parts.append(gettext("at most {amount} of one invoice").format(amount=words.money(terms.cap_each, currency)))
    if terms.cap_percent is not None:
        parts.append(gettext("at most {percent} of the price in all").format(percent=words.percent(terms.cap_percent)))
    if terms.cap_amount is not None:
        parts.append(gettext("at most {amount} in all").format(amount=words.money(terms.cap_amount, currency)))
    return f"{', '.join(parts)}."


def _released(terms: RetentionTerms) -> str:
    parts = [
        (
            gettext("{share} of what was withheld of it {event}")
            if release.only
            else gettext("{share} of what was withheld {event}")
        ).format(share=words.percent(release.share), event=event(release))
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
    if release.event == MILESTONE:
        return _with_milestone(release)
    if release.event == DATE and release.on is not None:
        return gettext("on {date}").format(date=words.day(release.on))
    said = {
        COMPLETION: gettext("when the last milestone is accepted"),
        DATE: gettext("on a date that is still to be named"),
        BUYER: gettext("when the buyer says so"),
        SELLER: gettext("when the seller says so"),
    }
    return said[release.event]


def _with_milestone(release: RetentionRelease) -> str:
    if not release.days:
        return gettext("when “{milestone}” is accepted").format(milestone=release.milestone)
    return ngettext(
        "%(days)s day after “%(milestone)s” is accepted",
        "%(days)s days after “%(milestone)s” is accepted",
        release.days,
    ) % {"days": release.days, "milestone": release.milestone}

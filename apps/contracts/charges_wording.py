"""Terms of damages, bonuses and back-charges in plain words, for whoever signs them and whoever is charged by them."""

from django.utils.translation import gettext, ngettext, pgettext

from apps.contracts.charges import BEGUN, PRICE, SHARE, WEEK, BonusTerms, ChargeTerms, DamageTerms, Rate
from apps.core.printing import words


def whole(terms: ChargeTerms, *, currency: str) -> str:
    """All of it, one sentence for each."""
    return " ".join(text for _name, text in parts(terms, currency=currency))


def parts(terms: ChargeTerms, *, currency: str) -> list[tuple[str, str]]:
    """Each by its name."""
    said = []
    if terms.damages is not None:
        said.append((gettext("Damages for delay"), damages(terms.damages, currency=currency)))
    if terms.bonus is not None:
        said.append((gettext("Bonus"), bonus(terms.bonus, currency=currency)))
    if terms.back_charges:
        said.append((gettext("Back-charges"), back_charges(terms.back_charges)))
    return said


def damages(terms: DamageTerms, *, currency: str) -> str:
    """What delay costs, from when, up to what, how it is taxed, and whether the seller may object."""
    since = (
        ngettext(
            "from {days} day after its planned day", "from {days} days after its planned day", terms.grace_days
        ).format(days=words.count(terms.grace_days))
        if terms.grace_days
        else gettext("from its planned day")
    )
    standing = (
        gettext("They stand once the seller agrees; it may object.")
        if terms.may_object
        else gettext("They stand when the buyer claims them.")
    )
    return " ".join(
        (
            gettext(
                "A milestone that is accepted late costs the seller {rate} of delay, {since} to its acceptance."
            ).format(rate=_rate(terms.rate, currency=currency), since=since),
            _cap(terms.rate),
            _tax(terms.tax),
            standing,
        )
    )


def bonus(terms: BonusTerms, *, currency: str) -> str:
    """What being early earns, up to what, and how it is taxed."""
    said = gettext("A milestone that is accepted before its planned day earns {rate}.")
    return " ".join((said.format(rate=_rate(terms.rate, currency=currency)), _cap(terms.rate), _tax(PRICE)))


def back_charges(tax: str) -> str:
    """What the buyer may charge back."""
    said = gettext(
        "The buyer may charge back what it paid for the seller, with a reason and what shows it. It stands once the"
        " seller agrees; it may object."
    )
    return f"{said} {_tax(tax)}"


def _rate(rate: Rate, *, currency: str) -> str:
    each = (
        words.money(rate.amount, currency)
        if rate.amount
        else gettext("{percent} of its amount").format(percent=words.percent(rate.percent))
    )
    period = pgettext("period of a rate", "week") if rate.days == WEEK else pgettext("period of a rate", "day")
    if rate.days != WEEK:
        return gettext("{each} for each {period}").format(each=each, period=period)
    counts = {
        BEGUN: gettext("{each} for each {period} that has begun"),
        SHARE: gettext("{each} for each {period}, a part of one by its days"),
    }
    return counts.get(rate.part_period, gettext("{each} for each whole {period}")).format(each=each, period=period)


def _cap(rate: Rate) -> str:
    return gettext("At most {percent} of its amount.").format(percent=words.percent(rate.cap))


def _tax(tax: str) -> str:
    if tax == PRICE:
        return gettext("It is a part of the price, and taxed as it is.")
    return gettext("It is compensation, outside the scope of tax.")

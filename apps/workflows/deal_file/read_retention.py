"""The terms of retention of a deal file."""

from decimal import Decimal
from typing import Final

from apps.contracts.retention import (
    COMPLETION,
    NET,
    RetentionRelease,
    RetentionStep,
    RetentionTerms,
    payable_until_final,
)
from apps.contracts.rules import retention as rules
from apps.core import money
from apps.workflows.deal_file.reader import Place

ZERO: Final = Decimal(0)


def read_terms(place: Place, currency: str) -> RetentionTerms:
    """What is withheld and when it is released, as a draft could keep it and a contract be signed with it."""
    most = place.maybe("payable_most")
    if most is not None:
        limited = payable_until_final(most.percentage())
        place.done()
        place.by(lambda: rules.check_retention(limited, currency=currency))
        return limited
    base, steps, releases = place.maybe("base"), place.maybe("steps"), place.maybe("release")
    percent, amount = place.maybe("cap_percent"), place.maybe("cap_amount")
    terms = RetentionTerms(
        rate=place.need("rate").percentage(),
        base=base.one_of(*rules.BASES) if base is not None else NET,
        steps=tuple(_step(step) for step in steps.each()) if steps is not None else (),
        cap_percent=percent.percentage() if percent is not None else None,
        cap_amount=amount.number(least=ZERO, most=money.LARGEST) if amount is not None else None,
        releases=tuple(_release(one) for one in releases.each())
        if releases is not None
        else (RetentionRelease(Decimal(100)),),
    )
    place.done()
    place.by(lambda: rules.check_retention(terms, currency=currency))
    place.by(lambda: rules.check_proposed_retention(terms))
    return terms


def _step(place: Place) -> RetentionStep:
    step = RetentionStep(place.need("billed").percentage(), place.need("rate").percentage())
    place.done()
    return step


def _release(place: Place) -> RetentionRelease:
    event, days, on = place.maybe("when"), place.maybe("days"), place.maybe("on")
    release = RetentionRelease(
        share=place.need("share").percentage(),
        event=event.one_of(*rules.EVENTS) if event is not None else COMPLETION,
        days=days.whole(most=rules.MOST_DAYS) if days is not None else 0,
        on=on.day() if on is not None else None,
    )
    place.done()
    return release

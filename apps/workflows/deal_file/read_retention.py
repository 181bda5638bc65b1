"""The terms of retention of a deal file."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from apps.contracts import drafts
from apps.contracts.drafts import ContractDraft
from apps.contracts.retention import (
    COMPLETION,
    EVENTS,
    MILESTONE,
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
    further = place.maybe("further")
    others = tuple(_kind(one) for one in further.each()) if further is not None else ()
    terms = replace(_kind(place), further=others)
    place.by(lambda: rules.check_retention(terms, currency=currency))
    return terms


def check_proposed_retention(draft: ContractDraft, terms: RetentionTerms | None = None) -> None:
    """Refuse terms, those of the contract or others for it, by which something would stay withheld for ever."""
    wanted = terms or draft.retention
    if wanted is not None:
        titles = [line.title for line in draft.lines if line.kind == drafts.MILESTONE]
        rules.check_proposed_retention(wanted, titles=titles)


def _kind(place: Place) -> RetentionTerms:
    base, steps, releases = place.maybe("base"), place.maybe("steps"), place.maybe("release")
    name = place.maybe("name")
    terms = RetentionTerms(
        rate=place.need("rate").percentage(),
        base=base.one_of(*rules.BASES) if base is not None else NET,
        steps=tuple(_step(step) for step in steps.each()) if steps is not None else (),
        cap_percent=_percent(place, "cap_percent"),
        cap_amount=_amount(place, "cap_amount"),
        releases=tuple(_release(one) for one in releases.each())
        if releases is not None
        else (RetentionRelease(Decimal(100)),),
        materials_rate=_percent(place, "materials_rate"),
        cap_each=_amount(place, "cap_each"),
        name=name.text() if name is not None else "",
    )
    place.done()
    return terms


def _percent(place: Place, key: str) -> Decimal | None:
    found = place.maybe(key)
    return found.percentage() if found is not None else None


def _amount(place: Place, key: str) -> Decimal | None:
    found = place.maybe(key)
    return found.number(least=ZERO, most=money.LARGEST) if found is not None else None


def _step(place: Place) -> RetentionStep:
    step = RetentionStep(place.need("billed").percentage(), place.need("rate").percentage())
    place.done()
    return step


def _release(place: Place) -> RetentionRelease:
    event, days, on = place.maybe("when"), place.maybe("days"), place.maybe("on")
    milestone, only = place.maybe("milestone"), place.maybe("only")
    release = RetentionRelease(
        share=place.need("share").percentage(),
        event=event.one_of(*EVENTS) if event is not None else MILESTONE if milestone is not None else COMPLETION,
        days=days.whole(most=rules.MOST_DAYS) if days is not None else 0,
        on=on.day() if on is not None else None,
        milestone=milestone.text() if milestone is not None else "",
        only=only.yes_or_no() if only is not None else False,
    )
    place.done()
    return release

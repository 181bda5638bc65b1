"""What a deal file says that the seller's accountant judges."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from apps.core import money
from apps.invoicing.models.charge import ChargeKind
from apps.revenue.models import JudgementKind, Measure
from apps.revenue.rules import Component, Compounding, Costs, Method, Outcome, Treatment
from apps.workflows.deal_file.reader import Place

Said = Mapping[str, Any]
"""Of a decision about revenue what its kind reads; reason and day are those of the event."""
KINDS: Final[Mapping[str, JudgementKind]] = MappingProxyType(
    {
        "judge_measure": JudgementKind.MEASURE,
        "judge_costs": JudgementKind.COSTS,
        "judge_price": JudgementKind.STANDALONE,
        "judge_variable": JudgementKind.VARIABLE,
        "judge_financing": JudgementKind.FINANCING,
        "judge_change": JudgementKind.TREATMENT,
    }
)
MEASURES: Final = tuple(measure.value for measure in Measure if measure != Measure.OVER_TIME)


def read_judgement(place: Place, verb: str, *, line: Callable[[Place], int]) -> Said | None:
    """What an event judges; None where its verb judges nothing. ``line`` finds a line of the plan."""
    if verb not in KINDS:
        return None
    named = place.maybe("milestone")
    said: dict[str, Any] = {"kind": KINDS[verb], "position": line(named) if named is not None else None}
    return {**said, **READ[KINDS[verb]](place)}


def _measure(place: Place) -> Said:
    measure = Measure(place.need("measure").one_of(*MEASURES))
    if measure == Measure.COST_TO_COST:
        return {"measure": measure, **_costs(place)}
    if measure == Measure.STRAIGHT_LINE:
        days = {name: place.need(name).day() for name in ("starts_on", "ends_on")}
        return {"measure": measure, **days}
    return {"measure": measure}


def _costs(place: Place) -> Said:
    """Cumulative: ``expected`` in all and ``incurred`` so far, and of both what are materials not installed."""
    names = ("incurred", "expected", "uninstalled", "uninstalled_expected")
    return {"costs": Costs(**{name: _amount(place.maybe(name)) for name in names})}


def _price(place: Place) -> Said:
    return {"amount": _amount(place.need("amount"))}


def _variable(place: Place) -> Said:
    method, at_most, settled_by = (place.maybe(name) for name in ("method", "at_most", "settled_by"))
    return {
        "about": place.need("name").text(most=80),
        "method": Method(method.one_of(*(one.value for one in Method))) if method is not None else Method.MOST_LIKELY,
        "outcomes": tuple(_outcome(one) for one in place.need("outcomes").each()),
        "at_most": _amount(at_most) if at_most is not None else None,
        "settled_by": settled_by.one_of(*ChargeKind.values) if settled_by is not None else "",
    }


def _outcome(place: Place) -> Outcome:
    amount = place.need("amount").number(least=-money.LARGEST, most=money.LARGEST)
    outcome = Outcome(amount=amount, percent=place.need("percent").percentage())
    place.done()
    return outcome


def _financing(place: Place) -> Said:
    compounding = place.maybe("compounding")
    component = Component(
        amount=_amount(place.need("amount")),
        rate=place.need("rate").percentage(),
        compounding=Compounding(
            compounding.one_of(*(one.value for one in Compounding)) if compounding is not None else Compounding.NONE
        ),
        starts_on=place.need("starts_on").day(),
        ends_on=place.need("ends_on").day(),
        is_deferred=place.need("deferred").yes_or_no(),
    )
    return {"about": place.need("name").text(most=80), "component": component}


def _treatment(place: Place) -> Said:
    return {"treatment": Treatment(place.need("treatment").one_of(*(one.value for one in Treatment)))}


def _amount(place: Place | None) -> Decimal:
    return place.number(least=Decimal(0), most=money.LARGEST) if place is not None else money.ZERO


READ: Final[Mapping[JudgementKind, Callable[[Place], Said]]] = MappingProxyType(
    {
        JudgementKind.MEASURE: _measure,
        JudgementKind.COSTS: _costs,
        JudgementKind.STANDALONE: _price,
        JudgementKind.VARIABLE: _variable,
        JudgementKind.FINANCING: _financing,
        JudgementKind.TREATMENT: _treatment,
    }
)

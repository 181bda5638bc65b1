"""Plans to pick from in a deal file: the options beside the plan of its contract, and which one is signed."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from apps.contracts.drafts import ContractDraft, DraftLine, DraftOption
from apps.core import money
from apps.workflows.deal_file.reader import Place


def read_options(
    place: Place, currency: str, line: Callable[[Place, str], DraftLine]
) -> tuple[str, tuple[DraftOption, ...]]:
    """What the base plan is called, and the options; nothing where the contract has one plan."""
    name, options = place.maybe("plan_name"), place.maybe("options")
    if options is None:
        if name is not None:
            name.refuse("names the plan among `options`, and there are none")
        return "", ()
    found = options.all(lambda one: _option(one, currency, line))
    if name is None:
        place.refuse("`plan_name` is missing: the base plan needs a name beside `options`")
    return name.text(most=80), found


def _option(place: Place, currency: str, line: Callable[[Place, str], DraftLine]) -> DraftOption:
    percent, discount = place.maybe("discount_percent"), place.maybe("discount")
    option = DraftOption(
        name=place.need("name").text(most=80),
        lines=place.need("plan").all(lambda one: line(one, currency)),
        discount_percent=percent.percentage() if percent is not None else None,
        discount=discount.by(
            lambda: money.payable(discount.number(least=Decimal("0.001")), currency), instead=Decimal(1)
        )
        if discount is not None
        else None,
    )
    place.done()
    return option


def read_pick(place: Place, contract: ContractDraft) -> int | None:
    """The number of the plan that an event signs, 0 for the base plan; None where there is nothing to pick."""
    named = place.maybe("plan")
    if not contract.options:
        if named is not None:
            named.refuse("the contract has one plan only: leave the key out")
        return None
    names = [contract.plan_name, *(option.name for option in contract.options)]
    return names.index(place.need("plan").one_of(*names))


def picked(contract: ContractDraft, pick: int | None) -> ContractDraft:
    """The contract with the plan that is in force, so that later events name its lines."""
    if not pick:
        return contract
    return replace(contract, lines=contract.options[pick - 1].lines)

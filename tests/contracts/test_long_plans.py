"""The sum is the price for plans of thousands of lines of every kind, in currencies of 0, 2 and 3 decimals."""

from datetime import date
from decimal import Decimal
from random import Random

import pytest

from apps.contracts import rules
from apps.contracts.drafts import DraftCriterion, DraftLine, Due
from apps.contracts.rules.checks import check_plan
from apps.core import money
from apps.core.errors import Refused

D = Decimal
DONE = (DraftCriterion("It is done."),)


def line(number: int, share: int, *, chance: Random) -> DraftLine:
    """A milestone, an earned deposit or a subscription at a percentage with six decimals."""
    percent, kind = D(share).scaleb(-6), chance.choice(("milestone", "milestone", "deposit", "recurring"))
    if kind == "milestone":
        return DraftLine(f"Step {number}", basis="percent", percent=percent, criteria=DONE)
    repeats = kind == "recurring"
    times = chance.randint(1, 7) if repeats else None
    due = Due("date", date(2027, 1, 1), period="month" if repeats else "", count=times)
    return DraftLine(f"Step {number}", basis="percent", percent=percent, kind=kind, due=due)


@pytest.mark.parametrize("currency", ["JPY", "EUR", "KWD"])
@pytest.mark.parametrize("has_rest", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_thousands_of_lines_come_to_the_price_and_not_to_a_unit_more(currency: str, has_rest: bool, seed: int) -> None:
    chance = Random(seed)  # noqa: S311  (nothing is secret here)
    count, step = chance.randint(2_000, 5_000), money.unit(currency)
    each = 10**8 // count
    shares = [each + chance.randint(-each // 2, each // 2) for _number in range(count - 1)]
    shares = [share for share, so_far in zip(shares, _running(shares), strict=True) if so_far < 10**8 - each]
    price = chance.randint(10**11, 10**12) * step
    lines = [line(number, share, chance=chance) for number, share in enumerate(shares, 1)]
    last = 10**8 - sum(shares)
    rest = DraftLine("The rest", basis="remainder", criteria=DONE)
    lines.append(rest if has_rest else DraftLine("Last", basis="percent", percent=D(last).scaleb(-6), criteria=DONE))
    amounts = check_plan(lines, price=price, currency=currency)
    assert len(amounts) > 1_500
    assert sum(amounts) == price
    assert all(amount > 0 and money.is_exact(amount, currency) for amount in amounts)
    for one, amount in zip(lines, amounts, strict=True):
        if one.due is not None and one.due.count:
            assert sum(rules.period_amounts(amount, count=one.due.count, currency=currency)) == amount
    if not has_rest:
        with pytest.raises(Refused):
            check_plan(lines[:-1], price=price, currency=currency)


def _running(shares: list[int]) -> list[int]:
    total, found = 0, []
    for share in shares:
        total += share
        found.append(total)
    return found

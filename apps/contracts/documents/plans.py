"""The plans of a version on paper: which one is printed, and what else was offered."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext

from apps.contracts import rules
from apps.contracts.dues_wording import schedule_in_words
from apps.contracts.rules import Paper, PaperLine
from apps.core.printing import words
from apps.core.printing.facts import Fact

MOST_NAMED: Final = 20
"""Lines of a plan that is not the one printed; all of them stand in the text inside the file."""


def price_of(paper: Paper) -> Decimal:
    """The price of the plan that is printed."""
    price = paper.terms["price"]
    assert isinstance(price, Decimal)  # noqa: S101  (narrows the type)
    return price


def name_of(said: dict[str, Any], number: int) -> str:
    """What a plan is called, 0 for the base plan; nothing where the version has no other."""
    if not number:
        return str(said.get("plan_name", ""))
    return str(said["options"][number - 1]["name"])


def other_plans(text: str, said: dict[str, Any], *, picked: int | None, currency: str) -> Sequence[Fact]:
    """The plans besides the one that is printed: name, price, discount, and each line with its amount and day.

    ``picked`` is the number of the one that both sides signed; None while nothing is picked.
    """
    return [
        (name_of(said, number), _in_words(text, said, number, currency))
        for number in range(len(said.get("options", ())) + 1)
        if said.get("options") and number != (picked or 0)
    ]


def _in_words(text: str, said: dict[str, Any], number: int, currency: str) -> str:
    option = said["options"][number - 1] if number else None
    paper = rules.read_version_text(text, option=number)
    parts = [words.money(price_of(paper), currency)]
    if option is not None and option["discount"] is not None:
        parts.append(gettext("{discount} less").format(discount=words.money(Decimal(option["discount"]), currency)))
    lines = [_line(line, currency) for line in paper.lines[:MOST_NAMED]]
    if len(paper.lines) > MOST_NAMED:
        lines.append(gettext("and {count} more lines").format(count=words.count(len(paper.lines) - MOST_NAMED)))
    return ", ".join(parts) + ": " + "; ".join(lines)


def _line(line: PaperLine, currency: str) -> str:
    worth = f"{line.title}, {words.money(line.amount or Decimal(0), currency)}"
    if line.due is not None:
        return f"{worth}, {due_of(line, currency)}"
    return f"{worth}, {words.day(line.planned_on)}" if line.planned_on else worth


def due_of(line: PaperLine, currency: str) -> str:
    """When a line is billed that nobody signs off."""
    if line.due is None:
        return ""
    return schedule_in_words(
        line.due,
        amount=line.amount,
        currency=currency,
        money=lambda amount: words.money(amount, currency),
        day=words.day,
    )

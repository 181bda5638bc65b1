"""What the work in progress is worth, as a table that stays a page for a browser whatever the contract's size."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from django import template

from apps.core import money
from apps.milestones.models import Valuation
from apps.milestones.rules import Valued
from apps.portals.terminating.forms import AT_ONCE

register = template.Library()

ENOUGH: Final = 100
"""Rows to which milestones that are valued at nothing fill the table up."""


@register.inclusion_tag("terminating/parts/values.html")
def work_in_progress(values: Iterable[Valued | Valuation], currency: str) -> dict[str, object]:
    """The milestones that are worth something, some that are not, and the sums of all others."""
    rows = list(values)
    worth = [place for place, one in enumerate(rows) if one.amount][:AT_ONCE]
    nothing = [place for place, one in enumerate(rows) if not one.amount][: max(ENOUGH - len(worth), 0)]
    shown = {*worth, *nothing}
    others = [one for place, one in enumerate(rows) if place not in shown]
    unbilled: Decimal = sum((one.unbilled for one in others), money.ZERO)
    amount: Decimal = sum((one.amount for one in others), money.ZERO)
    return {
        "values": [rows[place] for place in sorted(shown)],
        "others": len(others),
        "unbilled": unbilled,
        "amount": amount,
        "cancelled": unbilled - amount,
        "currency": currency,
    }

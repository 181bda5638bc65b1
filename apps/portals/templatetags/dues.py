"""When a line of the plan is billed that nobody signs off, in the words that paper uses too."""

from dataclasses import replace
from typing import Any

from django import template

from apps.contracts import dues_wording, measure_wording
from apps.portals import formats

register = template.Library()


@register.simple_tag
def due_in_words(line: Any, currency: str) -> str:
    """Of a deposit or a recurring line; nothing for a milestone. The line has a ``due`` and an ``amount``."""
    if line.due is None:
        return ""
    return dues_wording.schedule_in_words(
        line.due,
        amount=line.amount,
        currency=currency,
        money=lambda amount: formats.money(amount, currency),
        day=formats.day,
    )


@register.simple_tag
def measure_of_part(milestone: Any) -> str:
    """The same of a milestone, of which a part may have been accepted before: what it is for, at the price of one."""
    measure = milestone.line.measure
    if measure is None or milestone.quantity is None:
        return ""
    return measure_wording.agreed(replace(measure, quantity=milestone.quantity), milestone.currency)


@register.simple_tag
def measure_in_words(line: Any, currency: str) -> str:
    """How much of what a line is agreed by, and at which price of one; nothing for a lump sum."""
    return measure_wording.agreed(line.measure, currency) if line.measure is not None else ""

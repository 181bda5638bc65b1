"""How much revenue, when, and why: pure functions. Each names the paragraph that it follows."""

from apps.revenue.rules.allocation import Variable, allocated, transaction_price
from apps.revenue.rules.estimates import Method, Outcome, estimate, included
from apps.revenue.rules.exact import rounded
from apps.revenue.rules.financing import Component, Compounding, check_component
from apps.revenue.rules.measures import (
    Costs,
    Span,
    at_a_point_in_time,
    by_output,
    cost_to_cost,
    cost_to_cost_revenue,
    days_passed,
    over_time,
)
from apps.revenue.rules.modifications import Agreed, Modified, Reason, Treatment, modified
from apps.revenue.rules.obligations import (
    Duty,
    cumulative,
    earned,
    estimated,
    materials_within_price,
    remeasured,
    repriced,
    settled,
)
from apps.revenue.rules.obligations import over_time as over_time_revenue
from apps.revenue.rules.periods import booked_on, check_closing, month_end, month_ended_by, next_month_end
from apps.revenue.rules.positions import Position, net_position
from apps.revenue.rules.rescheduling import Rescheduled, rescheduled

__all__ = [
    "Agreed",
    "Component",
    "Compounding",
    "Costs",
    "Duty",
    "Method",
    "Modified",
    "Outcome",
    "Position",
    "Reason",
    "Rescheduled",
    "Span",
    "Treatment",
    "Variable",
    "allocated",
    "at_a_point_in_time",
    "booked_on",
    "by_output",
    "check_closing",
    "check_component",
    "cost_to_cost",
    "cost_to_cost_revenue",
    "cumulative",
    "days_passed",
    "earned",
    "estimate",
    "estimated",
    "included",
    "materials_within_price",
    "modified",
    "month_end",
    "month_ended_by",
    "net_position",
    "next_month_end",
    "over_time",
    "over_time_revenue",
    "remeasured",
    "repriced",
    "rescheduled",
    "rounded",
    "settled",
    "transaction_price",
]

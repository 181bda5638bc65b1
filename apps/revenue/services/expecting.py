"""What is promised and not earned yet, by when it is expected to be: by month, and by contract and year."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from apps.core import money

NO_DATE: Final = date.max
"""Stands for "nobody knows when": a milestone without a date or behind it, a line that has not begun."""
PARTS: Final = """
WITH rest AS (
  SELECT o.*, o.allocated - o.credited - o.recognised AS amount
  FROM revenue_obligation o
  WHERE o.organisation_id = %(organisation_id)s AND o.currency = %(currency)s
    AND o.allocated - o.credited <> o.recognised
), span AS (
  SELECT r.id,
         (r.allocated - r.carried) / (r.agreed - r.done_before) * i.amount / (i.ends_on - i.bills_on + 1) AS a_day,
         greatest(i.bills_on, coalesce(r.through + 1, i.bills_on)) AS first, i.ends_on AS last
  FROM rest r JOIN invoicing_instalment i ON i.contract_id = r.contract_id AND i.position = r.position
  WHERE r.measure = 'over_time' AND r.agreed > r.done_before
    AND i.bills_on IS NOT NULL AND i.ends_on IS NOT NULL AND i.cancelled_at IS NULL
    AND (r.through IS NULL OR i.ends_on > r.through)
  UNION ALL
  SELECT id, amount / (ends_on - greatest(starts_on, through + 1) + 1), greatest(starts_on, through + 1), ends_on
  FROM rest WHERE measure = 'straight_line' AND ends_on >= greatest(starts_on, through + 1)
  UNION ALL
  SELECT id, amount / (planned_on - %(today)s::date + 1), %(today)s::date, planned_on
  FROM rest WHERE measure = 'cost_to_cost' AND planned_on >= %(today)s::date
), dated AS (
  SELECT id, month::date AS month, sum(a_day * (least(last, (month + interval '1 month - 1 day')::date)
                                                - greatest(first, month::date) + 1)) AS weight
  FROM span CROSS JOIN LATERAL generate_series(
    date_trunc('month', first::timestamp), date_trunc('month', last::timestamp), interval '1 month') month
  GROUP BY id, month
  UNION ALL
  SELECT id, date_trunc('month', planned_on::timestamp)::date, amount
  FROM rest WHERE measure NOT IN ('over_time', 'straight_line', 'cost_to_cost') AND planned_on >= %(today)s::date
), weighed AS (
  SELECT id, month, weight FROM dated
  UNION ALL
  SELECT r.id, NULL, CASE WHEN d.weight IS NULL THEN 1 ELSE greatest(r.amount - d.weight, 0) END
  FROM rest r LEFT JOIN (SELECT id, sum(weight) AS weight FROM dated GROUP BY id HAVING sum(weight) <> 0) d USING (id)
), reached AS (
  SELECT r.contract_id, w.id, w.month, round(r.amount * sum(w.weight) OVER (PARTITION BY w.id ORDER BY w.month)
                                             / sum(w.weight) OVER (PARTITION BY w.id), %(digits)s) AS cumulative
  FROM weighed w JOIN rest r USING (id)
), part AS (
  SELECT contract_id, month, cumulative - lag(cumulative, 1, 0) OVER (PARTITION BY id ORDER BY month) AS amount
  FROM reached
)
"""
"""What is left of every obligation, shared out over months; without one what nobody can date.

What recurs goes by the days of its periods that were not counted yet, and so does what is earned evenly between two
days. Of what is measured by costs nobody knows the days: it goes evenly from today through its planned day. All else is
earned on its planned day. Each is rounded cumulatively, so that its parts are what is left of it to the minor unit, and
every report says the same of a month.
"""


def _asked(organisation_id: int, currency: str, today: date) -> dict[str, Any]:
    digits = money.digits(currency)
    return {"organisation_id": organisation_id, "currency": currency, "today": today, "digits": digits}


def expected_by_month(*, organisation_id: int, currency: str, today: date) -> dict[date, Decimal]:
    """What is promised and not earned, by the month in which it is expected; :data:`NO_DATE` where none is.

    Together it is what remains of all obligations, to the minor unit.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"{PARTS} SELECT month, sum(amount) FROM part GROUP BY month HAVING sum(amount) <> 0 ORDER BY month",
            _asked(organisation_id, currency, today),
        )
        return {month or NO_DATE: amount for month, amount in cursor.fetchall()}


def expected_by_year(*, organisation_id: int, currency: str, today: date) -> dict[int, dict[int | None, Decimal]]:
    """The same by contract and by year, None where nobody knows which; without contracts of which nothing is left."""
    found: dict[int, dict[int | None, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    with connection.cursor() as cursor:
        cursor.execute(
            f"{PARTS} SELECT contract_id, extract(year FROM month)::int, sum(amount) FROM part"
            " GROUP BY 1, 2 HAVING sum(amount) <> 0",
            _asked(organisation_id, currency, today),
        )
        for contract, year, amount in cursor.fetchall():
            found[contract][year] += amount
    return found

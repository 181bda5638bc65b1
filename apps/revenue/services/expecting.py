"""What is promised and not earned yet, by when it is expected to be: by month, and by contract and year."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import F, Q
from django.db.models.expressions import RawSQL

from apps.core import money
from apps.revenue.models import Obligation
from apps.revenue.models.obligation import ObligationQuerySet

NO_DATE: Final = date.max
"""Stands for "nobody knows when": a milestone without a date or behind it, a line that has not begun."""
_PARTS: Final = """
WITH asked AS (
  SELECT %s::bigint AS organisation, %s::text AS currency, %s::date AS today, %s::int AS digits, %s::text AS contract,
         %s::timestamptz AS signed_from, %s::timestamptz AS signed_before, %s::bigint[] AS these
), rest AS (
  SELECT o.*, a.today, a.digits, o.allocated - o.credited - o.recognised AS amount
  FROM asked a JOIN revenue_obligation o ON o.organisation_id = a.organisation AND o.currency = a.currency
  JOIN contracts_contract c ON c.id = o.contract_id
  WHERE o.allocated - o.credited <> o.recognised{these}
    AND (a.contract = '' OR a.contract IN (c.ref, c.number))
    AND (a.signed_from IS NULL OR c.activated_at >= a.signed_from AND c.activated_at < a.signed_before)
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
  SELECT id, amount / (planned_on - today + 1), today, planned_on
  FROM rest WHERE measure = 'cost_to_cost' AND planned_on >= today
), dated AS (
  SELECT id, month::date AS month, sum(a_day * (least(last, (month + interval '1 month - 1 day')::date)
                                                - greatest(first, month::date) + 1)) AS weight
  FROM span CROSS JOIN LATERAL generate_series(
    date_trunc('month', first::timestamp), date_trunc('month', last::timestamp), interval '1 month') month
  GROUP BY id, month
  UNION ALL
  SELECT id, date_trunc('month', planned_on::timestamp)::date, amount
  FROM rest WHERE measure NOT IN ('over_time', 'straight_line', 'cost_to_cost') AND planned_on >= today
), weighed AS (
  SELECT id, month, weight FROM dated
  UNION ALL
  SELECT r.id, NULL, CASE WHEN d.weight IS NULL THEN 1 ELSE greatest(r.amount - d.weight, 0) END
  FROM rest r LEFT JOIN (SELECT id, sum(weight) AS weight FROM dated GROUP BY id HAVING sum(weight) <> 0) d USING (id)
), reached AS (
  SELECT r.contract_id, w.id, w.month, round(r.amount * sum(w.weight) OVER (PARTITION BY w.id ORDER BY w.month)
                                             / sum(w.weight) OVER (PARTITION BY w.id), r.digits) AS cumulative
  FROM weighed w JOIN rest r USING (id)
), part AS (
  SELECT id, contract_id, month, cumulative - lag(cumulative, 1, 0) OVER (PARTITION BY id ORDER BY month) AS amount
  FROM reached
)
"""
"""What is left of every obligation, shared out over months; without one what nobody can date.

What recurs goes by the days of its periods that were not counted yet, and so does what is earned evenly between two
days. Of what is measured by costs nobody knows the days: it goes evenly from today through its planned day. All else is
earned on its planned day. Each is rounded cumulatively, so that its parts are what is left of it to the minor unit, and
every report says the same of a month.
"""
PARTS: Final = _PARTS.format(these="")
PARTS_OF: Final = _PARTS.format(these=" AND o.id = ANY (a.these)")
"""Of some obligations, of which alone it reads. Where the condition might also not hold, Postgres would read all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is left of obligations in one currency: of all, of one contract by reference or number, of those signed
    within a time; and of it what is expected from one day's month through another's, or, where ``is_late``, what nobody
    can date or should have been earned before ``since``."""

    organisation_id: int
    currency: str
    today: date
    contract: str = ""
    signed: tuple[datetime, datetime] | None = None
    since: date | None = None
    until: date | None = None
    is_late: bool = False

    def _asked(self, these: Sequence[int] | None = None) -> list[Any]:
        since, before = self.signed or (None, None)
        whose = [self.organisation_id, self.currency, self.today, money.digits(self.currency)]
        return [*whose, self.contract, since, before, list(these) if these is not None else None]

    def _within(self) -> tuple[str, list[Any]]:
        if self.is_late:
            return "month IS NULL OR month < %s::date", [self.since]
        if self.since is None and self.until is None:
            return "TRUE", []
        first = self.since.replace(day=1) if self.since is not None else None
        return "month >= coalesce(%s::date, month) AND month <= coalesce(%s::date, month)", [first, self.until]

    def obligations(self) -> ObligationQuerySet:
        """Those of which anything is expected within it, to be filtered to what the asker may see."""
        within, more = self._within()
        found = f"{PARTS} SELECT id FROM part WHERE ({within}) GROUP BY id HAVING sum(amount) <> 0"
        # Of constants alone; whatever is asked for goes in as parameters.
        return Obligation.objects.filter(pk__in=RawSQL(found, [*self._asked(), *more]))  # noqa: S611

    def unearned(self) -> ObligationQuerySet:
        """All of which anything is left, whenever it is expected: cheap to find, to be asked for some at a time."""
        found = Obligation.objects.filter(organisation_id=self.organisation_id, currency=self.currency)
        found = found.exclude(recognised=F("allocated") - F("credited"))
        if self.contract:
            found = found.filter(Q(contract__ref=self.contract) | Q(contract__number=self.contract))
        if self.signed is not None:
            since, before = self.signed
            found = found.filter(contract__activated_at__gte=since, contract__activated_at__lt=before)
        return found

    def of(self, these: Sequence[int]) -> dict[int, Decimal]:
        """What is expected within it of some obligations, by their key."""
        within, more = self._within()
        with connection.cursor() as cursor:
            cursor.execute(
                f"{PARTS_OF} SELECT id, sum(amount) FROM part WHERE {within} GROUP BY id", [*self._asked(these), *more]
            )
            return dict(cursor.fetchall())

    def total(self) -> Decimal:
        within, more = self._within()
        with connection.cursor() as cursor:
            cursor.execute(f"{PARTS} SELECT coalesce(sum(amount), 0) FROM part WHERE {within}", [*self._asked(), *more])
            found: tuple[Decimal] = cursor.fetchone()
        return found[0]

    def by_month(self) -> dict[date, Decimal]:
        """By month; :data:`NO_DATE` where none is. Together it is what remains of obligations, to the minor unit."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"{PARTS} SELECT month, sum(amount) FROM part GROUP BY month HAVING sum(amount) <> 0 ORDER BY month",
                self._asked(),
            )
            return {month or NO_DATE: amount for month, amount in cursor.fetchall()}

    def by_year(self) -> dict[int, dict[int | None, Decimal]]:
        """By contract and by year, None where nobody knows which; without contracts of which nothing is left."""
        found: dict[int, dict[int | None, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        with connection.cursor() as cursor:
            cursor.execute(
                f"{PARTS} SELECT contract_id, extract(year FROM month)::int, sum(amount) FROM part"
                " GROUP BY 1, 2 HAVING sum(amount) <> 0",
                self._asked(),
            )
            for contract, year, amount in cursor.fetchall():
                found[contract][year] += amount
        return found

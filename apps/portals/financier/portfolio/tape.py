"""The loan tape: every advance of a book as a row of a CSV file that others can read without us.

The columns of a schema version never change; a further column is a new version. The same book on the same day gives the
same bytes, so the SHA-256 says whether a copy is whole.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import Model, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from apps.core.canonical import plain
from apps.financing.models import Adjustment, Collection, Tranche
from apps.financing.models.offer import Stage
from apps.financing.models.tranche import GIVEN_BACK
from apps.financing.rules.provision import AGES
from apps.ledger.rules import guarded
from apps.portals.financier.ages import with_clock
from apps.portals.financier.queues import NOTHING

SCHEMA: Final = "cairn-loan-tape-1"
COLUMNS: Final = (
    "schema_version",
    "as_of",
    "advance",
    "facility",
    "seller",
    "seller_name",
    "seller_country",
    "buyer",
    "buyer_name",
    "buyer_country",
    "contract",
    "milestone",
    "invoice",
    "priced",
    "state",
    "currency",
    "face",
    "advance_amount",
    "discount",
    "fee",
    "advance_rate_percent",
    "annual_rate_percent",
    "days_charged",
    "outstanding",
    "owed_by_buyer",
    "repaid",
    "charged_back",
    "written_off",
    "accepted_on",
    "funded_on",
    "due_by",
    "signed_expected_on",
    "expected_on",
    "settled_on",
    "days_late",
    "age",
)
"""Amounts in units of the currency, dates as ISO 8601. ``due_by`` is the due date, or before acceptance the day by
which the milestone was to be accepted; ``days_late`` counts from it while something is out. ``owed_by_buyer`` is empty
where the receivable is the seller's again: it may stand in another row."""
_READ: Final = (
    "ref",
    "facility__ref",
    "seller__ref",
    "seller__legal_name",
    "seller__country",
    "buyer__ref",
    "buyer__legal_name",
    "buyer__country",
    "contract__number",
    "milestone__ref",
    "milestone__invoice__number",
    "line__stage",
    "state",
    "currency",
    "face",
    "gross",
    "discount",
    "fee",
    "line__advance_rate",
    "line__annual_rate",
    "days",
    "outstanding",
    "milestone__invoice__open_item__open",
    "repaid",
    "charged_back",
    "written_off",
    "accepted_at",
    "funded_on",
    "due_by",
    "line__expected_on",
    "expected_on",
    "settled_on",
)
AT_ONCE: Final = 2_000


def written(book: QuerySet[Tranche], *, today: date) -> bytes:
    """The file in UTF-8, oldest advance first (RFC 4180)."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    writer.writerows(_rows(book, today=today))
    return buffer.getvalue().encode()


def _rows(book: QuerySet[Tranche], *, today: date) -> Iterator[list[str]]:
    rows = with_clock(book).annotate(
        repaid=_sum(Collection, "to_advance"),
        charged_back=_sum(Adjustment, "charged_back"),
        written_off=_sum(Adjustment, "written_off"),
    )
    for row in rows.order_by("pk").values_list(*_READ).iterator(chunk_size=AT_ONCE):
        found = dict(zip(_READ, row, strict=True))
        found["line__stage"] = "before_acceptance" if found["line__stage"] == Stage.PRE else "accepted"
        found["accepted_at"] = found["accepted_at"].date()
        if found["state"] in GIVEN_BACK:
            found["milestone__invoice__open_item__open"] = None
        late = max(0, (today - found["due_by"]).days) if found["outstanding"] else None
        yield [
            SCHEMA,
            today.isoformat(),
            *(_text(value) for value in found.values()),
            _text(late),
            "" if late is None else age_of(late),
        ]


def age_of(days: int) -> str:
    """The name of the age of what is so many days late."""
    return next(age.name for age in AGES if age.last is None or days <= age.last)


def _sum(model: type[Model], column: str) -> Coalesce:
    own = model._default_manager.filter(tranche=OuterRef("pk")).order_by().values("tranche")
    return Coalesce(Subquery(own.annotate(sum=Sum(column)).values("sum")), NOTHING)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return plain(value)
        case date():
            return value.isoformat()
        case int():
            return str(value)
        case _:
            return guarded(str(value))

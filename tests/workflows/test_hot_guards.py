"""Rows that every sign-off changes are compared as rows: what of them may change is named, column by column."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from django.db import IntegrityError, connections, transaction

from apps.contracts.models import Contract
from tests import scenarios

MOVES: Final = {
    "milestones_submission": {
        *("state", "withdrawn_at", "notified_at", "notified_by", "notice_id", "came_back_at", "review_due_at"),
        *("review_zone", "suspended_at", "resumed_at"),
    },
    "milestones_milestone": {
        *("state", "accepted_at", "accepted_submission_id", "amount", "quantity", "nullified", "line_id", "title"),
        "planned_on",
    },
    "contracts_guestgrant": {"first_viewed_at", "used_at", "revoked_at"},
}
OTHER: Final = {
    "boolean": "NOT {0}",
    "jsonb": """'[{{"title": "a", "url": "https://a.example/"}}]'::jsonb""",
    "timestamp with time zone": "coalesce({0}, now()) + interval '1 microsecond'",
    "date": "coalesce({0}, current_date) + 1",
    "text": "{0} || 'x'",
    "character varying": "CASE WHEN length({0}) > 1 THEN left({0}, -1) ELSE 'x' END",
}


@contextmanager
def refused(match: str) -> Iterator[None]:
    with pytest.raises(IntegrityError, match=match), transaction.atomic(using="owner"):
        yield


@pytest.fixture
def contract(scratch: str) -> Contract:
    contract = scenarios.active_contract(scenarios.organisations())
    scenarios.link_to_sign_off(scenarios.submitted_milestone(contract))
    return contract


def test_no_other_column_of_them_moves(contract: Contract) -> None:
    with connections["owner"].cursor() as cursor:
        for table, moves in MOVES.items():
            cursor.execute(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", [table]
            )
            columns = dict(cursor.fetchall())
            assert moves < columns.keys()
            rows = f"id = (SELECT max(id) FROM {table})"
            if table == "milestones_milestone":
                rows = f"id = (SELECT min(id) FROM {table})"
            for column in columns.keys() - moves:
                other = OTHER.get(columns[column], "coalesce({0}, 0) + 1").format(column)
                with refused("this row is frozen"):
                    cursor.execute(f"UPDATE {table} SET {column} = {other} WHERE {rows}")
            with refused("this row is frozen"):
                cursor.execute(f"DELETE FROM {table} WHERE {rows}")

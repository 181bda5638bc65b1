"""A list of thousands is shown in parts, and each part leads to the others."""

import pytest
from django.test import RequestFactory

from apps.portals.templatetags.windows import AT_ONCE, window

MANY = range(2 * AT_ONCE + 50)


@pytest.mark.parametrize(
    ("asked", "first", "count", "before", "after"),
    [
        ("", 0, AT_ONCE, "", "?row=201"),
        ("?row=201", 200, AT_ONCE, "?row=1", "?row=401"),
        ("?row=401&tab=plan", 400, 50, "?row=201&tab=plan", ""),
        ("?row=9999", 0, AT_ONCE, "", "?row=201"),
        ("?row=0", 0, AT_ONCE, "", "?row=201"),
        ("?row=-1", 0, AT_ONCE, "", "?row=201"),
        ("?row=1e3", 0, AT_ONCE, "", "?row=201"),
        ("?row=99999999999999999999", 0, AT_ONCE, "", "?row=201"),
    ],
)
def test_the_address_names_the_part(asked: str, first: int, count: int, before: str, after: str) -> None:
    shown = window({"request": RequestFactory().get(f"/{asked}")}, MANY)
    assert (shown.rows[0], len(shown.rows)) == (first, count)
    assert (shown.previous_url, shown.next_url) == (before, after)


def test_few_rows_are_all_shown_whatever_the_address_says() -> None:
    shown = window({"request": RequestFactory().get("/?row=3")}, range(5))
    assert (len(shown.rows), shown.previous_url, shown.next_url) == (5, "", "")

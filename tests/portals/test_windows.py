"""A list of thousands is shown in parts, and each part leads to the others."""

import pytest
from django.test import RequestFactory

from apps.portals.templatetags.windows import AT_ONCE, CHARACTERS, window, window_of_text

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


def test_two_lists_of_a_page_turn_each_by_itself() -> None:
    request = RequestFactory().get("/?row=201&change=401")
    assert window({"request": request}, MANY, "change").rows[0] == 400
    assert window({"request": request}, MANY).next_url == "?row=401&change=401"


def test_what_answers_a_form_shows_all_rows_for_an_address_would_lead_away_from_what_was_typed() -> None:
    shown = window({"request": RequestFactory().post("/?row=201")}, MANY)
    assert (len(shown.rows), shown.previous_url, shown.next_url) == (len(MANY), "", "")


def test_a_long_text_is_shown_in_parts_that_make_it_up() -> None:
    text = "".join(chr(97 + number % 26) for number in range(2 * CHARACTERS + 7))
    parts, address, turns = "", "/", 0
    while address:
        shown = window_of_text({"request": RequestFactory().get(address)}, text)
        parts += str(shown.rows)
        assert shown.is_asked == (turns > 0)
        address, turns = shown.next_url and f"/{shown.next_url}", turns + 1
    assert (turns, parts) == (3, text)
    assert shown.text == "characters 200,001–200,007 of 200,007"

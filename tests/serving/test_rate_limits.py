"""Limits are shared by all processes: what one has counted, the other knows."""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import psycopg
import pytest

from apps.workflows.limits import SEARCHES, WRONG_LINKS
from tests.serving.conftest import WAITRESS
from tests.serving.house import Answer, Database, House, environment, serving

WINDOW_IS_OVER: Final = "since = since - interval '1 hour'"
ALLOWED = 3
"""Codes for one mailbox in a minute, by the settings."""


@pytest.fixture(scope="module")
def other(database: Database, home: Path, sessions: dict[str, str]) -> Iterator[House]:
    with serving(environment(database, home), *WAITRESS, cookies=sessions) as opened:
        yield opened


def ask_for_code(house: House, email: str) -> Answer:
    page = house.ask("/accounts/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body)
    cookie = re.search(r"csrftoken=([^;]+)", page.headers["Set-Cookie"])
    assert token is not None
    assert cookie is not None
    return house.ask(
        "/accounts/login/",
        method="POST",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"csrftoken={cookie.group(1)}",
        },
        body=urlencode({"email": email, "csrfmiddlewaretoken": token.group(1)}),
    )


def test_two_processes_count_together(house: House, other: House) -> None:
    asked = [ask_for_code((house, other)[turn % 2], "sina@nordlicht.example") for turn in range(ALLOWED + 3)]
    # Beyond that no code is sent: the form comes back and says when to try again.
    assert [answer.status for answer in asked] == [302] * ALLOWED + [429] * 3
    assert asked[-1].headers["Retry-After"] == "60"
    assert "Try again in 1 minute." in asked[-1].body
    assert 'value="sina@nordlicht.example"' in asked[-1].body
    assert ask_for_code(other, "bilge@nordlicht.example").status == 302


def test_two_processes_count_wrong_links_together_and_hold_right_ones_off_too(
    house: House, other: House, database: Database
) -> None:
    def open_link(number: int) -> Answer:
        return (house, other)[number % 2].ask(f"/s/{number:043d}/")

    # Other tests of this folder came from the same address.
    tallied(database, WINDOW_IS_OVER)
    asked = [open_link(number) for number in range(WRONG_LINKS.most + 2)]
    assert [answer.status for answer in asked] == [404] * WRONG_LINKS.most + [429] * 2
    assert 0 < int(asked[-1].headers["Retry-After"]) <= WRONG_LINKS.within.total_seconds()
    assert "Try again in 10 minutes." in asked[-1].body
    assert house.ask(f"/join/{'t' * 43}/").status == 429
    tallied(database, WINDOW_IS_OVER)
    assert house.ask(f"/s/{'t' * 43}/").status == 404


def test_searches_at_once_are_counted_one_by_one(house: House, other: House, database: Database) -> None:
    def search(number: int) -> Answer:
        return (house, other)[number % 2].ask("/seller/contracts/?q=warehouse", who="seller")

    assert search(0).status == 200
    tallied(database, f"count = {SEARCHES.most - 10}")
    with ThreadPoolExecutor(max_workers=8) as crowd:
        found = Counter(answer.status for answer in crowd.map(search, range(20)))
    assert found == {200: 10, 429: 10}
    assert house.ask("/seller/contracts/", who="seller").status == 200
    assert house.ask("/buyer/contracts/?q=warehouse", who="buyer").status == 200
    tallied(database, WINDOW_IS_OVER)
    assert search(0).status == 200


def tallied(database: Database, what: str) -> None:
    """Put the counters where a longer or later crowd would have."""
    with psycopg.connect(database.url, autocommit=True) as owner:
        owner.execute(f"UPDATE workflows_tally SET {what}".encode())

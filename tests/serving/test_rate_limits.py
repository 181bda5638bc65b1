"""Limits are shared by all processes: what one has counted, the other knows."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.serving.conftest import WAITRESS
from tests.serving.house import Answer, Database, House, environment, serving

ALLOWED = 3
"""Codes for one mailbox in five minutes, by allauth's settings."""


@pytest.fixture
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
    asked = [ask_for_code((house, other)[turn % 2], "sina@nordlicht.example").status for turn in range(ALLOWED + 3)]
    # Beyond that no code is sent: the form comes back.
    assert asked == [302] * ALLOWED + [200] * 3
    assert ask_for_code(other, "bilge@nordlicht.example").status == 302

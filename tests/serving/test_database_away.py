"""The database is away, or frozen: 503 with Retry-After on every page, never a 500, and back by itself."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.urls import reverse

from apps.portals.away import LOOK_AGAIN_AFTER
from tests.portals.matrix.addresses import UNKNOWN_REF, UNKNOWN_TOKEN, addresses
from tests.serving.house import Answer, Database, House

GIVEN_UP_AFTER = 3 + 5 + 2
"""Seconds: the kept connection does not answer (3), nor does a new one (5); and some for a busy machine."""
ALIVE = ("/health/live", "/health/ready")
READERS = ("", "seller", "financier")
LINK = reverse("link:open", kwargs={"token": UNKNOWN_TOKEN})
EVERYBODY = (
    (reverse("seller:home"), "GET", "seller"),
    (reverse("buyer:home"), "GET", "buyer"),
    (reverse("admin:index"), "GET", "financier"),
    (reverse("account:settings"), "GET", "seller"),
    (LINK, "GET", ""),
    (reverse("seller:draft_contract"), "POST", "seller"),
    (reverse("admin:index"), "POST", "financier"),
    (LINK + "accept/", "POST", ""),
)
"""A page of each portal and a form of each reader."""


def paths() -> list[str]:
    """Every address of the house; what its parameters name need not exist."""
    found = []
    for address in addresses():
        values = {one: UNKNOWN_TOKEN if one == "token" else UNKNOWN_REF for one in address.parameters}
        if list(values) == ["unnamed"]:
            continue  # the admin's last resort has no address of its own
        number = dict.fromkeys(values, "1") if "pk" in values else values
        found.append(reverse(address.name, kwargs=number))
    assert len(found) > 100
    return [path for path in found if path not in ALIVE] + ["/nowhere/", "/financier/nowhere/"]


def poster_of(path: str) -> str:
    """Who sends a form to an address: a guest to a link's, the financier's people to theirs, else the seller."""
    return "" if UNKNOWN_TOKEN in path else "financier" if path.startswith("/financier/") else "seller"


def says_that_it_is_away(answer: Answer) -> bool:
    return (
        answer.status == 503
        and answer.headers.get("Retry-After") == "10"
        and answer.headers["Content-Type"].startswith("text/html")
        and "no-store" in answer.headers["Cache-Control"]
        and "Nothing is lost" in answer.body
    )


@pytest.fixture
def away(database: Database, house: House) -> Iterator[Database]:
    assert house.ask("/", who="seller").status == 302
    database.stop()
    yield database
    database.start()


def test_every_page_says_so_to_everybody_and_comes_back_by_itself(away: Database, house: House) -> None:
    asked = [
        (path, method, who, house.ask(path, method=method, who=who))
        for path in paths()
        for method, who in [*(("GET", reader) for reader in READERS), ("POST", poster_of(path))]
    ]
    assert [(*one, answer.status) for *one, answer in asked if not says_that_it_is_away(answer)] == []
    assert "<html" in asked[0][3].body
    away.start()
    assert house.ask("/health/ready").status == 200
    back = [(path, house.ask(path, who="seller").status) for path in paths()]
    assert [(path, status) for path, status in back if status >= 500] == []
    assert house.ask(reverse("seller:home"), who="seller").status == 200


def test_a_swap_gets_a_piece_of_a_page(away: Database, house: House) -> None:
    answer = house.ask(reverse("seller:home"), who="seller", headers={"HX-Request": "true"})
    assert says_that_it_is_away(answer)
    assert "<html" not in answer.body


def test_the_language_is_the_readers(away: Database, house: House) -> None:
    assert house.ask("/", headers={"Accept-Language": "de"}).body.count('lang="de"') == 1


def test_what_needs_no_database_still_answers(away: Database, house: House) -> None:
    assert house.ask("/static/css/cairn.css").status == 200
    assert (house.ask("/health/live").status, house.ask("/health/live").body) == (200, "live\n")
    ready = house.ask("/health/ready")
    assert (ready.status, ready.body, ready.headers["Retry-After"]) == (503, "not ready\n", "10")


def test_operations_need_no_host_name_and_no_cookie(house: House) -> None:
    for path in ALIVE:
        assert house.ask(path, headers={"Host": "10.0.0.7"}).status == 200
        assert house.ask(path, method="POST").status == 405
    assert house.ask("/", headers={"Host": "10.0.0.7"}).status == 400


def test_a_frozen_database_holds_nobody_for_ever_and_comes_back_by_itself(database: Database, house: House) -> None:
    assert house.ask(reverse("seller:home"), who="seller").status == 200
    answers: list[Answer] = []
    with database.frozen():
        threads = [
            threading.Thread(target=lambda one=one: answers.append(house.ask(one[0], method=one[1], who=one[2])))
            for one in EVERYBODY * 3
        ]
        for thread in threads:
            thread.start()
        while not answers:
            alive = house.ask("/static/js/theme.js")
            assert alive.status == 200
        for thread in threads:
            thread.join()
        assert house.ask("/health/live").status == 200
        again = house.ask("/", who="seller")
    assert len(answers) == 24
    assert [answer.status for answer in answers if not says_that_it_is_away(answer)] == []
    assert max(answer.seconds for answer in answers) < 3 * GIVEN_UP_AFTER  # eight threads for twenty-four requests
    assert says_that_it_is_away(again)
    assert again.seconds < GIVEN_UP_AFTER
    time.sleep(LOOK_AGAIN_AFTER)
    assert house.ask(reverse("seller:home"), who="seller").status == 200

"""A database that goes away in the middle of a request: at every single statement of a page, 503 and never 500."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from procrastinate.exceptions import ConnectorException

from apps.portals import away
from config.postgres.base import PatientConnection
from tests import scenarios
from tests.portals.buyer.browsers import Guest
from tests.scenarios import Parties

pytestmark = pytest.mark.django_db
MOST = 60
PAGES = (
    ("seller", "home"),
    ("seller", "seller:home"),
    ("seller", "seller:contracts"),
    ("seller", "account:team"),
    ("seller", "account:settings"),
    ("buyer", "buyer:home"),
    ("buyer", "buyer:contracts"),
    ("analyst", "admin:index"),
    ("analyst", "mfa_index"),
    ("", "account_login"),
)


class Losing:
    """Fails from the given statement on, counted from one, as a lost connection does."""

    def __init__(self, at: int) -> None:
        self.at, self.count = at, 0

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        self.count += 1
        if self.count >= self.at:
            raise OperationalError("the connection was lost")
        return execute(sql, *rest)


def statuses(ask: Callable[[], int]) -> list[int]:
    """The status when the database is lost at the first statement, at the second, and so on until it is not."""
    found = []
    for at in range(1, MOST):
        losing = Losing(at)
        with connection.execute_wrapper(losing):
            found.append(ask())
        connection.set_rollback(False)  # the test's own transaction met no error: none of it reached the server
        if losing.count < at:
            return found
    raise AssertionError("a page with so many statements is another problem")


@pytest.fixture
def story() -> Parties:
    return scenarios.organisations()


@pytest.mark.parametrize(("who", "name"), PAGES)
def test_a_page_says_so_wherever_it_happens(story: Parties, who: str, name: str) -> None:
    client = Client(raise_request_exception=False)
    if who:
        client.force_login(story.people[who].user)
    *lost, whole = statuses(lambda: client.get(reverse(name)).status_code)
    assert set(lost) == {503}
    assert whole in (200, 302)


def test_a_sign_off_says_so_and_nothing_is_signed(story: Parties) -> None:
    submission = scenarios.submitted_milestone(scenarios.active_contract(story))
    guest = Guest(scenarios.link_to_sign_off(submission), Client(raise_request_exception=False))
    *lost, whole = statuses(lambda: guest.get("accept/").status_code)
    assert set(lost) == {503}
    assert whole == 200


def test_what_a_library_makes_of_it_is_known_too() -> None:
    wrapped = ConnectorException()
    wrapped.__cause__ = psycopg.OperationalError("gone")
    assert away.is_away(wrapped)
    assert not away.is_away(ValueError("something else"))
    assert not away.is_away(None)


def test_a_server_that_does_not_answer_is_given_up() -> None:
    kept = connection.connection
    assert isinstance(kept, PatientConnection)
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)
    with PatientConnection.connect(**parameters) as other:
        other.patience = 0.5
        other.execute("SET statement_timeout = 0")
        with pytest.raises(psycopg.OperationalError, match=r"did not answer within 0\.5 seconds"):
            other.execute("SELECT pg_sleep(20)")
        assert other.closed

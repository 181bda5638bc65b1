"""A database that goes away in the middle of a request: at every single statement of a page, 503 and never 500."""

import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import InternalError, OperationalError, connection, connections
from django.test import Client
from django.urls import reverse
from procrastinate.exceptions import ConnectorException

from apps.parties import services
from apps.portals import away
from config.postgres.base import PatientConnection
from tests import scenarios
from tests.portals.buyer.browsers import Guest
from tests.scenarios import Parties

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


@pytest.mark.django_db
@pytest.mark.parametrize(("who", "name"), PAGES)
def test_a_page_says_so_wherever_it_happens(story: Parties, who: str, name: str) -> None:
    client = Client(raise_request_exception=False)
    if who:
        client.force_login(story.people[who].user)
    *lost, whole = statuses(lambda: client.get(reverse(name)).status_code)
    assert set(lost) == {503}
    assert whole in (200, 302)


@pytest.mark.django_db
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


@pytest.mark.parametrize(
    "sqlstate", ["25P03", "25P04", "57P01", "57P02", "57P03", "57P04", "57P05", "08000", "08003", "08006", "08P01"]
)
def test_every_way_in_which_the_server_ends_a_session_is_known(sqlstate: str) -> None:
    wrapped = InternalError("as Django passes it on")
    wrapped.__cause__ = psycopg.errors.lookup(sqlstate)("the server ended the session")
    assert away.is_away(wrapped)
    wrapped.__cause__ = psycopg.errors.lookup("25P02")("the transaction is aborted: an error of ours")
    assert not away.is_away(wrapped)


class TestEnded:
    """The server ends the session while a form is being carried out; everything commits here, so all of it is real."""

    @pytest.fixture
    def owner(self, scratch: str) -> Client:
        user = scenarios.organisations().people["seller"].user
        client = Client(raise_request_exception=False)
        client.force_login(user)
        return client

    def change(self, client: Client, *, city: str) -> Any:
        page = client.get(reverse("account:organisation"))
        form = page.context["form"]
        typed = {name: value for name, value in form.initial.items() if value is not None}
        return client.post(reverse("account:organisation"), typed | {"city": city, "key": form["key"].value()})

    @pytest.mark.parametrize("how", ["idle_in_transaction_session_timeout", "transaction_timeout", "terminated"])
    def test_nothing_is_half_done_and_the_next_request_works(
        self, owner: Client, how: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def then_end(*args: Any, **named: Any) -> Any:
            done = change(*args, **named)
            with connection.cursor() as cursor:
                if how == "terminated":
                    cursor.execute("SELECT pg_backend_pid()")
                    with connections["owner"].cursor() as other:
                        other.execute("SELECT pg_terminate_backend(%s, 5000)", cursor.fetchone())
                else:
                    cursor.execute(f"SET LOCAL {how} = '100ms'")
                    time.sleep(0.5)
            return done

        change = services.change
        with monkeypatch.context() as patch:
            patch.setattr(services, "change", then_end)
            lost = self.change(owner, city="Kiel")
        assert (lost.status_code, lost["Retry-After"]) == (503, str(away.RETRY_AFTER))
        assert "Nothing is lost" in lost.content.decode()
        assert 'value="Kiel"' not in owner.get(reverse("account:organisation")).content.decode()
        assert self.change(owner, city="Kiel").status_code == 302
        assert 'value="Kiel"' in owner.get(reverse("account:organisation")).content.decode()


@pytest.mark.django_db
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

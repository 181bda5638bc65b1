"""A session is a row: under a key that nobody guesses, new at sign-in, ended by idleness and by its age."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.portals.sessions import ENDS
from tests import scenarios
from tests.conftest import Once
from tests.portals.test_access import person, signed_in
from tests.scenarios import Parties

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
A_MOMENT = timedelta(minutes=1)


@pytest.fixture(scope="module")
def story(once: Once) -> Parties:
    return once(scenarios.organisations)


@pytest.fixture
def client(story: Parties) -> Client:
    return signed_in(person(story, "seller"))


def is_in(client: Client) -> bool:
    return client.get(reverse("account:settings")).status_code == 200


def row_of(client: Client) -> Session:
    return Session.objects.get(session_key=client.cookies[settings.SESSION_COOKIE_NAME].value)


def holds_for(client: Client, left: timedelta) -> None:
    """As if time had passed since the session was used."""
    Session.objects.filter(pk=row_of(client).pk).update(expire_date=timezone.now() + left)


def ends_in(client: Client, left: timedelta) -> datetime:
    """As if time had passed since the sign-in."""
    session = client.session
    end = timezone.now() + left
    session[ENDS] = end.isoformat()
    session.save()
    return end


def test_an_idle_session_ends(client: Client) -> None:
    assert abs(row_of(client).expire_date - timezone.now() - settings.SESSION_IDLE_HOURS * HOUR) < A_MOMENT
    assert is_in(client)
    holds_for(client, -A_MOMENT)
    assert not is_in(client)


def test_use_moves_that_end_and_writes_it_once_in_a_while(client: Client) -> None:
    holds_for(client, HOUR / 2)
    assert is_in(client)
    assert abs(row_of(client).expire_date - timezone.now() - HOUR) < A_MOMENT
    with CaptureQueriesContext(connection) as asked:
        assert is_in(client)
    assert [one["sql"] for one in asked if one["sql"].startswith("UPDATE")] == []


def test_use_does_not_move_the_last_end(client: Client) -> None:
    end = ends_in(client, HOUR / 3)
    holds_for(client, HOUR / 4)
    assert is_in(client)
    assert row_of(client).expire_date == end
    session = client.session
    session["organisation"] = "something to keep"
    session.save()
    assert row_of(client).expire_date == end
    ends_in(client, -A_MOMENT)
    assert not is_in(client)


def test_signing_in_begins_a_new_life_and_a_new_key_of_it_does_not(story: Parties) -> None:
    client = Client()
    client.get(reverse("account_login"))
    session = client.session
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
    ends_in(client, HOUR / 2)
    client.force_login(person(story, "seller"))
    assert abs(client.session.get_expiry_age() - settings.SESSION_COOKIE_AGE) < A_MOMENT.seconds
    ends_in(client, HOUR / 2)
    session = client.session
    session.cycle_key()
    assert session.get_expiry_age() <= (HOUR / 2).seconds


def test_a_key_is_random_and_opens_only_what_the_server_keeps(client: Client, story: Parties) -> None:
    keys = {row_of(client).session_key, row_of(signed_in(person(story, "seller"))).session_key}
    assert len(keys) == 2
    assert all(len(key) == 32 and key.isalnum() for key in keys)
    invented = Client()
    invented.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    assert not is_in(invented)
    row_of(client).delete()
    assert not is_in(client)

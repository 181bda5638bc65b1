"""What the log says of the door, and what it does not."""

import logging
import re
from collections.abc import Callable

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from apps.portals import security_log
from tests import scenarios
from tests.conftest import Once
from tests.portals.test_account import code_in_mail
from tests.scenarios import Parties

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def story(once: Once) -> Parties:
    return once(scenarios.organisations)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO, logger="cairn.security")
    return lambda: [one.getMessage() for one in caplog.records if one.name == "cairn.security"]


def test_who_comes_in_and_goes_out_is_noted_and_so_is_a_wrong_code(
    story: Parties, said: Callable[[], list[str]]
) -> None:
    client = Client(REMOTE_ADDR="192.0.2.7")
    user = story.people["seller"].user
    client.post(reverse("account_request_login_code"), {"email": user.email})
    client.post(reverse("account_confirm_login_code"), {"code": "ZZZZ-ZZZZ"})
    client.post(reverse("account_confirm_login_code"), {"code": code_in_mail()})
    client.post(reverse("account_logout"))
    assert [line.split()[0] for line in said()] == ["wrong_code", "signed_in", "signed_out"]
    assert all('address="192.0.2.7"' in line for line in said())
    assert all(f"user={user.pk}" in line for line in said()[1:])
    assert user.email not in "\n".join(said())


def test_what_is_refused_to_somebody_is_noted_with_who_it_was(story: Parties, said: Callable[[], list[str]]) -> None:
    client = Client()
    client.force_login(story.people["seller"].user)
    path = reverse("seller:contract", args=["nothing-there"])
    client.get(path)
    (line,) = said()
    assert line.startswith("not_found ")
    who = story.people["seller"].user.pk
    assert re.search(rf'user={who} organisation=\d+ .*method="GET" path="{re.escape(path)}"', line)


def test_nothing_that_is_sent_begins_a_line_of_its_own(said: Callable[[], list[str]]) -> None:
    security_log.note("forbidden", RequestFactory().get("/x%0Asigned_in%20user=1"))
    (line,) = said()
    assert "\n" not in line
    assert 'path="/x\\nsigned_in user=1"' in line

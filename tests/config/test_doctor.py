"""``manage.py doctor`` names what is missing and how to mend it, and never falls over."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from pytest_django import Settings

from apps.core.database import health
from apps.core.database import scratch as scratch_databases


def _examined() -> tuple[dict[str, dict[str, Any]], bool]:
    """The findings by topic, and whether the doctor was content."""
    told = StringIO()
    content = True
    try:
        call_command("doctor", json=True, stdout=told)
    except SystemExit as leaving:
        content = leaving.code != 1
    answer = json.loads(told.getvalue())
    assert answer["healthy"] is content
    return {finding["topic"]: finding for finding in answer["findings"]}, content


def _owner(statement: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def test_a_migrated_database_has_all_that_is_needed(scratch: str, settings: Settings) -> None:
    settings.EMBEDDED = True
    findings, content = _examined()
    unmet = {topic for topic, finding in findings.items() if finding["needed"] and not finding["met"]}
    assert (unmet, content) == (set(), True)
    assert {
        "Python",
        "Packages",
        "Database",
        "Durability",
        "Migrations",
        "Web role",
        "Owner",
        "Walls",
    } < findings.keys()


def test_for_people_it_prints_a_line_for_each_and_one_for_the_whole(scratch: str, settings: Settings) -> None:
    settings.EMBEDDED = True
    told = StringIO()
    call_command("doctor", stdout=told, no_color=True)
    lines = told.getvalue().splitlines()
    assert "ok      Migrations: all applied" in lines
    assert lines[-1] == "Everything needed is here."


def test_a_database_that_is_away_is_one_line_and_no_traceback(scratch: str) -> None:
    with scratch_databases.pointing_at("cairn_nowhere"):
        findings, content = _examined()
    assert not content
    assert findings["Database"]["says"].startswith("cannot be reached: ")
    assert "\n" not in findings["Database"]["says"]
    assert "Walls" not in findings


@pytest.mark.parametrize(
    ("harm", "topic", "says"),
    [
        ("DELETE FROM django_migrations WHERE app = 'sessions'", "Migrations", "sessions.0001_initial"),
        ("DROP POLICY tenant ON parties_bankaccount", "Walls", "parties_bankaccount has no wall"),
        ("ALTER TABLE parties_bankaccount NO FORCE ROW LEVEL SECURITY", "Walls", "parties_bankaccount has no wall"),
        ("CREATE TABLE stray (id int)", "Walls", "nobody says who may see stray"),
    ],
)
def test_harm_to_the_database_is_named(scratch: str, harm: str, topic: str, says: str) -> None:
    _owner(harm)
    findings, content = _examined()
    assert findings[topic]["says"] == says
    assert not findings[topic]["met"]
    assert findings[topic]["mend"] == "manage.py migrate"
    assert not content


def test_settings_that_lose_data_are_named(scratch: str) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SET synchronous_commit = off; SET lock_timeout = 0")
    assert health.losses() == ["synchronous_commit is off", "lock_timeout is not set"]


def test_a_connection_that_would_wait_for_a_vanished_client_is_named(
    scratch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = connections["default"].settings_dict["OPTIONS"]
    monkeypatch.setitem(told, "options", told["options"].replace("tcp_user_timeout=10s", "tcp_user_timeout=0"))
    connections["default"].close()
    assert health.losses() == ["tcp_user_timeout is not set"]


def test_a_web_connection_that_is_the_owner_is_named(scratch: str) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SET ROLE NONE")
    login = connections["default"].settings_dict["USER"]
    assert f"it runs as {login} and not as cairn_web" in health.web_powers()


def test_a_real_installation_needs_a_secret_an_address_and_mail(scratch: str, settings: Settings) -> None:
    topics = ("SECRET_KEY", "BASE_URL", "ALLOWED_HOSTS", "E-mail")
    settings.EMBEDDED = False
    settings.SECRET_KEY = "short"
    settings.BASE_URL = "http://localhost:8000"
    settings.ALLOWED_HOSTS = []
    findings, content = _examined()
    assert [findings[topic]["met"] for topic in topics] == [False] * 4
    assert not content

    settings.SECRET_KEY = "long enough, as long as nobody reads it in the source of a test"
    settings.BASE_URL = "https://cairn.example.com"
    settings.ALLOWED_HOSTS = ["cairn.example.com"]
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    findings, content = _examined()
    assert [findings[topic]["met"] for topic in topics] == [True] * 4
    assert content


def test_a_mail_server_that_does_not_answer_is_named(scratch: str, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    findings, _ = _examined()
    assert findings["E-mail"]["says"].startswith("127.0.0.1:1: ")
    assert not findings["E-mail"]["met"]


def test_a_data_folder_that_cannot_be_written_is_named(scratch: str, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.DATA_DIR = tmp_path / "file" / "var"
    findings, content = _examined()
    assert findings["DATA_DIR"]["says"].endswith("cannot be written: Not a directory")
    if connections["owner"].settings_dict["ENGINE"] == "config.embedded_pg":
        assert findings["Database"]["says"].endswith("cannot be used: Not a directory. Set DATA_DIR.")
    assert not content

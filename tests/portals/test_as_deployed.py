"""What strangers meet where the settings are as they ship: HTTPS, cookies, headers, files, errors and the log."""

import logging
import runpy
import time
from collections.abc import Callable, Iterator
from http.cookies import Morsel
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings as the_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test import Client
from django.urls import reverse
from environ import Env
from pytest_django import Settings

from apps.core.database import walls
from apps.parties import tokens
from apps.portals import attachments
from tests import scenarios
from tests.architecture.source import ROOT
from tests.conftest import Once
from tests.portals.test_access import person, signed_in
from tests.portals.test_account import sign_in
from tests.scenarios import Parties

pytestmark = pytest.mark.django_db
HOST = "cairn.example.org"
AS_SHIPPED = ("SECURE_", "SESSION_", "CSRF_", "LANGUAGE_COOKIE_", "MESSAGES_COOKIE_", "X_FRAME_", "WHITENOISE_USE")
"""What the tests' own settings change, because they are served over plain HTTP."""
Answer = Any


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    """The settings of a machine on which nothing is set but what has to be."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setattr(Env, "read_env", lambda *_arguments, **_more: None)
        for name in ("PLAIN_HTTP", "DEBUG", "DEMO", "LOG_LEVEL", "DATABASE_URL", "SECRET_KEY", "SESSION_IDLE_HOURS"):
            environment.delenv(name, raising=False)
        environment.setenv("ALLOWED_HOSTS", HOST)
        environment.setenv("STATIC_ROOT", str(the_settings.DATA_DIR / "none"))
        return runpy.run_path(str(ROOT / "config" / "settings.py"))


@pytest.fixture
def deployed(settings: Settings, shipped: dict[str, Any]) -> Settings:
    for name, value in shipped.items():
        if name.startswith(AS_SHIPPED):
            setattr(settings, name, value)
    settings.ALLOWED_HOSTS = [HOST]
    return settings


@pytest.fixture(scope="module")
def story(once: Once) -> Parties:
    return once(scenarios.organisations)


@pytest.fixture(autouse=True)
def nobody_asks_afterwards() -> Iterator[None]:
    yield
    walls.leave()


class Browser(Client):
    """A stranger's, over HTTPS."""

    scheme = "https"

    def __init__(self, **how: Any) -> None:
        super().__init__(SERVER_NAME=HOST, **how)

    def request(self, **environ: Any) -> Answer:
        return super().request(**{**environ, "wsgi.url_scheme": self.scheme})


class Careless(Browser):
    """One over plain HTTP."""

    scheme = "http"


def everything_served(deployed: Settings) -> dict[str, Answer]:
    """A page, one that is not there, a way elsewhere, a file, the answers to operations, and the way to HTTPS."""
    addresses = ("/accounts/login/", "/nowhere/", "/seller/", "/static/js/cairn.js", "/health/live")
    found = {address: Browser().get(address) for address in addresses}
    assert read(found["/static/js/cairn.js"])
    return {**found, "over HTTP": Careless().get("/accounts/login/")}


def read(file: Answer) -> bytes:
    return b"".join(file.streaming_content)


def test_pages_lead_to_https_and_the_addresses_of_operations_do_not(deployed: Settings) -> None:
    """ASVS 5.0, 4.1.2 and 12.2.1."""
    plain = Careless()
    led = plain.get("/accounts/login/?next=/seller/")
    assert (led.status_code, led["Location"]) == (301, f"https://{HOST}/accounts/login/?next=/seller/")
    assert plain.post("/accounts/login/", {"email": "sina@nordlicht.example"}).status_code == 301
    assert [plain.get(f"/health/{name}").status_code for name in ("live", "ready")] == [200, 200]


def test_every_answer_says_what_a_browser_may_do_with_it(deployed: Settings) -> None:
    """HTTPS for a year with all subdomains, no foreign origin, policy, nosniff, referrer (ASVS 5.0, 3.4.1–3.4.6)."""
    for address, answer in everything_served(deployed).items():
        assert "Access-Control-Allow-Origin" not in answer, address
        assert answer["X-Content-Type-Options"] == "nosniff", address
        assert answer["Referrer-Policy"] == "same-origin", address
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy, address
        assert "frame-ancestors 'none'" in policy, address
        assert "unsafe" not in policy, address
        if address != "over HTTP":
            age, *more = answer["Strict-Transport-Security"].split("; ")
            assert int(age.removeprefix("max-age=")) >= 365 * 24 * 60 * 60, address
            assert "includeSubDomains" in more, address


def test_no_cookie_is_read_by_scripts_sent_in_clear_or_set_by_another_host(deployed: Settings, story: Parties) -> None:
    """ASVS 5.0, 3.3.1 to 3.3.4, of every cookie that is ever set."""
    client = Browser()
    client.get("/accounts/login/")
    client.post("/language/", {"language": "en"})
    sign_in(client, "sina@nordlicht.example")
    client.post(reverse("account:settings"), {"name": "Sina N.", "language": "en"})
    assert set(client.cookies) == {f"__Host-{name}" for name in ("sessionid", "csrftoken", "language", "messages")}
    loose = [name for name, cookie in client.cookies.items() if not is_tight(cookie)]
    assert loose == []


def is_tight(cookie: "Morsel[str]") -> bool:
    only_here = (cookie["path"], cookie["domain"]) == ("/", "")
    return only_here and bool(cookie["secure"] and cookie["httponly"]) and cookie["samesite"] in ("Lax", "Strict")


def test_a_session_lives_twelve_hours_and_idle_one(shipped: dict[str, Any]) -> None:
    """ASVS 5.0, 7.1.1, 7.3.1 and 7.3.2: as docs/operations.md says."""
    assert (shipped["SESSION_COOKIE_AGE"], shipped["SESSION_IDLE_HOURS"]) == (12 * 60 * 60, 1)


def test_only_the_files_of_pages_are_served_and_no_folder_is_listed(deployed: Settings) -> None:
    """ASVS 5.0, 13.4.1 and 13.4.3."""
    client = Browser()
    assert read(client.get("/static/js/cairn.js")) == (ROOT / "static" / "js" / "cairn.js").read_bytes()
    for path in (".git", ".git/HEAD", "static/.git", "static/../.git/HEAD", "static/%2e%2e/pyproject.toml"):
        assert client.get(f"/{path}").status_code == 404, path
    for path in ("static/", "static/js/", "static/js", "static/pyproject.toml", "static/../config/settings.py"):
        assert client.get(f"/{path}").status_code == 404, path


def test_debugging_is_off_and_no_secret_is_known(deployed: Settings, shipped: dict[str, Any]) -> None:
    """ASVS 5.0, 13.4.2 and 13.2.3: without a secret of the operator's own nothing is signed."""
    assert shipped["DEBUG"] is shipped["DEMO"] is False
    deployed.SECRET_KEY = shipped["SECRET_KEY"]
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        tokens.token_for(purpose="guest_grant", ref="x")


def test_what_nobody_foresaw_is_logged_with_its_trace_and_told_to_nobody(
    deployed: Settings, story: Parties, caplog: pytest.LogCaptureFixture
) -> None:
    """ASVS 5.0, 16.3.4 and 16.5.1."""

    def broken(execute: Callable[..., object], sql: str, *rest: object) -> object:
        if "parties_invitation" in sql:
            raise RuntimeError("what only we should read")
        return execute(sql, *rest)

    client = Browser(raise_request_exception=False)
    client.force_login(person(story, "seller"))
    with connection.execute_wrapper(broken):
        answer = client.get(reverse("account:team"))
    assert answer.status_code == 500
    assert "what only we should read" not in answer.content.decode()
    (noted,) = [record for record in caplog.records if record.name == "django.request"]
    assert noted.levelno == logging.ERROR
    assert noted.exc_info is not None
    assert isinstance(noted.exc_info[1], RuntimeError)


def test_the_log_goes_to_standard_error_alone_and_tells_the_time_of_utc(shipped: dict[str, Any]) -> None:
    """ASVS 5.0, 16.2.2 and 16.2.3. Every line passes the filter that takes tokens out (16.2.5)."""
    told = shipped["LOGGING"]
    assert told["handlers"] == {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["tokens"]}
    }
    assert {name for one in told["loggers"].values() for name in one.get("handlers", [])} == set()
    record = logging.makeLogRecord({"msg": "x", "created": 1_767_225_600.0, "msecs": 0.0})
    line = logging.Formatter(told["formatters"]["line"]["format"], style="{").format(record)
    assert line.startswith("2026-01-01 00:00:00")
    assert time.timezone == 0


def test_a_file_name_says_nothing_but_a_name(tmp_path: Path) -> None:
    """ASVS 5.0, 5.4.2: whatever stands in it, it ends neither its quotes nor the header."""
    (tmp_path / "stored").write_bytes(b"x")
    with patch.object(attachments, "default_storage", FileSystemStorage(tmp_path)):
        for name, written in (
            ('Größe "1"; x=y.pdf', "filename*=utf-8''Gr%C3%B6%C3%9Fe%20%221%22%3B%20x%3Dy.pdf"),
            ('a"; x=y.pdf', r'filename="a\"; x=y.pdf"'),
        ):
            given = attachments.attachment("stored", name=name, content_type="application/pdf")
            assert given.file_to_stream is not None
            given.file_to_stream.close()
            assert given["Content-Disposition"] == f"attachment; {written}"


@pytest.mark.parametrize(
    ("role", "page"), [("seller", "seller:home"), ("buyer", "buyer:home"), ("seller", "account:settings")]
)
def test_the_way_out_stands_on_every_page(story: Parties, role: str, page: str) -> None:
    """ASVS 5.0, 7.4.4."""
    answer = signed_in(person(story, role)).get(reverse(page))
    assert f'action="{reverse("account_logout")}"' in answer.content.decode()

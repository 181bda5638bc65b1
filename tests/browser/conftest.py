"""Real Chromium against a real server on a database of the test's own, in which everything commits.

Chromium comes from the system (Debian: ``apt-get install chromium``). Where it is missing, these tests are skipped.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings
from playwright.sync_api import Browser, sync_playwright
from pytest_django.live_server_helper import LiveServer

from apps.workflows import worker
from tests.browser.visitors import House

SWITCHES = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Nothing but the page: no telemetry, no updates, no accounts."""


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests of this folder; each visitor gets a profile of its own in it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Browser tests need Chromium: apt-get install chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, in which Django would refuse to ask the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        # Root cannot have Chromium's own sandbox, nor can anybody in most containers; the pages are our own.
        browser = playwright.chromium.launch(executable_path=program, args=SWITCHES, chromium_sandbox=False)
        yield browser
        browser.close()


@pytest.fixture
def house(chromium: Browser, scratch: str, request: pytest.FixtureRequest) -> Iterator[House]:
    """The product, served, with its worker running. At the end no browser may have seen anything go wrong."""
    with serving(chromium) as opened:
        failed = request.session.testsfailed
        yield opened
        if request.session.testsfailed > failed:
            opened.keep_pictures(Path(settings.DATA_DIR) / "pictures")
    assert opened.troubles == []


@contextmanager
def serving(chromium: Browser) -> Iterator[House]:
    """Serve the database that is pointed at, until the block ends and everybody has left."""
    server = LiveServer("localhost")
    try:
        with override_settings(BASE_URL=server.url), worker.running():
            opened = House(url=server.url, browser=chromium)
            try:
                yield opened
            finally:
                for visitor in opened.visitors:
                    visitor.context.close()
    finally:
        server.stop()
        connections.close_all()

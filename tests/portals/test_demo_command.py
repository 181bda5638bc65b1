"""``manage.py demo``: one at a time for one folder, and it stops without a word of trouble."""

import threading
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.core.management.base import CommandError
from django.test import Client
from pytest_django import Settings

from apps.portals.management.commands import demo
from apps.portals.management.commands.demo import _alone, show_own_error_pages


def test_a_second_demo_on_the_same_data_is_refused(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    with _alone(), pytest.raises(CommandError, match="running already"), _alone():
        pass
    with _alone():
        """Once the first has stopped, the next may start."""


@pytest.mark.django_db
def test_the_demo_shows_the_products_own_error_pages(settings: Settings, client: Client) -> None:
    settings.DEBUG = True  # as `manage.py demo` is started
    show_own_error_pages()
    answer = client.get("/nowhere/")
    said = answer.content.decode()
    assert (answer.status_code, "DEBUG = True" in said, "Cairn" in said) == (404, False, True)


@pytest.mark.filterwarnings("error")
def test_the_pages_stop_between_two_rounds_of_their_loop(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def page(_environ: object, start: Callable[[str, list[tuple[str, str]]], object]) -> list[bytes]:
        start("200 OK", [("Content-Length", "5")])
        return [b"cairn"]

    monkeypatch.setattr(demo, "get_wsgi_application", lambda: page)
    listening = demo._free_socket(9700)
    with demo._serving(listening), urlopen(f"http://127.0.0.1:{listening.getsockname()[1]}/") as answer:
        assert answer.read() == b"cairn"
        assert "web" in {thread.name for thread in threading.enumerate()}
    assert "web" not in {thread.name for thread in threading.enumerate()}
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []

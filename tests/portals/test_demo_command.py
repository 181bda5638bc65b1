"""``manage.py demo``: one at a time for one folder."""

from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.test import Client
from pytest_django import Settings

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

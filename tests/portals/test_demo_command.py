"""``manage.py demo``: one at a time for one folder."""

from pathlib import Path

import pytest
from django.core.management.base import CommandError
from pytest_django import Settings

from apps.portals.management.commands.demo import _alone


def test_a_second_demo_on_the_same_data_is_refused(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    with _alone(), pytest.raises(CommandError, match="running already"), _alone():
        pass
    with _alone():
        """Once the first has stopped, the next may start."""

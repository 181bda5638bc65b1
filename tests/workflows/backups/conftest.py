"""A database that was lived in, and one backup of it."""

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.db import connections
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from apps.core.database import scratch as scratch_databases
from apps.workflows.backups import taking
from apps.workflows.deal_file import player
from apps.workflows.deal_file.read import read

DEAL = Path(__file__).resolve().parents[3] / "deals" / "software-30-30-40.yaml"


@pytest.fixture(scope="module")
def played(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Path]:
    """A folder with one backup of a deal played to its settlement; database and files are those that were backed up."""
    with (
        tempfile.TemporaryDirectory(prefix="cairn-") as home,
        django_db_blocker.unblock(),
        scratch_databases.scratch_database(),
        override_settings(STORAGES=stores(Path(home) / "files")),
    ):
        player.play(read(DEAL.read_text(), today=date(2026, 6, 15)))
        for alias in scratch_databases.ALIASES:
            connections[alias].close()

        def write_meanwhile(line: str) -> None:
            if line.startswith("Dumping"):  # the snapshot stands: this row comes too late
                with connections["default"].cursor() as cursor:
                    cursor.execute("INSERT INTO django_cache VALUES ('late', '', now())")

        taking.take(Path(home) / "backups", tell=write_meanwhile)
        yield Path(home) / "backups"
        connections.close_all()


def stores(files: Path) -> dict[str, Any]:
    store = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(files)}}
    return {**project.STORAGES, "default": store}

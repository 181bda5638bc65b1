"""The private file store, looked at as a whole: which files have been there for how long."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from django.core.files.storage import default_storage

AT_ONCE: Final = 500


def stored_before(folder: str, moment: datetime) -> Iterator[tuple[str, ...]]:
    """The names of all files below ``folder`` that were last written before ``moment``, some hundred at a time."""
    older = (name for name in _below(folder) if _is_older(name, moment))
    while some := tuple(islice(older, AT_ONCE)):
        yield some


def _below(folder: str) -> Iterator[str]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:  # nothing was stored yet, or the last file of a folder has just gone
        return
    yield from (f"{folder}/{name}" for name in files)
    for name in folders:
        yield from _below(f"{folder}/{name}")


def _is_older(name: str, moment: datetime) -> bool:
    try:
        return default_storage.get_modified_time(name) < moment
    except FileNotFoundError:
        return False

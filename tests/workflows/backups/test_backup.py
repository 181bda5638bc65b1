"""A backup comes back as it was, whatever differs is named, and nothing half done looks whole."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections
from django.test import override_settings
from pytest_django import Settings

from apps.core import backups
from apps.core.database import scratch as scratch_databases
from apps.workflows.backups import manifest, measures, restoring, stored, taking, tools
from apps.workflows.backups.errors import BackupError
from config import drill
from tests.workflows.backups.conftest import stores

ROOT = Path(__file__).resolve().parents[3]
NOBODY = 65534


@pytest.fixture
def backup(played: Path, tmp_path: Path) -> Path:
    """A copy of that backup, to be harmed."""
    (whole,) = backups.whole(played)
    return Path(shutil.copytree(whole, tmp_path / whole.name))


@pytest.fixture
def elsewhere(played: Path, tmp_path: Path) -> Iterator[Path]:
    """An empty database and a folder for files that is not there yet."""
    # Not named as copies are: what is set aside gets a name of its own, and would be swept away by other processes.
    name = f"cairn_elsewhere_{os.getpid()}"
    scratch_databases.clone("template1", name)
    try:
        with scratch_databases.pointing_at(name), override_settings(STORAGES=stores(tmp_path / "files")):
            yield tmp_path / "files"
            connections.close_all()
    finally:
        for leftover in _databases(name):
            scratch_databases.drop(leftover)


def _databases(prefix: str) -> list[str]:
    with scratch_databases.maintenance() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        return [name for (name,) in cursor.fetchall()]


def _said(backup: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((backup / backups.MANIFEST).read_text())
    return found


def _say(backup: Path, **changed: Any) -> None:
    (backup / backups.MANIFEST).write_text(json.dumps({**_said(backup), **changed}))


def _rewrite_part(backup: Path, part: str, content: bytes) -> None:
    """Change a part and its hash in the manifest too, as somebody would who wants it not to be seen."""
    (backup / part).write_bytes(content)
    _say(backup, parts={**_said(backup)["parts"], part: stored.sha256(backup / part)})


def _a_file(backup: Path) -> Path:
    return next(path for path in sorted((backup / manifest.FILES).rglob("*")) if path.is_file())


def _change_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


# --- taken -------------------------------------------------------------------------------------------------------


def test_a_backup_holds_everything_and_says_so(played: Path) -> None:
    (backup,) = backups.whole(played)
    said = _said(backup)
    assert said["rows"]["invoicing_invoice"] == 2
    assert said["heads"] == len(manifest.read_heads(backup)) >= 4
    assert said["files"] >= 4
    assert not said["files_not_found"]
    assert {path.name for path in played.iterdir()} == {backup.name, ".lock"}
    private = [backup, *(path for path in backup.rglob("*") if path.is_file())]
    assert not [path for path in private if path.stat().st_mode & 0o077]


def test_what_is_committed_while_the_dump_is_written_is_neither_dumped_nor_counted(played: Path) -> None:
    (backup,) = backups.whole(played)
    assert measures.rows()["django_cache"] == 1
    assert _said(backup)["rows"]["django_cache"] == 0


def test_the_hashes_can_be_checked_without_cairn(played: Path) -> None:
    (backup,) = backups.whole(played)
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", manifest.HASHES], cwd=backup, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr


def test_older_backups_go_when_the_new_one_is_whole(played: Path, tmp_path: Path, settings: Settings) -> None:
    for day in ("20260101T000000Z", "20260102T000000Z"):
        (tmp_path / f"cairn-{day}").mkdir()
        (tmp_path / f"cairn-{day}" / backups.MANIFEST).touch()
    (tmp_path / "something-else").mkdir()
    settings.BACKUP_DIR = str(tmp_path)
    told = StringIO()
    call_command("backup", keep=2, stdout=told)
    older, _new = backups.whole(tmp_path)
    assert older.name == "cairn-20260102T000000Z"
    assert (tmp_path / "something-else").exists()
    assert "Removed cairn-20260101T000000Z." in told.getvalue()


def _disk_full(*_arguments: object, **_named: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "a file")


def _no_right(*_arguments: object, **_named: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied", "a file")


def _interrupted(*_arguments: object, **_named: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("step", "harm", "says"),
    [
        ((tools, "run"), _disk_full, "The disk is full"),
        ((stored, "copy"), _disk_full, "The disk is full"),
        ((stored, "copy"), _no_right, "There is no right"),
        ((manifest, "write"), _disk_full, "The disk is full"),
        ((stored, "sync"), _interrupted, ""),
    ],
)
def test_a_backup_that_fails_leaves_nothing(
    played: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    step: tuple[Any, str],
    harm: Callable[..., None],
    says: str,
) -> None:
    monkeypatch.setattr(*step, harm)
    with pytest.raises((BackupError, KeyboardInterrupt), match=says or None):
        taking.take(tmp_path, tell=str)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


KILLED = """
import os, signal, sys
from pathlib import Path
import django
django.setup()
from django.conf import settings
from django.db import connections
from apps.workflows.backups import manifest, taking
for alias in ("default", "owner"):
    connections[alias].settings_dict["NAME"] = sys.argv[2]
settings.STORAGES["default"]["OPTIONS"]["location"] = sys.argv[3]
manifest.write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
taking.take(Path(sys.argv[1]), tell=print)
"""


def test_a_killed_backup_looks_like_none_and_the_next_one_sweeps_it_away(played: Path, tmp_path: Path) -> None:
    name = connections["owner"].settings_dict["NAME"]
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(name), str(stored.folder())]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    (half,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert (half / manifest.DUMP).stat().st_size > 0
    assert backups.whole(tmp_path) == []
    taking.take(tmp_path, tell=str)
    assert not half.exists()
    assert len(backups.whole(tmp_path)) == 1


def test_two_backups_at_once_are_refused(played: Path, tmp_path: Path) -> None:
    with taking._alone(tmp_path), pytest.raises(BackupError, match="Another backup is being taken"):
        taking.take(tmp_path, tell=str)


def test_a_backup_among_the_files_that_it_copies_is_refused(played: Path) -> None:
    with pytest.raises(BackupError, match="lies among the files"):
        taking.take(stored.folder() / "backups", tell=str)


def test_a_file_that_the_database_names_and_nobody_has_is_named(played: Path, tmp_path: Path) -> None:
    name = next(measures.files()).name
    (stored.folder() / name).rename(tmp_path / "away")
    told = StringIO()
    try:
        with pytest.raises(CommandError, match="1 files that the database names were not there"):
            call_command("backup", to=tmp_path / "backups", stdout=told)
    finally:
        (tmp_path / "away").rename(stored.folder() / name)
    assert f"NOT FOUND: the database names the file {name}" in told.getvalue()
    (backup,) = backups.whole(tmp_path / "backups")
    assert _said(backup)["files_not_found"] == [name]


def test_a_missing_program_is_named_with_what_to_install() -> None:
    with pytest.raises(BackupError, match="apt-get install postgresql-client-99"):
        tools.find("pg_dump", major=99)


@pytest.mark.parametrize("major", [16, 17, 18])
def test_the_program_that_dumps_is_never_older_than_the_server(major: int) -> None:
    assert tools._major(tools.find("pg_dump", major=major)) >= major


def test_without_a_folder_it_asks_for_one(settings: Settings) -> None:
    settings.BACKUP_DIR = ""
    with pytest.raises(CommandError, match="Name a folder with --to"):
        call_command("backup")
    with pytest.raises(CommandError, match="Name its folder"):
        call_command("restore_drill")


# --- harmed ------------------------------------------------------------------------------------------------------

HARMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of the dump": (lambda b: _change_a_byte(b / manifest.DUMP), "database.dump was changed"),
    "the dump away": (lambda b: (b / manifest.DUMP).unlink(), "database.dump is missing"),
    "a byte of the heads": (lambda b: _change_a_byte(b / manifest.HEADS), "heads.tsv was changed"),
    "the list away": (lambda b: (b / manifest.HASHES).unlink(), "files.sha256 is missing"),
    "a file away": (lambda b: _a_file(b).unlink(), "the file .* is missing"),
    "a byte of a file": (lambda b: _change_a_byte(_a_file(b)), "the file .* was changed"),
    "a file more": (lambda b: (b / "files" / "more").touch(), "the file more is not on the list"),
    "another format": (lambda b: _say(b, format=2), "of format 2"),
    "half a manifest": (lambda b: (b / backups.MANIFEST).write_text("{"), "it is damaged"),
    "a manifest of other things": (lambda b: _say(b, more=1), "it is damaged"),
    "no manifest": (lambda b: (b / backups.MANIFEST).unlink(), "is no backup"),
    "a newer release": (
        lambda b: _say(b, migrations=[*_said(b)["migrations"], "ledger.9999_later"]),
        "newer release(.|\n)*ledger.9999_later is unknown here",
    ),
}


@pytest.mark.parametrize("harm", HARMS)
def test_whatever_was_changed_is_named_before_anything_is_touched(backup: Path, harm: str) -> None:
    restoring.check(backup, tell=str)
    do, says = HARMS[harm]
    do(backup)
    with pytest.raises(BackupError, match=says):
        restoring.check(backup, tell=str)


def test_a_newer_server_is_asked_for_when_the_backup_needs_one(backup: Path, elsewhere: Path) -> None:
    _say(backup, server="99.1")
    with pytest.raises(BackupError, match=r"comes from PostgreSQL 99\.1"):
        restoring.restore(backup, replace=False, tell=str)


# --- brought back ------------------------------------------------------------------------------------------------


def test_what_comes_back_is_compared_and_every_difference_named(backup: Path, elsewhere: Path) -> None:
    """A dump, a list and a file that were replaced together with their hashes are found by what they hold."""
    rows = _said(backup)["rows"]
    _say(backup, rows={**rows, "invoicing_invoice": 3})
    heads = (backup / manifest.HEADS).read_text().replace("INV-2026", "INV-2025", 1)
    _rewrite_part(backup, manifest.HEADS, heads.encode())
    changed = _a_file(backup)
    _change_a_byte(changed)
    listed = stored.listed(backup / manifest.HASHES)
    name = changed.relative_to(backup / manifest.FILES).as_posix()
    hashes = "".join(stored.line(stored.Stored(n, h, 0)) for n, h in {**listed, name: stored.sha256(changed)}.items())
    _rewrite_part(backup, manifest.HASHES, hashes.encode())
    with pytest.raises(BackupError) as refused:
        restoring.restore(backup, replace=False, tell=str)
    differences = str(refused.value)
    assert "table invoicing_invoice: 3 rows when backed up, 2 rows now" in differences
    assert "number series INV-2026" in differences
    assert f"the file {name} is not the one whose SHA-256 stands in the database" in differences


def test_a_restore_refuses_what_is_there_or_sets_it_aside(played: Path, elsewhere: Path) -> None:
    (backup,) = backups.whole(played)
    name = str(connections["owner"].settings_dict["NAME"])
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE TABLE precious (id int)")
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    with pytest.raises(CommandError, match=r"has tables and the folder .* has files: restore into an empty place"):
        call_command("restore", backup)

    told = StringIO()
    call_command("restore", backup, replace=True, stdout=told)
    assert measures.rows() == _said(backup)["rows"]
    assert {path.name for path in elsewhere.parent.glob("files*")} >= {"files"}
    (aside,) = [database for database in _databases(name) if database != name]
    assert aside in told.getvalue()
    with scratch_databases.pointing_at(aside):
        assert measures.tables_of_ours() == ["precious"]
    (folder,) = elsewhere.parent.glob("files.before-*")
    assert [path.name for path in folder.iterdir()] == ["precious"]


def test_a_dump_that_cannot_be_loaded_changes_nothing(backup: Path, elsewhere: Path) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE TABLE precious (id int)")
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    dump = (backup / manifest.DUMP).read_bytes()
    _rewrite_part(backup, manifest.DUMP, dump[: len(dump) * 2 // 3])
    with pytest.raises(BackupError, match="pg_restore failed"):
        restoring.restore(backup, replace=True, tell=str)
    assert measures.tables_of_ours() == ["precious"]
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]


# --- tried out ---------------------------------------------------------------------------------------------------


def _python_for_everybody() -> str | None:
    """An interpreter that an account without rights may run in this project; None when there is none."""
    alike = shutil.which(f"python{sys.version_info.major}.{sys.version_info.minor}", path="/usr/bin:/usr/local/bin")
    for candidate in (sys.executable, alike):
        try:
            command = [candidate or "", "-c", "import config.drill, django"]
            subprocess.run(command, check=True, user=NOBODY, cwd=ROOT, env=_paths(), capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    return None


def _paths() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")]), "PATH": os.defpath}


def _drill(backup: Path, *, place: Path, **account: Any) -> "subprocess.CompletedProcess[str]":
    python = (_python_for_everybody() if account else None) or sys.executable
    command = [python, "manage.py", "restore_drill", str(backup), "--in", str(place)]
    environment = {**drill.environment(place), **_paths()}
    return subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, **account)


def test_a_good_backup_passes_the_drill_and_nothing_is_left_behind(played: Path) -> None:
    """As root by an account without rights, so that both ways of running the server are tried in the suite."""
    (backup,) = backups.whole(played)
    with tempfile.TemporaryDirectory(prefix="cairn-") as home:
        place, copy, account = Path(home) / "place", Path(home) / backup.name, {}
        place.mkdir()
        shutil.copytree(backup, copy)
        if os.geteuid() == 0 and _python_for_everybody():
            account = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            for path in (Path(home), place, copy, *copy.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        done = _drill(copy, place=place, **account)
        assert done.returncode == 0, done.stdout + done.stderr
        assert list(place.iterdir()) == []
    for line in (
        "are as they were backed up",
        "checks, nothing differs",
        "every hash as it was written",
        "all as they were issued",
    ):
        assert line in done.stdout
    assert re.search(r"with a mailed code: /\w+/ opens", done.stdout)
    assert done.stdout.splitlines()[-1].startswith(f"{backup.name} passed the drill")


def test_a_bad_backup_fails_the_drill_with_the_reason(backup: Path) -> None:
    """As whoever runs the tests. The dump is right, and its books were cooked before: only the verifiers see that."""
    with tempfile.TemporaryDirectory(prefix="cairn-") as home:
        cooked = Path(home) / "backups"
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
            cursor.execute("UPDATE audit_entry SET actor_name = 'Nobody' WHERE position = 1")
        try:
            taking.take(cooked, tell=str)
        finally:
            with connections["owner"].cursor() as cursor:
                cursor.execute("UPDATE audit_entry SET actor_name = text::json->'actor'->>'name' WHERE position = 1")
                cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")
        (Path(home) / "place").mkdir()
        done = _drill(backups.whole(cooked)[0], place=Path(home) / "place")
        assert done.returncode == 1
        assert "the column actor_name says Nobody" in done.stdout
        assert "did not pass the drill" in done.stderr
        assert list((Path(home) / "place").iterdir()) == []

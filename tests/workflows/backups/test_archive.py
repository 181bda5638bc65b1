"""The machine is lost in the middle of its work: whatever was acknowledged is in the archive."""

import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from apps.core import backups
from config import drill
from config.embedded_pg.recovery import recover
from config.embedded_pg.server import PORT, SUPERUSER, Server

ROOT = Path(__file__).resolve().parents[3]
COMMITS, WRITERS = 300, 4
PATIENCE = 60


def address(server: Server) -> dict[str, Any]:
    return {"host": str(server.socket_folder()), "port": PORT, "user": SUPERUSER, "dbname": "postgres"}


@pytest.fixture
def home() -> Iterator[Path]:
    """Not below pytest's folder, which root keeps closed for the server's account."""
    with tempfile.TemporaryDirectory(prefix="cairn-") as folder:
        yield Path(folder)


@contextmanager
def archiving(home: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """``manage.py archive`` on the embedded server below ``home``, from the moment when commits wait for it."""
    command = [sys.executable, "manage.py", "archive", str(home / "archive"), *options]
    with (
        (home / "complaints").open("w") as complaints,
        subprocess.Popen(
            command, cwd=ROOT, env=drill.environment(home), stdout=subprocess.PIPE, stderr=complaints, text=True
        ) as process,
    ):
        assert process.stdout
        try:
            said = ""
            while "every commit waits" not in said:
                said = process.stdout.readline()
                assert said, (home / "complaints").read_text()
            yield process
        finally:
            process.kill()


def receiver_of(process: "subprocess.Popen[str]") -> psutil.Process:
    (receiver,) = [child for child in psutil.Process(process.pid).children() if child.name() == "pg_receivewal"]
    return receiver


def write_until_the_end(server: Server, acknowledged: list[int], number: int) -> None:
    """Commit row after row, and note each one that was acknowledged, until the server is gone."""
    try:
        with psycopg.connect(**address(server), autocommit=True) as connection:
            for row in range(number, 10_000_000, WRITERS):
                connection.execute("INSERT INTO deed VALUES (%s)", [row])
                acknowledged.append(row)
    except psycopg.OperationalError:
        return


def lose_the_machine(server: Server, *others: psutil.Process) -> None:
    """Everything stops at once, and the disk is gone."""
    running = [*server._processes(), *others]
    for process in running:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(running, timeout=PATIENCE)
    while server.cluster.exists():  # what dies late may take its own files away in the meantime
        shutil.rmtree(server.cluster, ignore_errors=True)


def found_after(place: Path, archive: Path) -> set[int]:
    """The rows that a server has which was recovered in a new place."""
    server = Server(place / "postgres")
    (base,) = archive.glob("base-*Z")
    recover(server, base=base, wal=archive / "wal")
    try:
        with psycopg.connect(**address(server), autocommit=True) as connection:
            connection.execute("INSERT INTO deed VALUES (-1)")  # and it writes again, without waiting for anybody
            return {row for (row,) in connection.execute("SELECT id FROM deed")}
    finally:
        server.detach()


def test_every_acknowledged_commit_comes_back_after_the_machine_was_lost(home: Path) -> None:
    server = Server(home / "postgres")
    acknowledged: list[int] = []
    with archiving(home) as archive:
        with psycopg.connect(**address(server), autocommit=True) as connection:
            connection.execute("CREATE TABLE deed (id bigint PRIMARY KEY)")
        writers = [
            threading.Thread(target=write_until_the_end, args=(server, acknowledged, number))
            for number in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        deadline = time.monotonic() + PATIENCE
        while len(acknowledged) < COMMITS and time.monotonic() < deadline:
            time.sleep(0.01)
        lose_the_machine(server, receiver_of(archive), psutil.Process(archive.pid))
        for writer in writers:
            writer.join(timeout=PATIENCE)
    assert len(acknowledged) >= COMMITS
    lost = set(acknowledged) - found_after(home / "new", home / "archive")
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged commits are lost"

    # The same, had only whole segments been handed over, as archive_command does: a test must be able to fail.
    for segment in (home / "archive" / "wal").glob("*.partial"):
        segment.unlink()
    with pytest.raises(psycopg.errors.UndefinedTable):
        found_after(home / "newer", home / "archive")


def test_nobody_gets_an_answer_for_what_is_not_in_the_archive_and_a_clean_stop_lets_go(home: Path) -> None:
    server = Server(home / "postgres")
    with archiving(home) as archive:
        server.attach()
        receiver = receiver_of(archive)
        with psycopg.connect(**address(server), autocommit=True) as connection:
            connection.execute("CREATE TABLE deed (id bigint PRIMARY KEY)")
            receiver.suspend()
            answer = threading.Thread(target=connection.execute, args=("INSERT INTO deed VALUES (1)",))
            answer.start()
            answer.join(timeout=1)
            assert answer.is_alive()
            receiver.resume()
            answer.join(timeout=PATIENCE)
            assert not answer.is_alive()
            archive.send_signal(signal.SIGTERM)
            assert archive.wait(timeout=PATIENCE) == 0, (home / "complaints").read_text()
            connection.execute("INSERT INTO deed VALUES (2)")
            assert connection.execute("SHOW synchronous_standby_names").fetchone() == ("",)
        server.detach()
    assert not receiver.is_running()
    assert list((home / "archive" / "wal").iterdir())


def managed(home: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """A command on the installation below ``home``."""
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        check=False,
        cwd=ROOT,
        env=drill.environment(home),
        capture_output=True,
        text=True,
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_database_and_files_come_back_by_the_command_and_nothing_is_written_over(home: Path, played: Path) -> None:
    (backup,) = backups.whole(played)
    server, archive, files = Server(home / "postgres"), home / "archive", home / "files"
    done = managed(home, "restore", str(backup))
    assert done.returncode == 0, done.stderr
    with archiving(home) as first:
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=PATIENCE) == 0
    (old,) = archive.glob("base-*Z")
    with archiving(home, "--new-base", "--keep", "1") as second:
        (base,) = archive.glob("base-*Z")
        assert base > old
        deadline = time.monotonic() + PATIENCE
        while contents(archive / "files") != contents(files) and time.monotonic() < deadline:
            time.sleep(0.1)
        lose_the_machine(server, receiver_of(second), psutil.Process(second.pid))
    before = contents(files)
    assert before
    shutil.rmtree(files)
    done = managed(home, "recover", str(archive))
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        for line in (
            "checks, nothing differs",
            "every hash as it was written",
            "all as they were issued",
            "Recovered.",
        ):
            assert line in done.stdout
        assert contents(files) == before
        done = managed(home, "recover", str(archive))
        assert done.returncode == 1
        assert "move the folder away first" in done.stderr
        assert contents(files) == before
    finally:
        lose_the_machine(server)

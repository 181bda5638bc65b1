"""The embedded server: shared by its users, gone after the last one, however that one ended."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from config.embedded_pg.errors import ServerError
from config.embedded_pg.server import MAX_CONNECTIONS, PORT, SUPERUSER, Server

USER = """
import sys
from pathlib import Path
from config.embedded_pg.server import Server
server = Server(Path(sys.argv[1]))
server.attach()
print("attached", flush=True)
sys.stdin.read()
server.detach()
"""
ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A cluster for the tests of this module. Not below pytest's folder, which root keeps closed for other accounts."""
    with tempfile.TemporaryDirectory(prefix="cairn-") as home:
        yield Path(home) / "postgres"


@contextmanager
def a_user_of(folder: Path, *, program: str = USER) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the server until its input ends."""
    command = [sys.executable, "-c", program, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            assert process.stdout.readline() == "attached\n"
            yield process
        finally:
            process.kill()


def postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def soon(true: Callable[[], bool]) -> bool:
    """Whether it becomes true within half a minute; a busy machine may need a while."""
    deadline = time.monotonic() + 30
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def is_down(folder: Path) -> bool:
    return not Server(folder).answers() and not (folder / "data" / "postmaster.pid").exists()


def test_the_last_user_stops_the_server_and_waits_for_it(folder: Path) -> None:
    server = Server(folder)
    server.attach()
    assert server.answers()
    with a_user_of(folder) as other:
        shared = postmaster(folder)
        server.detach()
        assert server.answers()
        assert postmaster(folder) == shared
        other.communicate()
    assert is_down(folder)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_server_is_left_behind_by_a_signal(folder: Path, end: signal.Signals) -> None:
    with a_user_of(folder) as user:
        assert not is_down(folder)
        user.send_signal(end)
        user.wait(timeout=120)
    assert soon(lambda: is_down(folder))


def test_a_killed_user_does_not_stop_the_server_of_another_one(folder: Path) -> None:
    with a_user_of(folder) as one, a_user_of(folder) as other:
        one.kill()
        one.wait(timeout=120)
        assert Server(folder).answers()
        other.communicate()
    assert is_down(folder)


def test_several_first_users_at_once_start_one_server() -> None:
    with tempfile.TemporaryDirectory(prefix="cairn-") as home:
        folder = Path(home) / "postgres"
        with a_user_of(folder) as one, a_user_of(folder) as two, a_user_of(folder) as three:
            assert postmaster(folder)
            for user in (one, two, three):
                user.communicate()
        assert is_down(folder)


def test_a_forked_child_uses_the_server_by_itself(folder: Path) -> None:
    program = USER.replace(
        'print("attached", flush=True)',
        """
import os
if os.fork() == 0:
    server.attach()
    print("attached", flush=True)
    sys.stdin.read()
    server.detach()
    os._exit(0)
os._exit(0)
""",
    )
    with a_user_of(folder, program=program) as parent:
        parent.wait(timeout=120)
        assert Server(folder).answers()
        parent.communicate()
    assert soon(lambda: is_down(folder))


def test_the_number_of_a_dead_server_that_now_means_another_program_is_no_obstacle(folder: Path) -> None:
    with a_user_of(folder) as user:
        user.communicate()
    pid_file = folder / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{folder / 'data'}\n0\n{PORT}\n\n\n\nready\n")
    with a_user_of(folder) as user:
        assert postmaster(folder) != os.getpid()
        user.communicate()
    assert is_down(folder)


def test_a_server_that_was_killed_starts_again_with_the_next_connection(folder: Path) -> None:
    server = Server(folder)
    server.attach()
    os.kill(postmaster(folder), signal.SIGKILL)
    assert soon(lambda: not server.answers())
    server.attach()
    assert server.answers()
    server.detach()
    assert is_down(folder)


def test_what_is_acknowledged_is_on_disk_and_there_is_room_for_many(folder: Path) -> None:
    server = Server(folder)
    server.attach()
    try:
        address = {"host": str(server.socket_folder()), "port": PORT, "user": SUPERUSER, "dbname": "postgres"}
        with psycopg.connect(**address, autocommit=True) as connection:  # type: ignore[arg-type]
            for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
                assert connection.execute(f"SHOW {name}").fetchone() == ("on",), name
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
            assert connection.execute("SHOW max_connections").fetchone() == (str(MAX_CONNECTIONS),)
            assert MAX_CONNECTIONS >= 200
    finally:
        server.detach()


def test_only_the_servers_account_may_enter_the_cluster(folder: Path) -> None:
    assert (folder / "data").stat().st_mode & 0o077 == 0
    if os.geteuid() == 0:
        assert (folder / "data").stat().st_uid != 0


def test_a_path_too_long_for_a_socket_gets_a_private_folder_elsewhere() -> None:
    with tempfile.TemporaryDirectory(prefix="cairn-") as home:
        folder = Path(home) / ("a-long-way-down" * 4) / ("and-further" * 5) / "postgres"
        server = Server(folder)
        server.attach()
        try:
            assert server.answers()
            assert server.socket_folder() != server.cluster
            assert server.socket_folder().stat().st_mode & 0o077 == 0
        finally:
            server.detach()
            shutil.rmtree(server.socket_folder())


def test_data_of_another_version_is_refused_with_advice() -> None:
    with tempfile.TemporaryDirectory(prefix="cairn-") as home:
        cluster = Path(home) / "postgres" / "data"
        cluster.mkdir(parents=True)
        (cluster / "PG_VERSION").write_text("16\n")
        with pytest.raises(ServerError, match="written by PostgreSQL 16"):
            Server(cluster.parent).attach()


def _python_for_everybody() -> str | None:
    """An interpreter like this one that an account without rights may run."""
    alike = shutil.which(f"python{sys.version_info.major}.{sys.version_info.minor}", path="/usr/bin:/usr/local/bin")
    for candidate in (sys.executable, alike):
        with tempfile.TemporaryFile() as nowhere:
            try:
                command = [candidate or "", "-c", "import config.embedded_pg.server"]
                subprocess.run(command, check=True, user=NOBODY, cwd=ROOT, env=_paths(), stdout=nowhere, stderr=nowhere)
            except (OSError, subprocess.CalledProcessError):
                continue
            return candidate
    return None


def _paths() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])}


@pytest.mark.skipif(os.geteuid() != 0, reason="all other tests have shown it: this is not root")
def test_a_user_without_rights_starts_a_server_and_is_told_whose_data_is_anothers(folder: Path) -> None:
    python = _python_for_everybody()
    if python is None:
        pytest.skip("no interpreter that an account without rights could run")
    with tempfile.TemporaryDirectory(prefix="cairn-") as home:
        os.chown(home, NOBODY, NOBODY)
        for place, outcome in ((Path(home) / "postgres", "attached\n"), (folder, "")):
            done = subprocess.run(
                [python, "-c", USER, str(place)],
                check=False,
                user=NOBODY,
                group=NOBODY,
                extra_groups=[],
                cwd=ROOT,
                env=_paths(),
                input="",
                capture_output=True,
                text=True,
            )
            assert done.stdout == outcome, done.stderr
        assert "belongs to another user" in done.stderr
        assert is_down(Path(home) / "postgres")


def test_a_command_without_need_of_the_database_starts_none_and_the_first_connection_makes_all() -> None:
    program = """
import sys
import django
from django.conf import settings
from django.core.management import call_command
django.setup()
call_command("check", "--tag", "models")
assert not (settings.DATA_DIR / "postgres").exists()
from django.db import connections
for alias in ("default", "owner"):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT session_user, current_user, current_database()")
        print(*cursor.fetchone())
"""
    with tempfile.TemporaryDirectory(prefix="cairn-") as home:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            check=False,
            cwd=ROOT,
            env={"PATH": os.defpath, "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": home, "SECRET_KEY": "x"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-2:] == ["cairn_login cairn_web cairn", "postgres postgres cairn"]
        assert is_down(Path(home) / "postgres")

"""One PostgreSQL and one database for all tests of this folder, and whatever serves it."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.house import Database, House, environment, prepared, serving

WAITRESS = (
    sys.executable,
    "-c",
    "from waitress.runner import run; run()",
    "--listen=127.0.0.1:{port}",
    "--threads=8",
    "--connection-limit=1000",
    "--channel-timeout=30",
    "config.wsgi:application",
)
"""What docs/operations.md recommends."""


@pytest.fixture(scope="package")
def home() -> Iterator[Path]:
    # Not below pytest's folder, which root keeps closed for the server's account.
    with tempfile.TemporaryDirectory(prefix="cairn-serving-") as home:
        Path(home).chmod(0o755)
        yield Path(home)


@pytest.fixture(scope="package")
def database(home: Path) -> Iterator[Database]:
    database = Database(home / "postgres")
    database.start()
    yield database
    database.stop()


@pytest.fixture(scope="package")
def sessions(database: Database, home: Path) -> dict[str, str]:
    """The cookies of a seller, a buyer and a financier who have signed in."""
    return prepared(database, home)


@pytest.fixture(scope="module")
def house(database: Database, home: Path, sessions: dict[str, str]) -> Iterator[House]:
    env = environment(database, home)
    with serving(env, *WAITRESS, cookies=sessions) as opened:
        yield opened


@pytest.fixture
def naive(database: Database, home: Path, sessions: dict[str, str]) -> Iterator[House]:
    """The same product behind a server that reads each request in the only thread that it has."""
    program = (
        "from wsgiref.simple_server import make_server; from config.wsgi import application;"
        " make_server('127.0.0.1', {port}, application).serve_forever()"
    )
    with serving(environment(database, home), sys.executable, "-c", program, cookies=sessions) as opened:
        yield opened

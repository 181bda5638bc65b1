"""Scratch databases: what is committed in one is met by its threads, and gone after it."""

import os
import subprocess
import sys

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.transaction import TransactionManagementError

from apps.core.database import scratch as scratch_databases
from apps.core.database.walls import WEB_ROLE
from tests.races import together


def _databases() -> set[str]:
    with scratch_databases.maintenance() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {name for (name,) in cursor.fetchall()}


def _current_database(alias: str = "default") -> str:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_database()")
        return str(cursor.fetchone()[0])


def _reserve_the_only_place() -> str:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_session (session_key, session_data, expire_date) VALUES ('one', '', now())")
    return _current_database()


@pytest.mark.django_db
def test_a_test_runs_as_the_web_role_in_a_copy_of_its_process() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        role, database = cursor.fetchone()
    assert role == WEB_ROLE
    assert database.startswith(f"cairn_scratch_{os.getpid()}_")


def test_both_aliases_and_every_thread_meet_the_scratch_database(scratch: str) -> None:
    assert {_current_database("default"), _current_database("owner")} == {scratch}
    assert together(*[_current_database] * 3) == [scratch] * 3


def test_of_eight_threads_one_gets_the_only_place(scratch: str) -> None:
    outcomes = together(*[_reserve_the_only_place] * 8)
    assert outcomes.count(scratch) == 1
    assert sum(isinstance(outcome, IntegrityError) for outcome in outcomes) == 7


def test_a_scratch_database_starts_without_what_another_one_committed(scratch: str) -> None:
    assert _reserve_the_only_place() == scratch


def test_a_scratch_database_is_gone_afterwards_and_the_names_are_as_before(scratch: str) -> None:
    with scratch_databases.scratch_database() as inner:
        assert _current_database() == inner != scratch
        assert inner in _databases()
    assert inner not in _databases()
    assert _current_database() == scratch


def test_a_scratch_database_can_copy_a_named_one(scratch: str) -> None:
    named = f"cairn_named_{os.getpid()}"
    scratch_databases.clone("template0", named)
    with scratch_databases.scratch_database(named) as copy:
        assert _current_database("owner") == copy
    scratch_databases.drop(named)
    assert named not in _databases()


@pytest.mark.django_db
def test_a_scratch_database_is_refused_inside_a_transaction() -> None:
    with pytest.raises(TransactionManagementError), scratch_databases.scratch_database():
        pass


def test_a_copy_to_copy_from_is_there_until_the_block_ends(scratch: str) -> None:
    with scratch_databases.kept_copy("template0") as kept:
        assert _current_database() == scratch
        with scratch_databases.scratch_database(kept) as copy:
            assert _current_database("owner") == copy
            assert kept in _databases(), "whoever begins sweeps nothing that is in use"
    assert kept not in _databases()


@pytest.mark.parametrize("made", ["scratch_database", "kept_copy"])
def test_what_a_killed_process_left_is_swept_away(scratch: str, made: str) -> None:
    program = """
import django; django.setup()
import os, signal, sys
from apps.core.database import scratch
with getattr(scratch, sys.argv[1])("template0") as name:
    print(name, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program, made], stdout=subprocess.PIPE, text=True, check=False)
    left = killed.stdout.strip()
    assert left in _databases()
    with scratch_databases.scratch_database("template0"):
        assert left not in _databases()

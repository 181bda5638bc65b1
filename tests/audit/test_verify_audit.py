"""``verify_audit`` finds every change of the trail that is not a complete forgery of a chain and its head."""

# Fixtures are imported by name.
# ruff: noqa: F811

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from apps.audit.management.commands import verify_audit
from apps.audit.models import Chain, Entry
from apps.core import canonical
from apps.core.database import walls
from tests.invoicing.conftest import Billed, story, untouched  # noqa: F401


def _verify() -> tuple[bool, str]:
    """Whether the trail is found sound, and what was printed."""
    out = io.StringIO()
    try:
        call_command("verify_audit", stdout=out)
    except CommandError as error:
        return False, out.getvalue() + str(error)
    return True, out.getvalue()


def _found_after(statement: str) -> str:
    """What is said after a superuser changed something with all triggers switched off; undone afterwards."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        assert cursor.rowcount >= 1
        sound, said = _verify()
        transaction.set_rollback(True, using="owner")
    assert not sound
    return said


def test_a_long_trail_is_read_piece_by_piece(untouched: Billed) -> None:
    """As cursors of Postgres: read at once, the trail of a million invoices took 19 GB of memory and never ended."""
    with transaction.atomic(using="owner"):
        reading = verify_audit._by_chain()
        next(reading)
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_cursors WHERE statement LIKE '%audit_%'")
            assert cursor.fetchone() == (2,)


def test_what_was_written_by_the_story_is_sound(untouched: Billed) -> None:
    with walls.asking_for(untouched.contract.seller_id):
        written = Entry.objects.filter(chain__subject=f"contract:{untouched.contract.ref}").order_by("position")
        assert [entry.position for entry in written] == list(range(1, len(written) + 1))
        assert {"milestone.accepted", "invoice.issued"} <= {entry.verb for entry in written}
        head = "0" * 64
        for entry in written:
            assert entry.previous == head
            head = canonical.sha256(head + entry.text)
            assert entry.sha256 == head
        assert Chain.objects.get(subject=f"contract:{untouched.contract.ref}").head == head
    sound, said = _verify()
    assert sound
    assert "every hash as it was written" in said


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE audit_entry SET text = replace(text, 'Bea Berg', 'Eva Berg') WHERE verb = 'milestone.accepted'",
            "its hash is not the hash of its text",
        ),
        (
            "UPDATE audit_entry SET text = text || ' ', sha256 = encode(sha256(convert_to(previous || text || ' ',"
            " 'UTF8')), 'hex') WHERE verb = 'milestone.accepted'",
            "does not follow from the entry before",
        ),
        ("DELETE FROM audit_entry WHERE verb = 'milestone.accepted'", "is missing"),
        (
            "UPDATE audit_entry SET position = position + 1 WHERE id IN (SELECT max(id) FROM audit_entry)",
            "is missing",
        ),
        (
            "DELETE FROM audit_entry e USING audit_chain c WHERE c.id = e.chain_id AND e.position = c.position",
            "the head says",
        ),
        ("UPDATE audit_chain SET position = position + 1", "the head says"),
        ("UPDATE audit_chain SET head = repeat('0', 64)", "the head says"),
        (
            "UPDATE audit_detail SET text = replace(text, 'Bea Berg', 'Eva Berg') WHERE text LIKE '%Bea Berg%'",
            "who acted, and from where, is not what its hash says",
        ),
        ("DELETE FROM audit_detail", "who acted, and from where, is not what its hash says"),
        ("UPDATE audit_entry SET actor_name = 'Eva'", "the column actor_name says Eva"),
        ("UPDATE audit_entry SET verb = 'nothing.happened'", "the column verb says nothing.happened"),
        ("UPDATE audit_entry SET subject = 'x'", "the column subject says x"),
        ("UPDATE audit_entry SET organisation_id = 77", "the column organisation_id says 77"),
        ("UPDATE audit_entry SET happened_at = happened_at - interval '1 day'", "the column happened_at says"),
    ],
)
def test_a_forgery_is_found_and_named(untouched: Billed, statement: str, words: str) -> None:
    assert words in _found_after(statement)


def test_one_change_is_one_problem(untouched: Billed) -> None:
    forged = "UPDATE audit_entry SET text = text || ' ' WHERE verb = 'milestone.accepted'"
    assert "1 problems in" in _found_after(forged)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET text = ''",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry CASCADE",
        "UPDATE audit_detail SET text = ''",
        "DELETE FROM audit_detail",
        "TRUNCATE audit_detail",
        "DELETE FROM audit_chain",
    ],
)
def test_the_trail_is_append_only_even_for_the_tables_owner(untouched: Billed, statement: str) -> None:
    with pytest.raises(IntegrityError, match=r"append-only|never deleted"), transaction.atomic(using="owner"):
        connections["owner"].cursor().execute(statement)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET text = ''", "DELETE FROM audit_entry", "DELETE FROM audit_detail"]
)
def test_the_web_role_may_only_add_to_the_trail(untouched: Billed, statement: str) -> None:
    with (
        walls.asking_for(untouched.contract.seller_id),
        pytest.raises(DatabaseError, match="permission denied"),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

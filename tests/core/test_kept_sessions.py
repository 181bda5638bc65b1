"""What is kept with a connection outlives neither the session that the server ended nor a column that changed."""

from typing import TYPE_CHECKING

from django.db import connection, connections

from apps.core.database import kept, walls
from apps.core.database.kept import Argument, Read
from apps.parties.models import Organisation
from tests import scenarios

if TYPE_CHECKING:
    from django.db.models import QuerySet


@Read
def organisation() -> "QuerySet[Organisation, Organisation]":
    return Organisation.objects.filter(pk=Argument("key")).order_by("pk")


def test_a_session_that_the_server_ended_meanwhile_is_opened_anew(scratch: str) -> None:
    with connection.cursor() as cursor, connections["owner"].cursor() as owner:
        cursor.execute("SELECT pg_backend_pid()")
        owner.execute("SELECT pg_terminate_backend(%s, 5000)", cursor.fetchone())
    connection.close_if_unusable_or_obsolete()  # as before every request and every job
    walls.enter(4711)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.orgs')")
        assert cursor.fetchone() == ("4711",)


def test_a_column_that_a_migration_changed_is_read_as_it_is_now(scratch: str) -> None:
    seller = scenarios.organisations().seller
    with walls.asking_for(seller.pk):
        assert organisation.first(key=seller.pk) == seller
        with connections["owner"].cursor() as owner:
            owner.execute("ALTER TABLE parties_organisation ALTER legal_name TYPE varchar(161)")
        for _again in range(2):
            assert organisation.first(key=seller.pk) == seller


def test_a_cursor_that_waits_holds_nothing_of_the_last_asker(scratch: str) -> None:
    seller = scenarios.organisations().seller
    with walls.asking_for(seller.pk):
        assert organisation.first(key=seller.pk) == seller
    with kept.cursor("SELECT %s::text") as cursor:
        cursor.execute("SELECT %s::text", ["secret"])
        assert cursor.fetchone() == ("secret",)
    for waiting in kept._waiting(connection.connection).values():
        assert (waiting._tx.pgresult, waiting._converted.params) == (None, None)

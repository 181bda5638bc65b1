"""What is kept with a connection outlives neither the session that the server ended nor a column that changed."""

from typing import TYPE_CHECKING

from django.db import connection, connections

from apps.core.database import walls
from apps.core.database.kept import Argument, Read
from apps.parties.models import Organisation

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

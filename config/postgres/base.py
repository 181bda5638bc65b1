"""Django's PostgreSQL backend, with an end to its patience.

A server that is frozen, or behind a network that swallows everything, neither answers nor refuses: its own
``statement_timeout`` cannot fire, and TCP finds nothing wrong with a machine whose kernel still acknowledges. So the
client counts for itself. ``PATIENCE`` of a database is how many seconds one statement may take until the connection is
given up with an ``OperationalError``; without it, the client waits as long as the server does.
"""

from types import SimpleNamespace
from typing import Any, Final

import psycopg
from django.db.backends.postgresql import base as postgresql
from psycopg.errors import _WaitTimeout

HEALTH_CHECK: Final = 3.0
"""Seconds within which a connection that was kept answers before it is used again."""


class PatientConnection(psycopg.Connection[Any]):
    """A connection whose every wait for the server ends."""

    patience: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As psycopg's; without an answer in time the connection is closed, for what was asked is still on its way."""
        if timeout is not None or self.patience is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience)
        except _WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the database did not answer within {self.patience:g} seconds") from None


class DatabaseWrapper(postgresql.DatabaseWrapper):
    """Connections that wait as long as the settings of their database say."""

    Database = SimpleNamespace(**{**vars(psycopg), "connect": PatientConnection.connect})  # type: ignore[assignment]

    def get_new_connection(self, conn_params: dict[str, Any]) -> PatientConnection:
        connection: PatientConnection = super().get_new_connection(conn_params)
        connection.patience = self.settings_dict.get("PATIENCE")
        return connection

    def is_usable(self) -> bool:
        """Whether the kept connection still answers: asked at the start of a request, and shortly."""
        kept = self.connection
        if not isinstance(kept, PatientConnection):
            return bool(super().is_usable())
        kept.patience = HEALTH_CHECK
        try:
            return bool(super().is_usable())
        finally:
            kept.patience = self.settings_dict.get("PATIENCE")

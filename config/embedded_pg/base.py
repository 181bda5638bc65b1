"""Django's PostgreSQL backend on the embedded server: the database when ``DATABASE_URL`` is unset.

The server starts with the first connection, so commands that need no database (``check``, ``--help``) start nothing.
"""

import atexit
import threading
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db.utils import OperationalError
from psycopg import sql

from apps.core.database.walls import WEB_ROLE
from config.embedded_pg.errors import ServerError
from config.embedded_pg.server import PORT, SUPERUSER, Server
from config.postgres import base as postgres

LOGIN_ROLE: Final = "cairn_login"
"""Who signs in for pages and jobs; it owns nothing and may do nothing until it becomes the web role."""
CONFIGURED_NAMES: Final = frozenset(database["NAME"] for database in settings.DATABASES.values())
"""Databases that are made when missing; scratch databases are made by those who want them."""

ROLES: Final = f"""
DO $$ BEGIN
  IF to_regrole('{WEB_ROLE}') IS NULL THEN CREATE ROLE {WEB_ROLE} NOLOGIN NOBYPASSRLS; END IF;
  IF to_regrole('{LOGIN_ROLE}') IS NULL THEN CREATE ROLE {LOGIN_ROLE} LOGIN NOINHERIT NOBYPASSRLS; END IF;
  IF NOT pg_has_role('{LOGIN_ROLE}', '{WEB_ROLE}', 'SET') THEN
    GRANT {WEB_ROLE} TO {LOGIN_ROLE} WITH INHERIT FALSE, SET TRUE;
  END IF;
END $$
"""
PREPARING: Final = 0x0CA1127
"""Number of the lock under which roles and database are made, so that two first starts do not collide."""

_mutex = threading.RLock()


@cache
def _server(folder: Path) -> Server:
    server = Server(folder)
    atexit.register(server.detach)
    return server


def server() -> Server:
    """The server of this project's ``DATA_DIR``."""
    with _mutex:
        return _server(Path(settings.DATA_DIR) / "postgres")


@cache
def _prepare(running: Server, *, name: str | None) -> None:
    """Make the roles, and the named database. Once per process and name."""
    with psycopg.connect(**_address(running), user=SUPERUSER, dbname="postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [PREPARING])
        connection.execute(ROLES)
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if name and not known:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _address(running: Server) -> dict[str, Any]:
    return {"host": str(running.socket_folder()), "port": PORT}


class DatabaseWrapper(postgres.DatabaseWrapper):
    """A connection to the embedded server, which it starts when needed."""

    def get_connection_params(self) -> dict[str, Any]:
        parameters: dict[str, Any] = super().get_connection_params()
        running = server()
        try:
            with _mutex:
                running.attach()
                name = self.settings_dict["NAME"]
                _prepare(running, name=name if name in CONFIGURED_NAMES else None)
        except (ServerError, psycopg.OperationalError) as error:
            raise OperationalError(str(error)) from error
        return {**parameters, **_address(running)}

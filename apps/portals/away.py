"""When the database is away: every page says so with 503 and when to come back, never with a 500.

The middleware stands before everything that asks the database (sessions, the door, the views). It looks whether the
database answers; what it cannot foresee, a database that goes away in the middle of a request, it hears from Django's
signal, wherever that happened. Nothing has to be restarted: the next request looks again.
"""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast

import psycopg
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.cache import add_never_cache_headers

DATABASE_AWAY: Final = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
TOO_LONG: Final = (psycopg.errors.lookup("25P03"), psycopg.errors.lookup("25P04"))
"""The server ended the session because a transaction idled or lasted too long. Python's database interface calls these
internal errors; whatever else ends a session (classes 08 and 57 of SQLSTATE) is an operational one."""
RETRY_AFTER: Final = 10
HANGS: Final = 0.5
LOOK_AGAIN_AFTER: Final = 1.0
"""Seconds. After an attempt that took as long as ``HANGS`` nobody looks again for a moment: requests must not queue up
behind a server that neither answers nor refuses."""
HEALTH: Final = "/health/"
"""Where operations ask. These pages look for themselves, whatever stands in the way of the others."""


def is_away(error: BaseException | None) -> bool:
    """Whether the error, or one that led to it, says that the database did not answer. Libraries wrap it."""
    while error is not None:
        if isinstance(error, (*DATABASE_AWAY, *TOO_LONG)):
            return True
        error = error.__cause__ or error.__context__
    return False


def answers() -> bool:
    """Whether the database answers now. The connection that is kept is looked at once a request, as it is anyway."""
    try:
        connection.close_if_health_check_failed()
        connection.ensure_connection()
    except DATABASE_AWAY:
        return False
    return True


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 from a template that asks the database nothing: a page for people, a piece of a page for htmx."""
    template = "503_piece.html" if request.headers.get("HX-Request") else "503.html"
    with translation.override(translation.get_language_from_request(request)):
        response = HttpResponse(render_to_string(template), status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    add_never_cache_headers(response)
    return response


class AwayMiddleware:
    """Answer for a database that does not."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._not_before = 0.0
        got_request_exception.connect(_remember, dispatch_uid="database away")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(HEALTH):
            with suppress(Resolver404):
                return cast("HttpResponseBase", resolve(request.path_info).func(request))
        if not self._answers():
            return unavailable(request)
        response = self.get_response(request)
        return unavailable(request) if getattr(request, "database_is_away", False) else response

    def _answers(self) -> bool:
        began = time.monotonic()
        if began < self._not_before:
            return False
        if answers():
            return True
        if time.monotonic() - began > HANGS:
            self._not_before = time.monotonic() + LOOK_AGAIN_AFTER
        return False


def _remember(request: HttpRequest | None = None, **_signal: Any) -> None:
    """Called by Django while the exception that nobody caught is being handled."""
    if request is not None and is_away(sys.exc_info()[1]):
        request.database_is_away = True  # type: ignore[attr-defined]

"""Who asks too often is told so, with 429 and when to come back."""

import ipaddress
import math
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import ngettext

from apps.portals.access import address_of, signed_in_user
from apps.workflows import limits
from apps.workflows.limits import TooOften

NETWORK: Final = 64
"""Bits of an IPv6 address that one subscriber has for itself (RFC 6177): all its addresses count as one."""
SEARCH: Final = "q"


def handler429(request: HttpRequest) -> HttpResponse:
    """The page for limits of allauth, whose windows of this kind are a minute."""
    return too_often(request, timedelta(minutes=1))


def too_often(request: HttpRequest, wait: timedelta) -> HttpResponse:
    """The page that says when to try again."""
    return told(render(request, "429.html", {"wait": in_words(wait)}), wait)


def told(response: HttpResponse, wait: timedelta) -> HttpResponse:
    """The answer as one that says when to try again, also to programs."""
    response.status_code = 429
    response["Retry-After"] = str(max(1, math.ceil(wait.total_seconds())))
    add_never_cache_headers(response)
    return response


def in_words(wait: timedelta) -> str:
    """``40 seconds``, ``5 minutes``: rounded up, so that it is true."""
    seconds = max(1, math.ceil(wait.total_seconds()))
    if seconds < 60:
        return ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
    minutes = math.ceil(seconds / 60)
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}


def network_of(request: HttpRequest) -> str:
    """From where a request comes, as limits count it: an IPv4 address, or the network of an IPv6 one."""
    address = address_of(request)
    with suppress(ValueError):
        if ipaddress.ip_address(address).version == 6:
            return str(ipaddress.ip_network(f"{address}/{NETWORK}", strict=False))
    return address


class TooOftenMiddleware:
    """Count searches, wherever they are, and answer for every limit that is reached."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """Searching costs more than reading a page."""
        user = signed_in_user(request)
        if user is None or not request.GET.get(SEARCH):
            return None
        try:
            limits.count(limits.SEARCHES, str(user.pk))
        except TooOften as reached:
            return too_often(request, reached.wait)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        return too_often(request, exception.wait) if isinstance(exception, TooOften) else None

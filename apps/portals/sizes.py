"""Requests that no page of ours makes are refused before anything of them is read or stored."""

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render


class RequestSizeMiddleware:
    """Answer 413 to a body that is larger than any form of ours; without a session, than any form without files."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_known = request.user.is_authenticated
        most = settings.REQUEST_MAX_BYTES if is_known else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if _length(request) > most:
            return render(request, "413.html", {"most": most}, status=413)
        return self.get_response(request)


class AddressMiddleware:
    """Answer 404 to an address with a NUL in it: no reference and no search has one, and Postgres can hold none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise Http404
        return self.get_response(request)


def _length(request: HttpRequest) -> int:
    """What the client says that it sends; a server passes on no more than that."""
    written = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(written) if written.isascii() and written.isdigit() else 0

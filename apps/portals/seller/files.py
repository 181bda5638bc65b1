"""Files on their way out: handed over to be kept, never to be run in the portal."""

from typing import Any

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404


def opened(stored_as: str) -> "File[Any]":
    """The stored bytes; 404 when they are not there."""
    try:
        return default_storage.open(stored_as)
    except FileNotFoundError:
        raise Http404 from None


def attachment(stored: "File[Any]", *, name: str, content_type: str) -> FileResponse:
    """A download that no browser sniffs, frames or scripts."""
    response = FileResponse(stored, as_attachment=True, filename=name, content_type=content_type)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response

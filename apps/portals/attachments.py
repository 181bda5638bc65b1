"""Files on their way out, through whichever door: handed over to be kept by their reader, never to be run or cached."""

from typing import TypeVar

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponseBase
from django.utils.cache import add_never_cache_headers

Answer = TypeVar("Answer", bound=HttpResponseBase)


def attachment(stored_as: str, *, name: str, content_type: str) -> FileResponse:
    """Stored bytes of which the caller knows that the reader may have them; 404 when they are not there."""
    try:
        stored = default_storage.open(stored_as)
    except FileNotFoundError:
        raise Http404 from None
    return harmless(FileResponse(stored, as_attachment=True, filename=name, content_type=content_type))


def harmless(response: Answer) -> Answer:
    """The same answer with the words by which no browser sniffs, frames, scripts or keeps it."""
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    add_never_cache_headers(response)
    return response

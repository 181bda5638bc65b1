"""The press: a child process in which WeasyPrint lays documents out, warm, with limits of memory, time and length.

What a document says comes from people; were it to break the renderer, the child breaks, and the worker goes on.
"""

import json
from typing import Final

from apps.core.child import Child, ChildFailed, serve

MEMORY: Final = 1024 * 2**20
"""Bytes of address space. Fifty lines of four thousand characters each take less than a third of it."""
SECONDS: Final = 120.0
"""For one document, the start of the child included. An invoice takes a fifth of a second, on a busy machine more."""
LONGEST: Final = 500_000
"""Characters of a page: twice what fifty lines of the longest texts come to."""
_child = Child("apps.invoicing.press", memory=MEMORY, seconds=SECONDS)


class PangoMissingError(RuntimeError):
    """The system library that lays out text is not installed; everything but documents works without it."""

    def __init__(self) -> None:
        super().__init__("PDF documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0")


class TooLongError(ValueError):
    """The page has more text than any document."""


def pdf(html: str, *, xml: bytes, issued_at: str) -> bytes:
    """The page as a PDF with the XML inside, if there is one; ``issued_at`` is the instant of its files (ISO 8601)."""
    if len(html) > LONGEST:
        raise TooLongError(f"The page has {len(html)} characters; a document has {LONGEST} at most.")
    order = json.dumps({"issued_at": issued_at}).encode()
    try:
        (content,) = _child.ask(order, html.encode(), xml)
    except ChildFailed as failed:
        if failed.kind == PangoMissingError.__name__:
            raise PangoMissingError from failed
        raise
    return content


def _press(question: list[bytes]) -> list[bytes]:
    order, html, xml = question
    try:
        # Here and not above: the import takes a second and needs Pango, and only this child needs it.
        from apps.invoicing import printing
    except OSError as error:
        raise PangoMissingError from error
    return [printing.pdf(html.decode(), xml=xml, **json.loads(order))]


if __name__ == "__main__":
    serve(_press)

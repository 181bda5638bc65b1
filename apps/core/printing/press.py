"""The press: a child process in which WeasyPrint lays documents out, warm, with limits of memory, time and length.

What a document says comes from people; were it to break the renderer, the child breaks, and the worker goes on.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from apps.core.child import Child, ChildFailed, serve
from apps.core.printing.parts import Inside, Property, Schema

MEMORY: Final = 1024 * 2**20
"""Bytes of address space. Fifty lines of four thousand characters each take less than a third of it."""
SECONDS: Final = 120.0
"""For one document, the start of the child included. An invoice takes a fifth of a second, on a busy machine more."""
LONGEST: Final = 500_000
"""Characters of a page: twice what fifty lines of the longest texts come to."""
_child = Child("apps.core.printing.press", memory=MEMORY, seconds=SECONDS)


class PangoMissingError(RuntimeError):
    """The system library that lays out text is not installed; everything but documents works without it."""

    def __init__(self) -> None:
        super().__init__("PDF documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0")


class TooLongError(ValueError):
    """The page has more text than any document."""


def pdf(
    html: str,
    *,
    style: str,
    at: str,
    inside: Sequence[Inside] = (),
    says: Sequence[Schema] = (),
    logo: bytes = b"",
) -> bytes:
    """The page as a PDF with its files inside; ``at`` is the instant of these files (ISO 8601).

    Refused inside a transaction, whose locks would be held as long: what is printed is issued and committed before.
    """
    _refuse_in_a_transaction()
    if len(html) > LONGEST:
        raise TooLongError(f"The page has {len(html)} characters; a document has {LONGEST} at most.")
    order = {
        "style": style,
        "at": at,
        "inside": [{**asdict(one), "content": None} for one in inside],
        "says": [asdict(schema) for schema in says],
    }
    try:
        (content,) = _child.ask(json.dumps(order).encode(), html.encode(), logo, *(one.content for one in inside))
    except ChildFailed as failed:
        if failed.kind == PangoMissingError.__name__:
            raise PangoMissingError from failed
        raise
    return content


def _refuse_in_a_transaction() -> None:
    from django.db import connection  # not above: the child has no database

    # As Django tells a durable block: the transaction that a test is wrapped in does not count.
    if any(not block._from_testcase for block in connection.atomic_blocks):  # type: ignore[attr-defined]
        raise RuntimeError("A document is printed outside of any transaction: commit first, then print it in a job.")


def _press(question: list[bytes]) -> list[bytes]:
    order, html, logo, *contents = question
    try:
        # Here and not above: the import takes a second and needs Pango, and only this child needs it.
        from apps.core.printing import renderer
    except OSError as error:
        raise PangoMissingError from error
    told = json.loads(order)
    inside = [Inside(**{**one, "content": content}) for one, content in zip(told["inside"], contents, strict=True)]
    says = [
        Schema(**{**schema, "properties": [Property(**one) for one in schema["properties"]]}) for schema in told["says"]
    ]
    page = html.decode()
    return [renderer.pdf(page, style=told["style"], at=told["at"], inside=inside, says=says, logo=logo)]


if __name__ == "__main__":
    serve(_press)

"""Lists in pages by key: "the 25 after this one", which stays quick and right while rows come in on top."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

PAGE = 25


Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """One page of rows, newest first, with the addresses of its neighbours (empty where there is none)."""

    rows: list[Row]
    previous_url: str
    next_url: str


def page_of(request: HttpRequest, rows: QuerySet[Row, Row], *, size: int = PAGE) -> Page[Row]:
    """The page that ``?after=<ref>`` or ``?before=<ref>`` names, in one query; filters in the address are kept.

    ``rows`` must be filtered to what the actor may see: a reference that is not among them gives an empty page.
    """
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    if after:
        newest_first = rows.filter(pk__lt=rows.order_by().filter(ref=after).values("pk")[:1])
        found = list(newest_first.order_by("-pk")[: size + 1])
        return _page(request, found[:size], has_newer=True, has_older=len(found) > size)
    if before:
        oldest_first = rows.filter(pk__gt=rows.order_by().filter(ref=before).values("pk")[:1])
        found = list(oldest_first.order_by("pk")[: size + 1])
        return _page(request, found[:size][::-1], has_newer=len(found) > size, has_older=True)
    found = list(rows.order_by("-pk")[: size + 1])
    return _page(request, found[:size], has_newer=False, has_older=len(found) > size)


def _page(request: HttpRequest, rows: list[Row], *, has_newer: bool, has_older: bool) -> Page[Row]:
    return Page(
        rows=rows,
        previous_url=_address(request, before=rows[0]) if rows and has_newer else "",
        next_url=_address(request, after=rows[-1]) if rows and has_older else "",
    )


def _address(request: HttpRequest, **edge: Any) -> str:
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    for name, row in edge.items():
        query[name] = str(row.ref)
    return f"?{query.urlencode()}"

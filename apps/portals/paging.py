"""Lists in pages by key: "the 25 after this one", which stays quick and right while rows come in on top."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, Model, Q, QuerySet
from django.http import HttpRequest

from apps.parties.actor import Actor
from apps.parties.models import User

PAGE = 25
MOST_COUNTED = 100
"""Beyond this a page says "100+": counting everything would take longer the more there is."""


Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """One page of rows, newest first, with the addresses of its neighbours (empty where there is none)."""

    rows: list[Row]
    previous_url: str
    next_url: str


def page_of(request: HttpRequest, rows: QuerySet[Row, Row], *, size: int = PAGE, key: str = "ref") -> Page[Row]:
    """The page that ``?after=<ref>`` or ``?before=<ref>`` names, in one query; filters in the address are kept.

    ``rows`` must be filtered to what the actor may see: a reference that is not among them gives an empty page.
    ``key`` names what stands for a row in the address, unique among them.
    """
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    if after:
        found = _first(
            rows, rows.filter(pk__lt=rows.order_by().filter(**{key: after}).values("pk")[:1]), "-pk", size + 1
        )
        return _page(request, found[:size], has_newer=True, has_older=len(found) > size, key=key)
    if before:
        found = _first(
            rows, rows.filter(pk__gt=rows.order_by().filter(**{key: before}).values("pk")[:1]), "pk", size + 1
        )
        return _page(request, found[:size][::-1], has_newer=len(found) > size, has_older=True, key=key)
    found = _first(rows, rows, "-pk", size + 1)
    return _page(request, found[:size], has_newer=False, has_older=len(found) > size, key=key)


def _first(rows: QuerySet[Row, Row], among: QuerySet[Row, Row], order: str, most: int) -> list[Row]:
    """The first of some rows, found by their keys alone: what a page shows beside is joined to these and no others."""
    keys = among.order_by(order).values("pk")[:most]
    return list(rows.filter(pk__in=keys).order_by(order))


def counted(actor: Actor, rows: QuerySet[Any, Any], rules: Mapping[str, Q]) -> dict[str, int]:
    """How many rows each rule meets, in one query, as :func:`sizes` counts."""
    return sizes(actor, {name: rows.filter(rule) for name, rule in rules.items()})


def sizes(actor: Actor, lists: Mapping[str, QuerySet[Any, Any]]) -> dict[str, int]:
    """How long each list is, in one query; of one longer than ``MOST_COUNTED``, one more is said and no other read."""
    found = {
        name: Func(
            ArraySubquery(rows.order_by().values("pk")[: MOST_COUNTED + 1]),
            function="cardinality",
            output_field=IntegerField(),
        )
        for name, rows in lists.items()
    }
    if not found:
        return {}
    answer = User.objects.values_list(*found.values()).get(pk=actor.user_id or 0)
    return dict(zip(found, answer, strict=True))


def shown_size(count: int) -> str:
    """The length of a list as :func:`sizes` says it, for reading."""
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)


def _page(request: HttpRequest, rows: list[Row], *, has_newer: bool, has_older: bool, key: str) -> Page[Row]:
    return Page(
        rows=rows,
        previous_url=_address(request, before=getattr(rows[0], key)) if rows and has_newer else "",
        next_url=_address(request, after=getattr(rows[-1], key)) if rows and has_older else "",
    )


def _address(request: HttpRequest, **edge: Any) -> str:
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    for name, value in edge.items():
        query[name] = str(value)
    return f"?{query.urlencode()}"

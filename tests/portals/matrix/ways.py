"""The two walls, with either of them taken away: what is left must hold alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseNotFound

from config import urls

FILTERS = ("visible_to", "of_seller", "of_buyer")
"""What querysets call the first wall."""


class Way(StrEnum):
    BOTH = "both walls"
    SECOND_ALONE = "row-level security alone"
    FIRST_ALONE = "visible_to alone"


EITHER_ALONE = (Way.SECOND_ALONE, Way.FIRST_ALONE)
"""What each wall alone keeps from strangers, both together keep from them."""


@contextmanager
def standing(way: Way) -> Iterator[None]:
    """Inside the block only these walls stand."""
    if way is Way.SECOND_ALONE:
        with without_filters():
            yield
    elif way is Way.FIRST_ALONE:
        with without_policies():
            yield
    else:
        yield


@contextmanager
def without_filters() -> Iterator[None]:
    """Every ``visible_to`` answers with all rows, whoever asks."""
    with pytest.MonkeyPatch.context() as patch:
        for queryset in {type(model._default_manager.all()) for model in apps.get_models() if _is_ours(model)}:
            for name in FILTERS:
                if hasattr(queryset, name):
                    patch.setattr(queryset, name, _everything)
        yield


@contextmanager
def without_policies() -> Iterator[None]:
    """Pages ask the database as the owner, whom no policy holds."""
    web, owner = connections["default"], connections["owner"]
    before = {name: web.settings_dict[name] for name in ("USER", "PASSWORD", "OPTIONS")}
    web.close()
    web.settings_dict.update({name: owner.settings_dict[name] for name in before})
    try:
        yield
    finally:
        web.close()
        web.settings_dict.update(before)


@contextmanager
def plain_refusals() -> Iterator[None]:
    """A 404, and a 403 of a forged request, without its page, which is the same everywhere and is tried on its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(urls, "handler404", _nothing_here, raising=False)
        patch.setattr(settings, "CSRF_FAILURE_VIEW", f"{__name__}.{is_forged.__name__}")
        yield


def is_forged(_request: HttpRequest, reason: str) -> HttpResponse:
    """Django finds it by its name."""
    return HttpResponseForbidden()


def _nothing_here(_request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponseNotFound()


def _everything(rows: QuerySet[Any], actor: object) -> QuerySet[Any]:
    return rows.all()


def _is_ours(model: type[Model]) -> bool:
    return model.__module__.startswith("apps.")

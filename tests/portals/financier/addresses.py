"""Every address under the financiers' door that a story gives something to show: lists, rows, and actions on rows."""

from typing import Any

from django.contrib import admin
from django.urls import reverse

from apps.parties.actor import Actor
from tests.scenarios import acting


def lists() -> list[str]:
    """The dashboard and every list."""
    return [
        reverse("admin:index"),
        reverse("admin:open_facility"),
        *(_named(model, "changelist") for model in _windows()),
    ]


def rows(actor: Actor) -> list[str]:
    """The page of every row that the actor may see, and every action on it."""
    with acting(actor):
        return [
            address
            for model, window in _windows().items()
            for row in window.rows(actor)
            for address in (
                _named(model, "change", window.key_of(row)),
                *(reverse(f"admin:{page.name}", args=[row.ref]) for page in window.pages if "<" in page.route),
            )
        ]


def _windows() -> dict[Any, Any]:
    return admin.site._registry


def _named(model: Any, what: str, *keys: str) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=list(keys))

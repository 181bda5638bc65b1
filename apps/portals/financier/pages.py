"""What the financier's pages share: who asks, which day it is, where a row stands, and why a button is missing."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.core.errors import NotAllowed
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.access import PortalRequest, actor_of
from apps.portals.forms import explain
from apps.portals.moment import now_of

Crumbs = list[tuple[str, str]]


def asker(request: HttpRequest) -> Actor:
    """Whoever asks; 404 for nobody. The door has checked that it is somebody of a financier."""
    actor = actor_of(request)
    if actor is None:
        raise Http404
    return actor


def today_of(request: HttpRequest) -> date:
    """The calendar day where the financier is: by it payments are sent, received and overdue."""
    zone = cast("PortalRequest", request).membership.organisation.time_zone
    return now_of(request).astimezone(ZoneInfo(zone)).date()


def why_not(actor: Actor, action: Action) -> str:
    """Nothing when the actor's role permits the action, else the reason to show in the place of its button."""
    try:
        actor.require(action)
    except NotAllowed as refused:
        return explain(refused)
    return ""


def address(model: type[Model], key: str = "") -> str:
    """Where the window of a model shows its rows, or the one with this key."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    return reverse(f"{name}_change", args=[key]) if key else reverse(f"{name}_changelist")


def link(model: type[Model], key: str, words: str) -> SafeString:
    """A link to one row of another window."""
    return format_html('<a href="{}">{}</a>', address(model, key), words)


def crumbs(*steps: tuple[str, str]) -> Crumbs:
    """The way from the dashboard to a page."""
    return [(_("Dashboard"), reverse("admin:index")), *steps]


def rate(percent: Decimal) -> str:
    """A rate that is kept in per cent: ``Decimal("12.5")`` is ``12.5%``."""
    return formats.percent(percent / 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """The way to an action; ``refusal`` are the words that stand in its place for whoever may not take it."""

    label: str
    url: str
    refusal: str = ""
    icon: str = ""
    css: str = "btn-secondary"


def next_button(waiting: QuerySet[Any], row: Model) -> list[Button]:
    """The way to what waits after this row in its queue, from the beginning again after the last; nothing alone."""
    others = waiting.exclude(pk=row.pk).order_by("pk")
    found = others.filter(pk__gt=row.pk).first() or others.first()
    if found is None:
        return []
    return [Button(label=_("Next in the queue"), url=address(type(row), found.ref), icon="chevron-right")]

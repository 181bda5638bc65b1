"""What the buyer's pages share: their status, the buyer's calendar day, and why a button is missing."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.errors import NotAllowed
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.models import Milestone
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action
from apps.portals import moment
from apps.portals.access import PortalRequest
from apps.portals.forms import explain

Crumbs = list[tuple[str, str]]


def page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, zone: str, form: BaseForm | None = None
) -> HttpResponse:
    """The page, with dates and times in the buyer's ``zone``; 422 when it shows again a form that was refused."""
    status = 422 if form is not None and form.is_bound and form.errors else 200
    with timezone.override(ZoneInfo(zone)):
        return render(request, f"buyer/{template}.html", {**context, "form": form, "zone": zone}, status=status)


def tell(request: PortalRequest, text: str) -> None:
    """Say on the next page what was done. A guest's next page says it itself: it has nothing else to show."""
    if request.actor.kind is ActorKind.USER:
        messages.success(request, text)


def zone_of(request: PortalRequest) -> str:
    """The time zone of the member's organisation."""
    return request.membership.organisation.time_zone


def today_of(request: PortalRequest) -> date:
    """The calendar day in the buyer's time zone: by it invoices are due and overdue on the buyer's pages."""
    return moment.today_of(request, zone_of(request))


def why_not(actor: Actor, action: Action) -> str:
    """Nothing when the actor's role permits the action, else the reason to show in the place of its button.

    A guest came through a link for this very action; whether it is still alive is said by the service.
    """
    if actor.kind is ActorKind.GUEST:
        return ""
    try:
        actor.require(action)
    except NotAllowed as refused:
        return explain(refused)
    return ""


def why_not_sign_off(request: PortalRequest, milestone: Milestone) -> str:
    """The same for signing off: a role that allows it, and a limit that reaches the amount."""
    actor = request.actor
    missing = why_not(actor, Action.DECIDE_MILESTONE)
    if missing or actor.kind is ActorKind.GUEST:
        return missing
    try:
        rules.check_limit(
            Money(milestone.amount, milestone.currency),
            limit=actor.approval_limit,
            limit_currency=request.membership.organisation.currency,
        )
    except NotAllowed as refused:
        return explain(refused)
    return ""


def contract_crumbs(*more: tuple[str, str]) -> Crumbs:
    return [(_("Contracts"), reverse("buyer:contracts")), *more]


def invoice_crumbs(*more: tuple[str, str]) -> Crumbs:
    return [(_("Invoices"), reverse("buyer:invoices")), *more]

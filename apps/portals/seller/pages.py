"""What the seller's pages share: their status, the seller's calendar day, and why a button is missing."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.core.errors import NotAllowed
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import moment
from apps.portals.access import PortalRequest
from apps.portals.forms import explain

Crumbs = list[tuple[str, str]]


def today_of(request: PortalRequest) -> date:
    """The calendar day in the seller's time zone: by it invoices are overdue and payments arrive."""
    return moment.today_of(request, request.membership.organisation.time_zone)


def page(
    request: PortalRequest, template: str, context: Mapping[str, Any], *, form: BaseForm | None = None
) -> HttpResponse:
    """The page; 422 when it shows again a form that was refused."""
    status = 422 if form is not None and form.is_bound and form.errors else 200
    return render(request, f"seller/{template}.html", {**context, "form": form}, status=status)


def why_not(actor: Actor, action: Action) -> str:
    """Nothing when the actor's role permits the action, else the reason to show in the place of its button."""
    try:
        actor.require(action)
    except NotAllowed as refused:
        return explain(refused)
    return ""


def contract_crumbs(*more: tuple[str, str]) -> Crumbs:
    return [(_("Contracts"), reverse("seller:contracts")), *more]


def invoice_crumbs(*more: tuple[str, str]) -> Crumbs:
    return [(_("Invoices"), reverse("seller:invoices")), *more]


def funding_crumbs(*more: tuple[str, str]) -> Crumbs:
    return [(_("Get paid early"), reverse("seller:funding")), *more]

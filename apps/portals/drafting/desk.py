"""At whose desk a version is written: the seller's or the buyer's. The pages are the same, the addresses are not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.contracts.models import Contract, ContractVersion
from apps.contracts.models.contract import ContractQuerySet
from apps.core.errors import NotAllowed
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import moment
from apps.portals.access import PortalRequest
from apps.portals.forms import explain

Crumbs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Desk:
    """``side`` is ``seller`` or ``buyer``, which is also the name of the portal."""

    side: str

    @property
    def has_crumbs(self) -> bool:
        """Whether there are pages above, to go back to."""
        return True

    @property
    def base(self) -> str:
        """The template on which its pages stand."""
        return f"{self.side}/base.html"

    def contracts(self, actor: Actor) -> ContractQuerySet:
        """The contracts in which the actor's organisation is this side."""
        every = Contract.objects
        return every.of_seller(actor) if self.side == "seller" else every.of_buyer(actor)

    def contract(self, request: PortalRequest, ref: str) -> Contract:
        """One of them; 404 for any other."""
        return get_object_or_404(self.contracts(request.actor).select_related("seller", "buyer"), ref=ref)

    def draft(self, request: PortalRequest, contract: Contract) -> ContractVersion | None:
        """What this side is writing on a contract, with all that is read of it."""
        drafts = self.drafts(request, contract).select_related("contract__seller", "contract__buyer")
        return drafts.prefetch_related("lines__criteria").first()

    def drafts(self, request: PortalRequest, contract: Contract) -> "QuerySet[ContractVersion]":
        """The version that this side is writing on a contract, if there is one."""
        visible = ContractVersion.objects.visible_to(request.actor)
        return visible.filter(contract=contract, author=self.side, proposed_at__isnull=True)

    def today(self, request: PortalRequest) -> date:
        """The calendar day where the organisation is."""
        return moment.today_of(request, request.membership.organisation.time_zone)

    def url(self, name: str, ref: str) -> str:
        """Where something is done at this desk."""
        return reverse(f"{self.side}:{name}", args=[ref])

    def crumbs(self, *more: tuple[str, str]) -> Crumbs:
        return [(_("Contracts"), reverse(f"{self.side}:contracts")), *more]

    def page(
        self,
        request: PortalRequest,
        template: str,
        context: Mapping[str, Any],
        *,
        room: str = "drafting",
        form: BaseForm | None = None,
        is_refused: bool = False,
    ) -> HttpResponse:
        """The page of a room; 422 when it shows again what was refused."""
        status = 422 if is_refused or (form is not None and form.is_bound and form.errors) else 200
        more = {"form": form, "desk": self, "side": self.side, "base": self.base}
        return render(request, f"{room}/{template}.html", {**context, **more}, status=status)


def why_not(actor: Actor, action: Action) -> str:
    """Nothing when the actor's role permits the action, else the reason to show in the place of its button."""
    try:
        actor.require(action)
    except NotAllowed as refused:
        return explain(refused)
    return ""

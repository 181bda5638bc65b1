"""On whose side a page stands: its base, its addresses, its calendar."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from apps.invoicing.models import CreditNote
from apps.milestones.models import Milestone, Nullification
from apps.milestones.models.nullification import NullificationQuerySet
from apps.parties.actor import Actor
from apps.portals.access import PortalRequest


@dataclass(frozen=True, slots=True)
class Side:
    """``seller`` or ``buyer``: what is theirs, and where it stands."""

    name: str

    @property
    def base(self) -> str:
        """The template on which its pages stand."""
        return f"{self.name}/base.html"

    @property
    def has_crumbs(self) -> bool:
        """Whether there are pages above, to go back to."""
        return True

    def zone_of(self, request: PortalRequest) -> str:
        """In which time zone its pages say when."""
        return request.membership.organisation.time_zone

    def url(self, page: str, ref: str) -> str:
        return reverse(f"{self.name}:{page}", args=[ref])

    def list_url(self, page: str) -> str:
        return reverse(f"{self.name}:{page}")

    def notes(self, actor: Actor) -> QuerySet[CreditNote, CreditNote]:
        """The credit notes that this side issued or got."""
        notes = CreditNote.objects
        mine = notes.of_seller(actor) if self.name == "seller" else notes.of_buyer(actor)
        billed = ("invoice__open_item", "invoice__milestone", "invoice__replaced_milestone", "invoice__replaced_by")
        related = ("seller", "buyer", "contract", *billed, "document")
        return mine.select_related(*related, "nullification__rest", "nullification__milestone")

    def milestones(self, actor: Actor) -> QuerySet[Milestone, Milestone]:
        """The milestones of contracts in which the actor's organisation is on this side."""
        of_side = {f"contract__{self.name}_id": actor.organisation_id}
        rows = Milestone.objects.visible_to(actor).filter(**of_side)
        return rows.select_related("contract__seller", "contract__buyer", "contract__active_version", "invoice")

    def nullifications(self, actor: Actor) -> NullificationQuerySet:
        """What was asked on those milestones."""
        rows = Nullification.objects.visible_to(actor).filter(milestone__in=self.milestones(actor))
        return rows.select_related(
            "milestone__contract__seller", "milestone__contract__buyer", "milestone__invoice__open_item", "rest"
        )

    def page(
        self, request: PortalRequest, template: str, context: Mapping[str, Any], *, form: BaseForm | None = None
    ) -> HttpResponse:
        """The page, in this side's clothes; 422 when it shows again a form that was refused."""
        return self._render(request, f"correcting/{template}.html", context, form)

    def dispute_page(
        self, request: PortalRequest, template: str, context: Mapping[str, Any], *, form: BaseForm | None = None
    ) -> HttpResponse:
        """The same for a page of disputes."""
        return self._render(request, f"disputing/{template}.html", context, form)

    def account_page(
        self, request: PortalRequest, template: str, context: Mapping[str, Any], *, form: BaseForm | None = None
    ) -> HttpResponse:
        """The same for a page of the account between the two."""
        return self._render(request, f"owing/{template}.html", context, form)

    def charge_page(
        self, request: PortalRequest, template: str, context: Mapping[str, Any], *, form: BaseForm | None = None
    ) -> HttpResponse:
        """The same for the page of damages and charges."""
        return self._render(request, f"charging/{template}.html", context, form)

    def reservation_page(
        self, request: PortalRequest, template: str, context: Mapping[str, Any], *, form: BaseForm | None = None
    ) -> HttpResponse:
        """The same for a page of reservations."""
        return self._render(request, f"reserving/{template}.html", context, form)

    def applying_page(
        self, request: PortalRequest, template: str, context: Mapping[str, Any], *, form: BaseForm | None = None
    ) -> HttpResponse:
        """The same for a page of applications for payment."""
        return self._render(request, f"applying/{template}.html", context, form)

    def _render(
        self, request: PortalRequest, template: str, context: Mapping[str, Any], form: BaseForm | None
    ) -> HttpResponse:
        status = 422 if form is not None and form.is_bound and form.errors else 200
        said = {**context, "form": form, "side": self.name, "base": self.base}
        if not self.has_crumbs:
            said["crumbs"] = []
        with timezone.override(ZoneInfo(self.zone_of(request))):
            return render(request, template, said, status=status)


SELLER: Final = Side("seller")
BUYER: Final = Side("buyer")

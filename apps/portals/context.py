"""What every page shows around its content: where one is, for whom one works, what waits; asked when it is shown."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.financing.models import Offer
from apps.financing.models.offer import OfferState
from apps.milestones.models import Dispute, Milestone
from apps.milestones.models.milestone import MilestoneState
from apps.parties.actor import Actor, ActorKind
from apps.parties.models import Membership
from apps.portals.access import actor_of, memberships_of
from apps.portals.paging import shown_size, sizes
from apps.portals.shown import proposed_by

Waiting = Callable[[Actor], QuerySet[Any, Any]]
"""What waits at a place, to be counted."""


@dataclass(frozen=True)
class NavItem:
    """One line of the navigation, with the number of things that wait there."""

    label: str | Promise
    url: str
    icon: str
    is_current: bool
    count: int

    counts: str | Promise = ""

    @property
    def shown_count(self) -> str:
        """The number, with what it counts: a home page has more on it that waits."""
        return self.counts % {"count": shown_size(self.count)}


@dataclass(frozen=True)
class Place:
    """A page that the navigation names. ``about`` are the words in URL names of the pages below it; ``counts`` says
    what the number beside it counts."""

    label: Promise
    view: str
    icon: str
    about: tuple[str, ...] = ()
    waiting: Waiting | None = None
    counts: str | Promise = ""

    def item(self, *, view_name: str, count: int) -> NavItem:
        namespace, _colon, name = view_name.rpartition(":")
        is_below = namespace == self.view.rpartition(":")[0] and any(word in name for word in self.about)
        is_current = view_name == self.view or is_below
        return NavItem(self.label, reverse(self.view), self.icon, is_current, count, self.counts)


def _changes_requested(actor: Actor) -> QuerySet[Milestone]:
    asked = Milestone.objects.visible_to(actor).filter(contract__seller_id=actor.organisation_id)
    return asked.filter(state=MilestoneState.CHANGES_REQUESTED)


def _offers_to_answer(actor: Actor) -> QuerySet[Offer]:
    offers = Offer.objects.visible_to(actor).filter(seller_id=actor.organisation_id)
    return offers.filter(state=OfferState.ISSUED)


def _contracts_to_sign(actor: Actor) -> QuerySet[Contract]:
    return Contract.objects.of_buyer(actor).filter(proposed_by("seller"))


def _milestones_to_sign_off(actor: Actor) -> QuerySet[Milestone]:
    """But for what is in dispute as a whole: that waits for the end of its dispute."""
    disputed = Dispute.objects.live().filter(
        submission__milestone=OuterRef("pk"), submission__state="submitted", amount__gte=OuterRef("amount")
    )
    return Milestone.objects.waiting_for(actor).exclude(Exists(disputed))


ABOUT_CONTRACTS: Final = ("contract", "draft", "plan", "template", "milestone", "submission", "evidence", "changes")
ABOUT_INVOICES: Final = ("invoice", "payment", "document", "statement", "transaction", "ageing", "remind")
ABOUT_FUNDING: Final = ("funding", "request", "offer", "tranche")
SENT_BACK, OFFERED = _("%(count)s sent back"), _("%(count)s to answer")
TO_SIGN_OFF, TO_SIGN = _("%(count)s to sign off"), _("%(count)s to sign")
TEAM: Final = Place(_("Team"), "account:team", "people", ("team", "member", "invitation"))
COMPANY: Final = Place(_("Organisation"), "account:organisation", "building", ("organisation", "bank"))
SELLER: Final = (
    Place(_("Home"), "seller:home", "house"),
    Place(_("Contracts"), "seller:contracts", "file-earmark-text", ABOUT_CONTRACTS, _changes_requested, SENT_BACK),
    Place(_("Invoices"), "seller:invoices", "receipt", ABOUT_INVOICES),
    Place(_("Get paid early"), "seller:funding", "cash-coin", ABOUT_FUNDING, _offers_to_answer, OFFERED),
    Place(_("Revenue"), "seller:revenue", "graph-up", ("revenue", "period")),
    Place(_("Exports"), "seller:exports", "journal-text", ("export", "accounts")),
    Place(_("What we buy"), "buyer:home", "arrow-left-right"),
    TEAM,
    COMPANY,
)
BUYER: Final = (
    Place(_("Home"), "buyer:home", "house", (), _milestones_to_sign_off, TO_SIGN_OFF),
    Place(_("Contracts"), "buyer:contracts", "file-earmark-text", ABOUT_CONTRACTS, _contracts_to_sign, TO_SIGN),
    Place(_("Invoices"), "buyer:invoices", "receipt", ("invoice", "document", "assignment", "statement")),
    Place(_("What we sell"), "seller:home", "arrow-left-right"),
    TEAM,
    COMPANY,
)
FINANCIER: Final = (Place(_("Dashboard"), "admin:index", "speedometer2"), TEAM, COMPANY)


class Portal:
    """What ``base.html`` reads: ``name``, the person, the organisations, the navigation; empty for a guest."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        match = request.resolver_match
        self._view_name = match.view_name if match else ""
        actor = actor_of(request)
        self._actor = actor if actor is not None and actor.kind is ActorKind.USER else None
        self._membership: Membership | None = getattr(request, "membership", None) if self._actor else None
        self.language = get_language() or "en"

    @cached_property
    def name(self) -> str:
        """``seller``, ``buyer``, ``financier``, or empty for who has no organisation at hand."""
        if self._actor is None:
            return ""
        if self._actor.speaks_for_financier:
            return "financier"
        namespace = self._view_name.partition(":")[0]
        # The pages of the account belong to both portals; there the session says where the person is at home.
        return namespace if namespace in ("seller", "buyer") else str(self._request.session.get("portal", "seller"))

    @cached_property
    def nav(self) -> list[NavItem]:
        places: Iterable[Place] = {"seller": SELLER, "buyer": BUYER, "financier": FINANCIER}.get(self.name, ())
        return self._items(places)

    def _items(self, places: Iterable[Place]) -> list[NavItem]:
        if self._actor is None:
            return []
        counts = sizes(self._actor, {place.view: place.waiting(self._actor) for place in places if place.waiting})
        return [place.item(view_name=self._view_name, count=counts.get(place.view, 0)) for place in places]

    @property
    def organisation_name(self) -> str:
        return self._membership.organisation.legal_name if self._membership else ""

    @property
    def organisations(self) -> list[tuple[str, str]]:
        if self._actor is None:
            return []
        return [(one.organisation.ref, one.organisation.legal_name) for one in memberships_of(self._request)]

    @property
    def user_name(self) -> str:
        return self._user("name")

    @property
    def user_email(self) -> str:
        return self._user("email")

    def _user(self, attribute: str) -> str:
        actor = actor_of(self._request)
        if actor is not None and actor.kind is ActorKind.GUEST:
            return ""
        user = getattr(self._request, "user", None)
        return str(getattr(user, attribute)) if user is not None and user.is_authenticated else ""

    @property
    def home_url(self) -> str:
        return reverse("home") if self.user_email else ""

    @property
    def demo_note(self) -> str | SafeString:
        if not settings.DEMO:
            return ""
        words = gettext("Demo: everything here is made up, and no mail leaves this machine.")
        return format_html('{} <a href="{}">{}</a>', words, reverse("demo:outbox"), gettext("Read the mails"))


def portal(request: HttpRequest) -> dict[str, Portal]:
    """The context processor of all templates."""
    return {"portal": Portal(request)}

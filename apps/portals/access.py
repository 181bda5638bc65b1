"""Who is at the door: a session or a personal link becomes one ``Actor``; every view says which actors it lets in.

The middleware names the asker to Postgres (row-level security) at the start of every request, also for anonymous ones;
``portal("seller")`` and its siblings decide who may enter. A test walks the URLconf and fails on a view without a door.

The membership is read at each request, so whoever is removed or demoted has lost the power with the next click.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec, cast
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers

from apps.core.database import walls
from apps.core.database.kept import Argument, Read
from apps.core.texts import seen_only
from apps.parties import services as parties
from apps.parties.actor import Actor, Origin, Proof
from apps.parties.models import Membership, User
from apps.parties.roles import FINANCIER_ROLES, TRADING_ROLES
from apps.portals import counterparties, moment, proving
from apps.portals.away import is_away, unavailable
from apps.portals.sessions import SessionStore

Side = Literal["seller", "buyer", "financier", "member", "signed_in", "public", "link"]
P = ParamSpec("P")
View = Callable[Concatenate["PortalRequest", P], HttpResponseBase]


class PortalRequest(HttpRequest):
    """A request that came through a door: ``actor`` is set and may enter this portal."""

    actor: Actor
    user: User
    membership: Membership


def keep_this_session(request: HttpRequest) -> None:
    """After the person's sessions were ended: all but this one, which gets a new key."""
    user = cast("User", request.user)
    user.refresh_from_db(fields=["session_number"])
    update_session_auth_hash(request, user)


def actor_of(request: HttpRequest) -> Actor | None:
    """The actor of this request, or None for somebody who has not signed in or chosen an organisation."""
    return cast("Actor | None", getattr(request, "actor", None))


def signed_in_user(request: HttpRequest) -> User | None:
    """The person with a session; None for everybody else at a door that is open to all."""
    return request.user if request.user.is_authenticated else None


def memberships_of(request: HttpRequest) -> list[Membership]:
    """The live memberships of whoever is signed in, oldest first."""
    return cast("list[Membership]", getattr(request, "memberships", []))


def address_of(request: HttpRequest) -> str:
    """The network address from which the request came; only as many proxies are believed as the settings name."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if settings.TRUSTED_PROXIES and len(hops) >= settings.TRUSTED_PROXIES:
        address = hops[-settings.TRUSTED_PROXIES]
    return address[:45]


def origin_of(request: HttpRequest, *, authenticated_by: str = "", proof: Proof | None = None) -> Origin:
    """From where the request came and how its sender was authenticated: as told, or as the session says."""
    return Origin(
        address=address_of(request),
        agent=seen_only(request.headers.get("User-Agent", ""))[:300],
        authenticated_by=authenticated_by or str(request.session.get("authenticated_by", "")),
        proof=proof,
    )


class DoorMiddleware:
    """Turn the session into an actor, and tell the database for whom this connection asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            self._open(request)
            is_known = request.user.is_authenticated
            before = signed_in_user(request)
            left = counterparties.who_left(request) if before else []
            with timezone.override(_zone_of(request)):
                response = self.get_response(request)
            counterparties.remember(request, before=before.pk if before else None, left=left)
        except Exception as error:
            if not is_away(error):
                raise
            return unavailable(request)
        if is_known or actor_of(request) is not None:
            add_never_cache_headers(cast("HttpResponse", response))
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """The admin's views are Django's own, so their door stands here."""
        match = request.resolver_match
        if match is None or match.app_name != "admin":
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return _turned_away("financier", request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """The database is away: say so with 503 and Retry-After, never with a 500."""
        return unavailable(request) if is_away(exception) else None

    def _open(self, request: HttpRequest) -> None:
        # Whatever the request before left on this connection ends here, even if reading the session fails.
        walls.leave()
        user = request.user
        if not user.is_authenticated:
            return
        cast("SessionStore", request.session).go_on()
        walls.enter(user=user.pk)
        if user.language != translation.get_language():
            translation.activate(user.language)
            request.LANGUAGE_CODE = user.language
        membership = chosen_membership(request, user)
        if membership is None:
            return
        origin = origin_of(request, proof=proving.of_member(request, user))
        request.actor = parties.actor_for(membership, origin=origin)  # type: ignore[attr-defined]
        request.membership = membership  # type: ignore[attr-defined]
        moment.came_in(request, at=walls.enter(membership.organisation_id, user=user.pk))


def _zone_of(request: HttpRequest) -> str | None:
    """Instants are shown in the time zone of the organisation for which somebody acts; None is the settings' own."""
    membership: Membership | None = getattr(request, "membership", None)
    return membership.organisation.time_zone if membership else None


@Read
def _memberships() -> "QuerySet[Membership, Membership]":
    """Of whoever is signed in: kept, for every request asks it."""
    mine = Membership.objects.live().filter(user=Argument("user_id"))
    return mine.select_related("organisation", "user").order_by("id")


def chosen_membership(request: HttpRequest, user: User) -> Membership | None:
    """The membership in use: the one that the person chose, else the oldest."""
    memberships = _memberships.all(user_id=user.pk)
    chosen = request.session.get("organisation")
    request.memberships = memberships  # type: ignore[attr-defined]
    return next((m for m in memberships if m.organisation.ref == chosen), memberships[0] if memberships else None)


def portal(side: Side) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """The door of a view. ``seller`` and ``buyer`` take a member of a trading organisation (the rows decide the rest),
    ``financier`` one of a financier's, ``member`` any organisation's, ``signed_in`` anybody with a session, ``public``
    everybody; ``link`` resolves its own token."""

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            answer = None if side in ("public", "link", "signed_in") else _turned_away(side, request)
            return answer or view(cast("PortalRequest", request), *args, **kwargs)

        door.side = side  # type: ignore[attr-defined]
        if side in ("public", "link"):
            door.login_required = False  # type: ignore[attr-defined]
        return door

    return decorate


def _turned_away(side: Side, request: HttpRequest) -> HttpResponseBase | None:
    """What a signed-in person gets who may not enter: the way to an organisation or to the second factor, or 404."""
    actor = actor_of(request)
    if actor is None:
        return redirect("account:choose_organisation")
    if not _may_enter(side, actor):
        raise Http404
    return _ask_second_factor(request) if actor.speaks_for_financier else None


def _may_enter(side: Side, actor: Actor) -> bool:
    if side == "financier":
        return actor.speaks_for_financier and not actor.roles.isdisjoint(FINANCIER_ROLES)
    if side in ("seller", "buyer"):
        return not actor.speaks_for_financier and not actor.roles.isdisjoint(TRADING_ROLES)
    return True


def _ask_second_factor(request: HttpRequest) -> HttpResponseBase | None:
    """A financier's people move money, so a second factor is a must: one exists, and this session used it.

    The one exception is a session that a one-click link of the demo began; those links exist only in the demo.
    """
    if settings.DEMO and request.session.get("demo"):
        return None
    user = cast("User", request.user)
    factors = proving.factors_of(user)
    if not factors:
        return redirect("mfa_activate_totp")
    if request.session.get("second_factor") or any(
        record["method"] == "mfa" for record in get_authentication_records(request, user)
    ):
        return None
    page = "mfa_reauthenticate" if Authenticator.Type.TOTP in factors else "mfa_reauthenticate_webauthn"
    return redirect(f"{reverse(page)}?{urlencode({'next': request.get_full_path()})}")

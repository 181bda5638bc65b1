"""The door of personal links: a token in a URL becomes one guest, who may touch one contract and nothing else.

A link shows on GET and acts only on POST. It is live until it is used, revoked or expired. A dead link still says so
to whoever holds it, so its guest may look but holds no role and can decide nothing; behind a revoked link not even
the contract can be read.
"""

from enum import StrEnum
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest

from apps.contracts.models import GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.parties import tokens
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Role
from apps.portals import counterparties, moment, proving
from apps.portals.access import origin_of
from apps.portals.too_often import network_of
from apps.workflows import limits

TOKEN_LENGTH = 43
Row = TypeVar("Row", bound=Model)


class LinkState(StrEnum):
    LIVE = "live"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


def state_of(grant: GuestGrant) -> LinkState:
    """Whether the link still works; what was decided by it counts more than what happened to it afterwards."""
    if grant.used_at is not None:
        return LinkState.USED
    if grant.revoked_at is not None:
        return LinkState.REVOKED
    return LinkState.EXPIRED if grant.expires_at <= clock.now() else LinkState.LIVE


def guest_of(request: HttpRequest, *, token: str) -> tuple[GuestGrant, Actor]:
    """The grant of a link and the guest that it makes, who is ``request.actor`` from here on; an unknown token is 404.

    Whoever is signed in on the same browser is left at the door: the page belongs to the link. But nobody of another
    party to the contract comes in by it (:mod:`apps.portals.counterparties`). The caller asks :func:`state_of` before
    it shows anything.
    """
    grant = _grant(request, token)
    counterparties.refuse(request, grant, origin=origin_of(request))
    state = state_of(grant)
    actor = Actor(
        kind=ActorKind.GUEST,
        organisation_id=grant.organisation_id,
        contract_id=grant.contract_id,
        grant_id=grant.pk,
        roles=frozenset({Role.APPROVER}) if state is LinkState.LIVE else frozenset(),
        name=grant.name,
        email=grant.email,
        origin=origin_of(request, authenticated_by="personal link", proof=proving.of_guest(request, grant)),
    )
    request.actor = actor  # type: ignore[attr-defined]
    request.grant = grant  # type: ignore[attr-defined]
    if state is not LinkState.REVOKED:
        moment.came_in(request, at=walls.enter(grant.organisation_id, contract=grant.contract_id))
    return grant, actor


def by_token(request: HttpRequest, rows: QuerySet[Row, Row], *, digest: str) -> Row:
    """The row that a token opens; 404 for a wrong one. From where many wrong ones came, none opens for a while."""
    network = network_of(request)
    held_off = limits.reached(limits.WRONG_LINKS, network)
    row = rows.annotate(wrong_since=held_off).filter(token_sha256=digest).first()
    if row is None:
        limits.count(limits.WRONG_LINKS, network)
        raise Http404
    limits.check(limits.WRONG_LINKS, since=vars(row)["wrong_since"])
    return row


def _grant(request: HttpRequest, token: str) -> GuestGrant:
    if len(token) != TOKEN_LENGTH or not token.isascii():
        raise Http404
    digest = tokens.digest_of(token)
    walls.enter(token=digest)
    return by_token(request, GuestGrant.objects.all(), digest=digest)

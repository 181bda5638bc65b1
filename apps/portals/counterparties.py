"""Nobody of the other side acts by a personal link: whose browser this is, is asked before a link opens anything.

A link proves that its holder reads a mailbox. Where the browser shows that the holder is one of the other side's
people, or of the financier's, it proves nothing: not a sign-off, and not even that the notice arrived. That is so while
such a person is signed in, whichever organisation was chosen, and for a while after the sign-out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.contracts.models import ContractParty, GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.parties import services as parties
from apps.parties.actor import Actor, Origin
from apps.parties.models import Membership
from apps.workflows import links

REMEMBERED: Final = timedelta(hours=12)
"""How long a browser counts as that of whoever signed out of it."""
MOST_REMEMBERED: Final = 10
LEFT: Final = "signed_out"


@dataclass(frozen=True, slots=True)
class Counterparty:
    """Somebody of another party to the contract, in whose browser a link was opened."""

    actor: Actor
    organisation: str
    is_signed_in: bool


class OfTheOtherSide(Exception):
    """A personal link was opened in the browser of somebody of the other side."""

    def __init__(self, grant: GuestGrant, who: Counterparty) -> None:
        super().__init__(grant.ref)
        self.grant = grant
        self.who = who


def who_left(request: HttpRequest) -> list[tuple[int, str]]:
    """Who signed out of this browser not long ago, and when, the latest last."""
    left = request.session.get(LEFT, [])
    if not left:
        return []  # and nobody is asked what time it is
    since = clock.now() - REMEMBERED
    return [(who, at) for who, at in left if datetime.fromisoformat(at) > since]


def remember(request: HttpRequest, *, before: int | None, left: list[tuple[int, str]]) -> None:
    """Keep in the browser's session who signed out of it, also when somebody else signs out later.

    ``before`` is who was signed in when the request came, and ``left`` who had left by then: whoever signs out empties
    the session.
    """
    now = request.user.pk if request.user.is_authenticated else None
    if before is not None and now != before:
        others = [one for one in left if one[0] != before]
        request.session[LEFT] = [*others[1 - MOST_REMEMBERED :], (before, clock.now().isoformat())]


def refuse(request: HttpRequest, grant: GuestGrant, *, origin: Origin) -> None:
    """Raise :class:`OfTheOtherSide` if the browser is one of the other side's."""
    who = other_side(request, contract_id=grant.contract_id, organisation_id=grant.organisation_id, origin=origin)
    if who is not None:
        raise OfTheOtherSide(grant, who)


def other_side(request: HttpRequest, *, contract_id: int, organisation_id: int, origin: Origin) -> Counterparty | None:
    """Who of another party than this organisation has the browser; asks nothing of a browser of nobody.

    Whoever is found or not, the connection asks for nobody afterwards.
    """
    for user_id, is_signed_in in _people(request):
        with walls.asking_for(user=user_id):
            theirs = list(Membership.objects.live().filter(user=user_id).select_related("organisation", "user"))
        houses = {one.organisation_id: one for one in theirs}
        with walls.asking_for(*houses):
            other = ContractParty.objects.filter(contract=contract_id, organisation__in=list(houses))
            side = other.exclude(organisation=organisation_id).order_by("pk").first()
        if side is not None:
            membership = houses[side.organisation_id]
            actor = parties.actor_for(membership, origin=origin)
            return Counterparty(actor, membership.organisation.legal_name, is_signed_in)
    return None


def told(request: HttpRequest, error: OfTheOtherSide) -> HttpResponse:
    """The page that says why the link does nothing here; what was tried by it is written into the audit trail."""
    who = error.who
    if request.method not in ("GET", "HEAD"):
        walls.enter(who.actor.organisation_id, user=who.actor.user_id)
        links.note_counterparty(actor=who.actor, grant_ref=error.grant.ref, at=clock.now())
    # The page is shown to whoever is signed in, with what waits for them.
    chosen: Membership | None = getattr(request, "membership", None)
    if chosen is not None:
        walls.enter(chosen.organisation_id, user=chosen.user_id)
    else:
        walls.leave()
    context = {"who": who, "name": error.grant.name, "was_tried": request.method not in ("GET", "HEAD")}
    return render(request, "buyer/link/counterparty.html", context, status=403)


def _people(request: HttpRequest) -> list[tuple[int, bool]]:
    """Who is signed in in this browser, and who was a while ago."""
    people = []
    if request.user.is_authenticated:
        people.append((request.user.pk, True))
    return [*people, *((who, False) for who, _at in reversed(who_left(request)))]

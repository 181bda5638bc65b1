"""The last time that somebody showed who it is, as the session keeps it; and the way to show it again.

A member shows it by the second factor, or, without one, by a code to the own mailbox; a guest by a code to the mailbox
to which the link went. What was shown holds for ten minutes, in this browser; a guest's for this one link.

A page that needs it leads there before anything is typed; :mod:`apps.portals.interrupted` is for a form whose time ran
out meanwhile.
"""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from apps.contracts.models import GuestGrant
from apps.core import clock
from apps.parties import tokens
from apps.parties.actor import Actor, ActorKind, Proof
from apps.parties.models import User

WORDS: Final = {"totp": "authenticator", "webauthn": "passkey", "recovery_codes": "recovery code"}
SECOND_FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def of_member(request: HttpRequest, user: User) -> Proof | None:
    """The newest of: the sign-in, a factor used since in this session, a code asked for since."""
    records = [record for record in get_authentication_records(request, user) if record.get("reauthenticated")]
    shown = [Proof(_word(record), datetime.fromtimestamp(record["at"], UTC)) for record in records]
    kept = _kept(request, f"user:{user.pk}")
    return max([*shown, *([kept] if kept is not None else [])], key=lambda proof: proof.at, default=None)


def of_guest(request: HttpRequest, grant: GuestGrant) -> Proof | None:
    """What was shown in this browser for this very link."""
    return _kept(request, f"link:{grant.ref}")


def keep(request: HttpRequest, actor: Actor, proof: Proof, *, grant: GuestGrant | None = None) -> None:
    """Remember in the session what was shown."""
    whose = f"link:{grant.ref}" if grant is not None else f"user:{actor.user_id}"
    request.session[f"proof {whose}"] = [proof.by, proof.at.isoformat()]


def keep_of(request: HttpRequest, user: User, *, by: str) -> None:
    """Who has just signed in has shown who it is."""
    request.session[f"proof user:{user.pk}"] = [by, clock.now().isoformat()]


def is_fresh(proof: Proof | None) -> bool:
    """Whether what somebody showed still holds."""
    return proof is not None and proof.holds(at=clock.now())


def first(request: HttpRequest, user: User) -> HttpResponse | None:
    """The way to show it, for a member who opens a page that will ask for it; None when it was shown a moment ago.

    A form that is sent is not led away: the service looks once more, and ``interrupted.ask`` answers for it.
    """
    if request.method == "POST" or is_fresh(of_member(request, user)):
        return None
    return redirect(address(request, user))


def address(request: HttpRequest, user: User) -> str:
    """Where the member shows it again, and comes back from to this page."""
    factors = factors_of(user)
    if not factors:
        page = "account:confirm"
    else:
        page = "mfa_reauthenticate" if Authenticator.Type.TOTP in factors else "mfa_reauthenticate_webauthn"
    return f"{reverse(page)}?{urlencode({'next': request.get_full_path()})}"


def address_of_guest(request: HttpRequest, grant: GuestGrant) -> str:
    """Where a guest shows it again, by a code to the mailbox of the link, and comes back from to this page."""
    token = tokens.token_for(purpose="guest_grant", ref=grant.ref)
    return f"{reverse('link:prove', args=[token])}?{urlencode({'next': request.get_full_path()})}"


def way(request: HttpRequest, actor: Actor) -> str:
    """Where whoever acts on this page shows it again, a member or a guest."""
    if actor.kind is ActorKind.GUEST:
        return address_of_guest(request, request.grant)  # type: ignore[attr-defined]
    return address(request, request.user)  # type: ignore[arg-type]


def factors_of(user: User) -> list[str]:
    """The kinds of second factor that the person has."""
    return list(Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS).values_list("type", flat=True))


def _word(record: dict[str, object]) -> str:
    return WORDS.get(str(record.get("type")), "second factor")


def _kept(request: HttpRequest, whose: str) -> Proof | None:
    kept = request.session.get(f"proof {whose}")
    return Proof(kept[0], datetime.fromisoformat(kept[1])) if kept else None

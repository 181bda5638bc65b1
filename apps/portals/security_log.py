"""What the log says of the door: who came in and out, what was refused to whom. No mailbox, code or token of a link.

One line an event, ``name key=value …``, with values as JSON, so that nothing that somebody sends can begin a line of
its own (ASVS 5.0, 16.3.1 to 16.3.3 and 16.4.1).
"""

import json
import logging
from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.parties.models import User
from apps.portals.access import actor_of, address_of, signed_in_user

log = logging.getLogger("cairn.security")

REFUSED: Final = {403: "forbidden", 404: "not_found", 429: "too_often"}
"""What answers mean that somebody came where there is nothing for them, or too often."""
FAR_TOO_LONG: Final = 200


def note(event: str, request: HttpRequest | None, *, user: User | None = None, **more: Any) -> None:
    """Write one event down: who, from where, on which page."""
    facts: dict[str, Any] = {"user": user.pk if user else None, **more}
    if request is not None:
        facts |= {"address": address_of(request), "method": request.method, "path": request.path[:FAR_TOO_LONG]}
    told = " ".join(f"{name}={json.dumps(value)}" for name, value in facts.items() if value is not None)
    log.info("%s %s", event, told)


class SecurityLogMiddleware:
    """Note what is refused: to members and guests everything, to others what is forbidden or asked too often."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = self.get_response(request)
        event = REFUSED.get(response.status_code)
        actor = actor_of(request)
        if event and (actor is not None or response.status_code != 404):
            known = {"organisation": actor.organisation_id, "grant": actor.grant_id} if actor else {}
            note(event, request, user=signed_in_user(request), **known)
        return response

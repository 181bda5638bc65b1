"""What operations ask: does this process live, can it work? Yes or no, and nothing about why."""

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.portals.access import PortalRequest, portal
from apps.portals.away import RETRY_AFTER, answers


@portal("public")
@never_cache
@require_safe
def live(request: PortalRequest) -> HttpResponse:
    """The process answers. Restart it when it does not; a database that is away is no reason."""
    return HttpResponse("live\n", content_type="text/plain")


@portal("public")
@never_cache
@require_safe
def ready(request: PortalRequest) -> HttpResponse:
    """The database answers too: send requests here."""
    if answers():
        return HttpResponse("ready\n", content_type="text/plain")
    response = HttpResponse("not ready\n", content_type="text/plain", status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response

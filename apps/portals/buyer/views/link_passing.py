"""Behind a personal link to a submission: the decision goes to a colleague."""

from django.http import HttpResponse

from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import passing_by_link
from apps.portals.buyer.visits import Visit, acting


@portal("link")
@acting
def pass_on(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Name a colleague of the own mail domain, who gets a link; or take that back."""
    return passing_by_link.pass_on(request, visit, visit.submission())

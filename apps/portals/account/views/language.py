"""The language of the pages: kept with the person, or with the browser of somebody who has not signed in."""

from django.conf import settings
from django.http import HttpResponseBase
from django.views import i18n
from django.views.decorators.http import require_POST

from apps.parties.models import User
from apps.portals.access import PortalRequest, portal


@portal("public")
@require_POST
def set_language(request: PortalRequest) -> HttpResponseBase:
    """Django checks the language and the way back, and sets the cookie; a person's choice is kept besides."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return i18n.set_language(request)

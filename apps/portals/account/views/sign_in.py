"""Signing in by a mailed code: allauth's page, with the address filled in where a link of ours knows it."""

from datetime import timedelta
from typing import Any, Final

from allauth.account.utils import get_next_redirect_url
from allauth.account.views import RequestLoginCodeView
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpResponse
from django.utils.translation import gettext as _

from apps.portals.too_often import in_words, told

CODES_AGAIN_AFTER: Final = timedelta(minutes=1)
"""The window of ``request_login_code`` in the settings: after it whoever asked too often gets a code again."""


class SignInView(RequestLoginCodeView):  # type: ignore[misc]
    def get_initial(self) -> dict[str, Any]:
        """``?email=`` fills the field, as it does on the page for new accounts."""
        email = self.request.GET.get("email", "")
        try:
            validate_email(email)
        except ValidationError:
            return dict(super().get_initial())
        return {**super().get_initial(), "email": email}

    def get_authenticated_redirect_url(self) -> str:
        """Who is in already goes to ``?read=``, where a link of ours names it, and not to ``?next=``."""
        return str(get_next_redirect_url(self.request, "read") or super().get_authenticated_redirect_url())

    def form_invalid(self, form: Any) -> HttpResponse:
        """Beyond the limit the form comes back with 429 and says when to try again, whoever's mailbox it is."""
        is_too_often = form.has_error("email", "too_many_login_attempts")
        if is_too_often:
            words = _("Codes were asked for very often. Try again in %(wait)s.") % {"wait": in_words(CODES_AGAIN_AFTER)}
            form.errors["email"] = form.error_class([words], renderer=form.renderer)
        response: HttpResponse = super().form_invalid(form)
        return told(response, CODES_AGAIN_AFTER) if is_too_often else response


request_login_code = SignInView.as_view()

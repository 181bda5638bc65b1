"""Signing in by a mailed code: allauth's page, with the address filled in where a link of ours knows it."""

from typing import Any

from allauth.account.views import RequestLoginCodeView
from django.core.exceptions import ValidationError
from django.core.validators import validate_email


class SignInView(RequestLoginCodeView):  # type: ignore[misc]
    def get_initial(self) -> dict[str, Any]:
        """``?email=`` fills the field, as it does on the page for new accounts."""
        email = self.request.GET.get("email", "")
        try:
            validate_email(email)
        except ValidationError:
            return dict(super().get_initial())
        return {**super().get_initial(), "email": email}


request_login_code = SignInView.as_view()

"""Setting up the authenticator app: whoever does it in a session has shown it in that session."""

from typing import Any

from allauth.mfa.totp.views import ActivateTOTPView
from django.http import HttpResponse


class ActivateView(ActivateTOTPView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        self.request.session["second_factor"] = True
        self.request.session["authenticated_by"] = "code sent to e-mail + authenticator"
        return response


activate_totp = ActivateView.as_view()

"""Setting up and taking away second factors: whoever sets one up in a session has shown it in that session.

Whoever has one shows it before another is added or taken away, which allauth sees to. The first one needs a proof too,
a code to the mailbox or the sign-in of a moment ago: else a stolen session could bring its own factor, and with it
everything that asks for one.
"""

from typing import Any, cast

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views import View

from apps.parties import services as parties
from apps.parties.models import User
from apps.portals import proving
from apps.portals.access import keep_this_session


class ProvenFirst(View):
    """Let in who has a factor, whom allauth asks for it, or who has shown a moment ago who it is."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = cast("User", request.user)
        if not proving.factors_of(user) and not proving.is_fresh(proving.of_member(request, user)):
            return redirect(proving.address(request, user))
        return super().dispatch(request, *args, **kwargs)


class ActivateView(ProvenFirst, ActivateTOTPView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        _shown(self.request, "authenticator")
        return response


class AddPasskeyView(ProvenFirst, AddWebAuthnView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        _shown(self.request, "passkey")
        return response


class RemovePasskeyView(RemoveWebAuthnView):  # type: ignore[misc]
    """The passkey is named in the form and looked up among one's own."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        _end_other_sessions(self.request)
        return response

    def get_object(self, queryset: Any = None) -> Authenticator:
        named = self.request.POST.get("passkey") or self.request.GET.get("passkey") or ""
        own: Authenticator | None = self.get_queryset().filter(pk=named).first() if _is_number(named) else None
        if own is None:
            raise Http404
        return own


class DeactivateView(DeactivateTOTPView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        _end_other_sessions(self.request)
        return response


def _end_other_sessions(request: HttpRequest) -> None:
    """Whoever sits in another session got in by what has just changed."""
    parties.end_sessions(cast("User", request.user).pk)
    keep_this_session(request)


def _is_number(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) < 18


def _shown(request: HttpRequest, what: str) -> None:
    request.session["second_factor"] = True
    before = str(request.session.get("authenticated_by") or "code sent to e-mail")
    if what not in before.split(" + "):
        request.session["authenticated_by"] = f"{before} + {what}"[:120]
    _end_other_sessions(request)


activate_totp = ActivateView.as_view()
deactivate_totp = DeactivateView.as_view()
add_passkey = AddPasskeyView.as_view()
remove_passkey = RemovePasskeyView.as_view()

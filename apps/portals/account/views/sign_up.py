"""Opening an account: the pages of allauth where they need a word of ours."""

from typing import cast

from allauth.account.views import email_verification_sent
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from apps.portals.access import portal


@portal("public")
def confirm_sign_up(request: HttpRequest) -> HttpResponseBase:
    """The page for the mailed code; who is signed in already, by the back button or twice, is led home.

    allauth would send such a person to its page of mailboxes, which does not exist here.
    """
    if request.user.is_authenticated:
        return redirect("home")
    return cast("HttpResponseBase", email_verification_sent(request))

"""From a personal link to a portal of one's own: the page that explains it and leads to the take-over."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.parties import rules
from apps.parties import services as parties
from apps.parties.models import Organisation, User
from apps.portals.access import PortalRequest, portal, signed_in_user
from apps.portals.buyer.visits import Visit, showing


@portal("link")
@showing
def open_portal(request: PortalRequest, visit: Visit) -> HttpResponse:
    """What a portal is good for, and the way to it: sign in or open an account, then take the organisation over.

    The take-over stands in ``next``, which sign-in and sign-up keep until the code is entered.
    """
    buyer = Organisation.objects.get(pk=visit.grant.organisation_id)
    user = signed_in_user(request)
    mailbox = rules.mailbox(visit.grant.email)
    take_over = f"{reverse('account:claim_organisation')}?{urlencode({'organisation': buyer.ref})}"
    is_for_reader = user is not None and mailbox in parties.verified_mailboxes(user)
    context = {
        "buyer": buyer,
        "mailbox": mailbox,
        "back": reverse("link:open", args=[visit.token]),
        "signed_in_as": user,
        "is_for_reader": is_for_reader,
        "way": take_over if is_for_reader else _entrance(mailbox, then=take_over),
    }
    return render(request, "buyer/link/open_portal.html", context)


def _entrance(mailbox: str, *, then: str) -> str:
    """Where the person signs in or opens an account first; only who holds the link learns which of them."""
    is_known = User.objects.filter(email=mailbox).exists()
    way = urlencode({"email": mailbox, "next": then})
    return f"{reverse('account_login' if is_known else 'account_signup')}?{way}"

"""Where somebody who signed in is at home."""

from django.http import HttpResponse
from django.shortcuts import redirect

from apps.contracts.models import Contract
from apps.parties.actor import Actor
from apps.portals.access import PortalRequest, actor_of, portal


@portal("signed_in")
def home(request: PortalRequest) -> HttpResponse:
    """A financier is at home in the admin, who only buys in the buyer's portal, everybody else in the seller's."""
    actor = actor_of(request)
    if actor is None:
        return redirect("account:choose_organisation")
    if actor.speaks_for_financier:
        return redirect("admin:index")
    request.session["portal"] = home_portal(actor)
    return redirect(f"{request.session['portal']}:home")


def home_portal(actor: Actor) -> str:
    """``buyer`` for an organisation with contracts in which it only buys, else ``seller``."""
    contracts = Contract.objects.visible_to(actor).values_list("seller_id", flat=True)
    sellers = set(contracts.order_by().distinct())
    return "buyer" if sellers and actor.organisation_id not in sellers else "seller"

"""The hosted page as the seller's page of the invoice shows it."""

from typing import Any

from django.urls import reverse

from apps.invoicing import services as invoicing
from apps.invoicing.models import Invoice
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.forms import ActionForm
from apps.portals.hosted import asking
from apps.workflows.mails.letter import absolute


def of_seller(actor: Actor, invoice: Invoice) -> dict[str, Any]:
    """The page that the buyer opens without an account: its address, and what was asked there or in the portal."""
    link = invoicing.live_link(invoice)
    may_link = actor.may(Action.RECORD_PAYMENT)
    return {
        "hosted_link": link,
        "hosted_url": absolute(reverse("hosted:open", args=[invoicing.token_of(link)])) if link is not None else "",
        "may_link": may_link,
        "renew_link": ActionForm(auto_id="renew_link_%s"),
        "revoke_link": ActionForm(auto_id="revoke_link_%s"),
        "questions": asking.about(actor, invoice, may_answer=may_link),
    }

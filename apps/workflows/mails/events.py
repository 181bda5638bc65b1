"""The mail about an event that the buyer confirmed."""

from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.milestones.models import ConfirmedEvent
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails.letter import Letter, absolute, fact, send


def event_news(*, event_ref: str) -> None:
    """Tell those of the seller who submit: what waited for the event may go on."""
    event = ConfirmedEvent.objects.select_related("contract__seller", "contract__buyer").get(ref=event_ref)
    contract = event.contract
    send(
        Letter(
            name="event_confirmed",
            key=f"event.{event.ref}",
            sender=contract.buyer,
            reader=contract.seller,
            to=list(parties.mailboxes(organisation_id=contract.seller_id, action=Action.SUBMIT_MILESTONE)),
            button=_("Open the contract"),
            url=absolute(reverse("seller:contract", args=[contract.ref])),
            facts=[
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
                fact(_("Event"), event.event),
                fact(_("Confirmed by"), event.name),
                fact(_("Confirmed on"), on=event.confirmed_at.astimezone(ZoneInfo(contract.seller.time_zone)).date()),
            ],
            context={"event": event},
        )
    )

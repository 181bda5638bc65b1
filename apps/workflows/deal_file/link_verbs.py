"""The verbs of links: a personal one is replaced, the page of an invoice gets another address or none."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from apps.contracts.models import GuestGrant
from apps.core.errors import Refused
from apps.parties.actor import Actor
from apps.workflows import contracting, hosting
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key
from apps.workflows.once import Answer


def _renew(scene: Scene, event: Event, actor: Actor) -> Answer:
    """The newest personal link that nobody used is replaced by another to the same mailbox."""
    links = GuestGrant.objects.filter(contract__ref=scene.contract_ref, used_at__isnull=True, revoked_at__isnull=True)
    link = links.order_by("id").last()
    if link is None:
        raise Refused("No personal link waits to be used.")
    return contracting.renew_link(actor=actor, key=new_key(), grant_ref=link.ref)


def _renew_of_invoice(scene: Scene, event: Event, actor: Actor) -> Answer:
    return hosting.renew_invoice_link(actor=actor, key=new_key(), invoice_ref=scene.invoice(event).ref)


def _revoke_of_invoice(scene: Scene, event: Event, actor: Actor) -> Answer:
    return hosting.revoke_invoice_link(actor=actor, key=new_key(), invoice_ref=scene.invoice(event).ref)


LINKING: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "renew_link": _renew,
        "renew_invoice_link": _renew_of_invoice,
        "revoke_invoice_link": _revoke_of_invoice,
    }
)

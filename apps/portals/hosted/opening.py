"""The door of the hosted page: a token in a URL becomes a guest who may read one invoice and ask about it.

Like every guest it stands inside one contract for the second wall; for the pages it has the one invoice, and no role,
so it can decide nothing. Behind a revoked link nothing can be read. In a browser of another party to the contract it
can be read, as the seller does who looks how it came out; but nobody asks in the buyer's place there, and it is no view
of the buyer's.
"""

from dataclasses import dataclass

from django.http import Http404
from django.shortcuts import get_object_or_404

from apps.core.database import walls
from apps.invoicing.models import Invoice, InvoiceLink
from apps.parties import tokens
from apps.parties.actor import Actor, ActorKind
from apps.portals import counterparties
from apps.portals.access import PortalRequest, origin_of
from apps.portals.counterparties import Counterparty
from apps.portals.links import TOKEN_LENGTH, by_token


@dataclass(frozen=True, slots=True)
class Opened:
    """A link in somebody's hand; ``invoice`` is None behind a revoked one.

    ``other_side`` is who of another party to the contract has the browser.
    """

    token: str
    link: InvoiceLink
    actor: Actor
    invoice: Invoice | None
    other_side: Counterparty | None = None

    @property
    def shown(self) -> Invoice:
        """The invoice; 404 behind a revoked link."""
        if self.invoice is None:
            raise Http404
        return self.invoice


def opened(request: PortalRequest, token: str) -> Opened:
    """What a token opens; 404 for an unknown one. Whoever is signed in on the same browser is left at the door."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        raise Http404
    digest = tokens.digest_of(token)
    walls.enter(token=digest)
    link = by_token(request, InvoiceLink.objects.all(), digest=digest)
    actor = Actor(
        kind=ActorKind.GUEST,
        organisation_id=link.buyer_id,
        contract_id=link.contract_id,
        name="",
        origin=origin_of(request, authenticated_by="link of an invoice"),
    )
    request.actor = actor
    if link.revoked_at is not None:
        return Opened(token, link, actor, None)
    who = counterparties.other_side(
        request, contract_id=link.contract_id, organisation_id=link.buyer_id, origin=origin_of(request)
    )
    walls.enter(link.buyer_id, contract=link.contract_id)
    related = ("seller", "buyer", "contract", "milestone", "instalment", "application", "open_item", "document")
    found = Invoice.objects.of_buyer(actor).select_related(*related, "replaced_milestone", "replaces", "replaced_by")
    return Opened(token, link, actor, get_object_or_404(found, pk=link.invoice_id), who)

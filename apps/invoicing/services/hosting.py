"""The hosted page of an invoice: the link that opens it, until it is revoked."""

from datetime import datetime
from typing import Any, Final

from django.db.models import F

from apps.audit import services as audit
from apps.core.errors import Refused
from apps.core.refs import new_ref
from apps.invoicing.models import Invoice, InvoiceLink
from apps.parties import tokens
from apps.parties.actor import Actor
from apps.parties.roles import Action

PURPOSE: Final = "invoice"
"""Of the tokens: none of another purpose opens an invoice."""


def token_of(link: InvoiceLink) -> str:
    """The secret part of the page's address."""
    return tokens.token_for(purpose=PURPOSE, ref=link.ref)


def live_link(invoice: Invoice) -> InvoiceLink | None:
    """The link by which the invoice is opened now; None where it was never sent, or its link was revoked."""
    return InvoiceLink.objects.live().filter(invoice=invoice).first()


def host(*, invoice: Invoice, at: datetime) -> None:
    """An invoice that goes out gets its page, unless it has or had one: what was revoked stays so."""
    if not InvoiceLink.objects.filter(invoice=invoice).exists():
        _link(invoice, at=at)


def renew_link(*, invoice_ref: str, actor: Actor, at: datetime) -> InvoiceLink:
    """The page gets another address; the old one, if there is one, is dead from now on."""
    invoice = _of_seller(invoice_ref, actor=actor)
    _revoke(invoice, actor=actor, at=at)
    link = _link(invoice, at=at)
    _record(invoice, verb="invoice.link_renewed", actor=actor, at=at)
    return link


def revoke_link(*, invoice_ref: str, actor: Actor, at: datetime) -> InvoiceLink:
    """Nobody opens the page any more, and no letter names it, until the seller makes another link."""
    invoice = _of_seller(invoice_ref, actor=actor)
    link = _revoke(invoice, actor=actor, at=at)
    if link is None:
        raise Refused(
            "{number} has no link that could be revoked. Reload the page to see what happened.", number=invoice.number
        )
    _record(invoice, verb="invoice.link_revoked", actor=actor, at=at)
    return link


def mark_link_viewed(*, link_id: int, at: datetime) -> None:
    """A browser opened the page."""
    live = InvoiceLink.objects.live().filter(pk=link_id)
    live.filter(first_viewed_at__isnull=True).update(first_viewed_at=at, last_viewed_at=at, views=1) or live.update(
        last_viewed_at=at, views=F("views") + 1
    )


def _of_seller(invoice_ref: str, *, actor: Actor) -> Invoice:
    invoice = Invoice.objects.of_seller(actor).select_related("contract").filter(ref=invoice_ref).first()
    if invoice is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    actor.require(Action.RECORD_PAYMENT, organisation_id=invoice.seller_id)
    return invoice


def _link(invoice: Invoice, *, at: datetime) -> InvoiceLink:
    ref = new_ref()
    return InvoiceLink.objects.create(
        ref=ref,
        contract_id=invoice.contract_id,
        invoice=invoice,
        buyer_id=invoice.buyer_id,
        token_sha256=tokens.digest_of(tokens.token_for(purpose=PURPOSE, ref=ref)),
        created_at=at,
    )


def _revoke(invoice: Invoice, *, actor: Actor, at: datetime) -> InvoiceLink | None:
    link = InvoiceLink.objects.live().select_for_update().filter(invoice=invoice).first()
    if link is not None:
        link.revoked_at, link.revoked_by_name = at, actor.name
        link.save(update_fields=["revoked_at", "revoked_by_name"])
    return link


def _record(invoice: Invoice, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    audit.record(
        chain=f"contract:{invoice.contract.ref}",
        parties=(invoice.seller_id, invoice.buyer_id),
        verb=verb,
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=at,
        number=invoice.number,
        **facts,
    )

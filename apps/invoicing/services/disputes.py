"""Disputed invoices: what of an open item is in dispute, and the credit note by which an upheld dispute ends."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Q

from apps.contracts.models import Contract
from apps.core import money
from apps.core.errors import NotAllowed, Refused
from apps.core.money import Money
from apps.invoicing import rules
from apps.invoicing.models import CreditNote, DisputedInvoice, Invoice, OpenItem
from apps.invoicing.services.asking import link_of_guest
from apps.invoicing.services.credit_series import Issuer
from apps.invoicing.services.creditable import creditable_lines, preview_of, require_creditable
from apps.invoicing.services.crediting import credit_agreed
from apps.milestones.models import Dispute, DisputeProposal, Milestone
from apps.milestones.models.dispute import LIVE
from apps.parties.actor import Actor


@dataclass(frozen=True, slots=True)
class Disputable:
    """What of an invoice would be in dispute: ``net`` of ``whole``, which is net too, and ``gross`` with its tax."""

    invoice: Invoice
    whole: Money
    net: Decimal
    gross: Decimal


def require_askable(*, invoice_ref: str, link_ref: str, actor: Actor) -> Invoice:
    """The invoice of which whoever holds its live link may ask that its buyer's signatory gets a link to dispute it.

    Refused where nothing of it can be disputed now, or somebody comes another way.
    """
    item = OpenItem.objects.select_related("invoice").filter(invoice__ref=invoice_ref).first()
    if item is None or item.invoice.buyer_id != actor.organisation_id:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    if link_of_guest(item.invoice, actor=actor, link_ref=link_ref) is None:
        raise NotAllowed("You are a member of your organisation. Dispute the invoice in your portal.")
    _require_undisputed(item)
    if not item.open:
        raise Refused("Nothing of this invoice is open, so nothing of it is disputed.")
    return item.invoice


def disputable(*, invoice_ref: str, share: rules.Share) -> Disputable:
    """What a dispute about this share of an invoice is about; its open item is held.

    Only what is open is disputed: of what was paid both sides withdraw the acceptance, or the seller lowers the price.
    All of an invoice is what is left of it net of tax, less what it gave back of a deposit. A statement of retention is
    disputed as what it is, without tax: that so much of it was released in error.
    """
    item = (
        OpenItem.objects.select_related("invoice__milestone", "invoice__instalment", "invoice__seller")
        .select_for_update(of=("self",))
        .filter(invoice__ref=invoice_ref)
        .first()
    )
    if item is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    _require_undisputed(item)
    invoice = item.invoice
    _lines, creditable = creditable_lines(invoice)
    if invoice.is_release:
        _require_left_of_release(invoice, amount=share.amount, lines=creditable)
    net = rules.credited_amount(_asked_for(share, lines=creditable), lines=creditable, currency=invoice.currency)
    totals = rules.totals(rules.credit(net, lines=creditable, currency=invoice.currency).breakdown)
    gross = totals.gross
    if gross > item.open and invoice.is_release:
        raise Refused(
            "Only what is open is disputed: {open} of {number}. Enter that much or less.",
            field="amount",
            open=Money(item.open, item.currency),
            number=invoice.number,
        )
    if gross > item.open or totals.net != net:
        raise Refused(
            "Only what is open is disputed: {open} of {number}, and this comes to {gross} with its tax. Enter a"
            " smaller amount.",
            field="amount",
            open=Money(item.open, item.currency),
            gross=Money(gross, item.currency),
            number=invoice.number,
        )
    return Disputable(invoice, Money(invoice.net, invoice.currency), net, gross)


def _require_left_of_release(invoice: Invoice, *, amount: Decimal | None, lines: Sequence[rules.Creditable]) -> None:
    """Refuse more than is left of a statement of retention, in its own words: it has no tax, and nothing of it is
    credited without being kept back again."""
    left = money.total(line.left for line in lines)
    if not left:
        raise Refused("All of {number} is retained again. Nothing of it is left.", number=invoice.number)
    if amount is not None and amount > left == invoice.net:
        raise Refused(
            "{number} comes to {left}. Enter that much or less.",
            field="amount",
            left=Money(left, invoice.currency),
            number=invoice.number,
        )
    if amount is not None and amount > left:
        raise Refused(
            "Only {left} of {number} are left: the rest is retained again. Enter that much or less.",
            field="amount",
            left=Money(left, invoice.currency),
            number=invoice.number,
        )


def _require_undisputed(item: OpenItem) -> None:
    if item.disputed:
        raise Refused("This invoice is in dispute already. Say there what else you dispute.")


def _asked_for(share: rules.Share, *, lines: Sequence[rules.Creditable]) -> rules.Share:
    left = money.total(line.left for line in lines)
    return rules.Share(amount=left) if share == rules.Share() and left else share


def keep_dispute(*, dispute: Dispute, about: Disputable) -> DisputedInvoice:
    """The invoice is in dispute from here on; what is not in dispute stays payable."""
    disputed = DisputedInvoice.objects.create(
        contract=dispute.contract, invoice=about.invoice, dispute=dispute, gross=about.gross
    )
    OpenItem.objects.filter(invoice=about.invoice).update(disputed=about.gross)
    return disputed


def end_dispute(
    ref: str, *, dispute: Dispute, reason: str, actor: Actor, at: datetime, issuer: Issuer | None = None
) -> CreditNote | None:
    """What follows the end of a dispute, in the same transaction: what was upheld is credited, the rest is payable.

    What is upheld of a statement of retention comes off it and is kept back again: until the day that was proposed with
    it, refused once that is over, or until the buyer releases it. ``ref`` is the reference of the credit note, if there
    is one. Refused for what is assigned or sold to a financier, and where less is left to credit by now. None for a
    dispute that was not about an invoice, too. Where a guest agreed, the credit note is issued in the name of
    ``issuer``.
    """
    disputed = DisputedInvoice.objects.select_related("invoice__seller").filter(dispute=dispute).first()
    if disputed is None:
        return None
    items = OpenItem.objects.select_for_update(of=("self",)).filter(invoice=disputed.invoice)
    item = items.get()
    item.disputed = money.ZERO
    item.save(update_fields=["disputed"])
    if not dispute.upheld:
        return None
    kept_until = _kept_until(dispute)
    _require_upheld(disputed.invoice, net=dispute.upheld, kept_until=kept_until, at=at)
    note = credit_agreed(
        ref,
        invoice_ref=disputed.invoice.ref,
        amount=dispute.upheld,
        reason=reason,
        actor=actor,
        issuer=issuer if actor.user_id is None else None,
        kept_until=kept_until,
        at=at,
    )
    disputed.credit_note = note
    disputed.save(update_fields=["credit_note"])
    return note


def require_upheld_creditable(*, proposal: DisputeProposal) -> None:
    """Refuse to propose that so much of an invoice is not owed, net of tax, where it could not be credited as things
    stand. Of what is not billed anything may be upheld; only retention is kept back again until a day."""
    invoice = invoice_of_dispute(proposal.dispute)
    if proposal.kept_until is not None and (invoice is None or not invoice.is_release):
        raise Refused(
            "Only what was released of retention is kept back again until a day. Leave the day empty.",
            field="kept_until",
        )
    if invoice is not None and proposal.upheld:
        _require_upheld(invoice, net=proposal.upheld, kept_until=proposal.kept_until, at=proposal.proposed_at)


def invoice_of_dispute(dispute: Dispute) -> Invoice | None:
    """The invoice that it is about; None for one about a submission."""
    disputed = DisputedInvoice.objects.select_related("invoice__seller").filter(dispute=dispute).first()
    return disputed.invoice if disputed is not None else None


def is_about_release(dispute: Dispute) -> bool:
    """Whether a statement of released retention is in dispute: what is upheld of it was released in error."""
    billed: DisputedInvoice | None = getattr(dispute, "billed", None)
    return billed is not None and billed.invoice.is_release


def disputed_milestones(*, contract: Contract) -> Collection[str]:
    """The milestones of a contract of which something is in dispute, submitted or billed, by reference."""
    live = Dispute.objects.filter(contract=contract, state__in=LIVE)
    about = Milestone.objects.filter(Q(disputes__in=live) | Q(invoice__disputes__dispute__in=live))
    return set(about.order_by().values_list("ref", flat=True))


def _kept_until(dispute: Dispute) -> date | None:
    """Until which day both sides agreed that something is kept back again: as it was proposed last."""
    last = dispute.proposals.order_by("number").last()
    return last.kept_until if last is not None else None


def _require_upheld(invoice: Invoice, *, net: Decimal, kept_until: date | None, at: datetime) -> None:
    """Refuse what cannot be credited, and what would return to a deposit: what is upheld is what the buyer does not owe
    of the invoice itself. Retention is kept back again until a day to come."""
    if kept_until is not None and kept_until <= at.astimezone(ZoneInfo(invoice.seller.time_zone)).date():
        raise Refused(
            "Until {day} it is kept back no longer. Propose a later day, or none: then until the buyer releases it.",
            field="kept_until",
            day=kept_until,
        )
    if invoice.is_release:
        _require_left_of_release(invoice, amount=net, lines=creditable_lines(invoice)[1])
    else:
        require_creditable(invoice_ref=invoice.ref, net=net)
    item = OpenItem.objects.select_related("invoice").get(invoice=invoice)
    preview = preview_of(item, share=rules.Share(amount=net))
    if preview.given_back:
        raise Refused(
            "Of {number} only {left} net of tax are left, less what it gave back of a deposit, and {amount} would be"
            " credited. Propose that much or less.",
            field="amount",
            number=invoice.number,
            left=Money(preview.net, invoice.currency),
            amount=Money(net, invoice.currency),
        )

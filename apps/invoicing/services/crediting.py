"""Credit notes: an issued invoice is corrected, whole or in part, by a document of its own in a series of its own."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from apps.core.errors import Refused, Stale
from apps.invoicing import rules
from apps.invoicing.models import (
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceKind,
    OpenItem,
    Retention,
)
from apps.invoicing.services import credit_series
from apps.invoicing.services.credit_facts import semantic_credit
from apps.invoicing.services.credit_series import Issuer, person
from apps.invoicing.services.creditable import (
    BILLED_AGAIN,
    creditable_lines,
    preview_of,
    refuse_uncreditable,
    require_crediter,
    require_room,
    taken_by,
)
from apps.invoicing.services.freeing import free
from apps.invoicing.services.returning import keep_back_again
from apps.invoicing.services.sales import bought_account, is_sold, receivable_account
from apps.invoicing.services.withdrawing import Withdrawable, require_withdrawable
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.milestones import rules as sign_off
from apps.milestones.models import Nullification
from apps.milestones.models.nullification import NullificationState
from apps.parties.actor import Actor

LONGEST_REASON = 400
"""Characters of a reason."""
Purpose = CreditNote.Purpose


def correct(
    ref: str, *, invoice_ref: str, actor: Actor, share: rules.Share, reason: str, seen: str, at: datetime
) -> CreditNote:
    """The seller lowers the price of what was accepted: the work stays accepted, and nothing of it is billed again.

    ``ref`` is the new reference that the credit note gets, ``seen`` the SHA-256 of :func:`preview_credit`; where
    something else would be issued by now it is :class:`Stale`. The caller holds the contract.
    """
    item = hold(invoice_ref)
    require_crediter(item.invoice, actor=actor, at=at)
    refuse_uncreditable(item.invoice)
    preview = preview_of(item, share=share)
    require_room(item, gross=preview.gross)
    if preview.sha256 != seen:
        raise Stale("This invoice was credited or paid after the page was shown. Look at the figures again.")
    return _issue(ref, item=item, share=share, reason=reason, nullification=None, actor=actor, at=at)


def credit_nullified(
    ref: str, *, nullification: Nullification, found: Withdrawable, actor: Actor, at: datetime
) -> CreditNote:
    """Credit the invoice of an acceptance by what both sides agreed to withdraw of it, in the same transaction.

    What of it was not billed needs no credit. Whether they may was asked when they did; ``found`` is what was there to
    withdraw then, ``actor`` whoever granted, of either side.
    """
    if nullification.state != NullificationState.GRANTED or found.invoice is None:
        raise ValueError(f"nullification {nullification.ref} is not granted, or nothing of it is billed")
    item = hold(found.invoice.ref)
    require_withdrawable(found, amount=nullification.amount)
    return _issue(
        ref,
        item=item,
        share=found.share(nullification.credited),
        reason=nullification.reason,
        nullification=nullification,
        actor=actor,
        # Whoever granted by link is nobody who issues; that is the seller's person who proposed it.
        issuer=Issuer(nullification.asker_id, nullification.asker_name) if actor.user_id is None else None,
        at=at,
    )


def credit_agreed(
    ref: str,
    *,
    invoice_ref: str,
    amount: Decimal,
    reason: str,
    actor: Actor,
    at: datetime,
    issuer: Issuer | None = None,
    kept_until: date | None = None,
) -> CreditNote:
    """Credit what both sides agreed on, of an invoice that the caller found to be creditable.

    Whether they may was asked when they did; ``actor`` is whoever agreed, of either side, and by default issues it.
    What is taken off a statement of retention is kept back again, ``kept_until`` or until the buyer releases it.
    """
    item, share, written = hold(invoice_ref), rules.Share(amount), " ".join(reason.split())[:LONGEST_REASON]
    note = _issue(
        ref,
        item=item,
        share=share,
        reason=written,
        nullification=None,
        actor=actor,
        issuer=issuer,
        kept_until=kept_until,
        at=at,
    )
    if item.invoice.is_release:
        keep_back_again(note, kept_until=kept_until)
    return note


def cancel(ref: str, *, item: OpenItem, reason: str, actor: Actor, at: datetime) -> CreditNote:
    """Credit all of an invoice that is issued anew in the same transaction. Whether that may be, the caller asked."""
    return _issue(
        ref,
        item=item,
        share=rules.Share(),
        reason=reason,
        nullification=None,
        purpose=Purpose.REPLACEMENT,
        actor=actor,
        at=at,
    )


CAUSES: Final = ("milestone", "instalment", "application")
"""What an invoice bills is one of these."""


def hold(invoice_ref: str) -> OpenItem:
    """What is open on an invoice, under its lock."""
    item = (
        OpenItem.objects.select_related(*(f"invoice__{name}" for name in ("contract", "seller", *CAUSES)))
        .select_for_update(of=("self",))
        .filter(invoice__ref=invoice_ref)
        .first()
    )
    if item is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    return item


def _issue(
    ref: str,
    *,
    item: OpenItem,
    share: rules.Share,
    reason: str,
    nullification: Nullification | None,
    purpose: CreditNote.Purpose | None = None,
    actor: Actor,
    at: datetime,
    issuer: Issuer | None = None,
    kept_until: date | None = None,
) -> CreditNote:
    invoice = item.invoice
    written = sign_off.check_text(" ".join(reason.split()), most=LONGEST_REASON, field="reason")
    if not written:
        raise Refused("Say why the invoice is corrected; it stands on the credit note.", field="reason")
    lines, creditable = creditable_lines(invoice)
    amount = rules.credited_amount(share, lines=creditable, currency=invoice.currency)
    purpose = purpose or (Purpose.CORRECTION if nullification is None else Purpose.NULLIFICATION)
    credit = rules.credit(
        amount,
        lines=creditable,
        currency=invoice.currency,
        chosen=share.lines,
        is_withdrawn=purpose in BILLED_AGAIN,
    )
    totals = rules.totals(credit.breakdown)
    taken = taken_by(item, credit=credit, gross=totals.gross, purpose=purpose)
    note, series = credit_series.numbered(
        ref,
        item=item,
        issuer=issuer or person(actor),
        totals=totals,
        at=at,
        nullification=nullification,
        purpose=purpose,
        reason=written,
        retained=taken.retained,
        given_back=amount - totals.net,
    )
    lower(item, by=note.gross, taken=taken, at=note.issued_at)
    credit_series.write(
        note,
        item=item,
        series=series,
        text=semantic_credit(note, lines=lines, credit=credit, totals=totals, kept_until=kept_until),
        lines=[
            CreditNoteLine(credit_note=note, invoice_line=line, net=net)
            for line, net in zip(lines, credit.lines, strict=True)
            if net
        ],
    )
    retain_less(invoice, by=taken.retained)
    credit_series.record(
        note,
        item=item,
        freed=book(note, at=note.issued_at),
        actor=actor,
        nullification=nullification.ref if nullification is not None else None,
    )
    return note


def lower(item: OpenItem, *, by: Decimal, taken: rules.Taken, at: datetime) -> None:
    """What is open falls, then what is retained; what was paid beyond it is freed, and so not paid on this invoice any
    more."""
    item.credited += by
    item.retained -= taken.retained
    item.paid -= taken.freed
    item.open -= taken.open
    if item.open == 0 and item.settled_at is None:
        item.settled_at = at


def retain_less(invoice: Invoice, *, by: Decimal) -> None:
    """What is retained falls by what of it is credited: one kind of retention after the other, as they were agreed.

    What came back is kept back still: of no kind does it fall before nothing else of the invoice is kept back.
    """
    found = Retention.objects.filter(invoice=invoice).kept().order_by("kind")
    kept = list(found.select_for_update()) if by else []
    left = by
    for one in kept:
        left -= (part := min(left, one.releasable))
        one.held -= part
    for one in kept:
        left -= (part := min(left, one.returned))
        one.held -= part
        one.returned -= part
    for one in kept:
        one.save(update_fields=["held", "returned"])


def book(note: CreditNote, *, at: datetime) -> Decimal:
    """Post what is credited, and free what was paid beyond it; returns that.

    Balances never change their sign, not even for a moment: what is freed comes back to a receivable first, and is
    taken of what is owed to a financier after.
    """
    if is_sold(note.invoice):
        _post(note, against=bought_account(note.invoice), at=at)
        return free(note, at=at)
    freed = free(note, at=at)
    _post(note, against=receivable_account(note.invoice), at=at)
    return freed


def _post(note: CreditNote, *, against: tuple[Seller, str], at: datetime) -> None:
    """A credit note undoes billing: it moves the contract balance, never revenue; of a deposit what was received;
    of a claim for late payment, which is waived by it, the income; of a statement of retention what is held.

    ``against`` is the account, and its key, on which the invoice stands: a sold one is owed back to whom bought it.
    """
    account, key = against
    instead = {
        InvoiceKind.ADVANCE: Seller.DEPOSITS_RECEIVED,
        InvoiceKind.LATE_CHARGE: Seller.OTHER_INCOME,
        InvoiceKind.RETENTION_RELEASE: Seller.RETENTION_HELD,
    }
    billed = instead.get(InvoiceKind(note.invoice.kind), Seller.CONTRACT_BALANCE)
    ledger.post(
        organisation_id=note.seller_id,
        currency=note.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"credit:{note.ref}",
        description=f"Credit note {note.number} to {note.invoice.number}",
        booked_on=note.issued_on,
        legs=[
            ledger.debit(billed, amount=note.net + note.given_back, key=f"contract:{note.invoice.contract.ref}"),
            ledger.credit(
                Seller.DEPOSITS_RECEIVED, amount=note.given_back, key=f"contract:{note.invoice.contract.ref}"
            ),
            ledger.debit(Seller.OUTPUT_TAX, amount=note.tax),
            ledger.credit(account, amount=note.gross - note.retained, key=key),
            ledger.credit(Seller.RETENTION_HELD, amount=note.retained, key=f"contract:{note.invoice.contract.ref}"),
        ],
        at=at,
    )

"""What every credit note has in common: its issuer, its number, its place in the chain, its entry in the trail."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from apps.audit import services as audit
from apps.core import canonical
from apps.core.database import together
from apps.core.errors import Refused
from apps.invoicing import rules, snapshot
from apps.invoicing.models import CreditNote, CreditNoteDocument, CreditNoteLine, NumberSeries, OpenItem
from apps.invoicing.models.invoice import CREDITS
from apps.invoicing.services.numbering import lock_credit_series
from apps.parties.actor import Actor


class Issuer(NamedTuple):
    """The person in whose name a credit note is issued, where whoever acts has no place here: a guest."""

    user_id: int
    name: str


def person(actor: Actor) -> Issuer:
    """Whoever acts, if it is a person."""
    if actor.user_id is None:
        raise Refused("Only a person can issue a credit note.")
    return Issuer(actor.user_id, actor.name)


def numbered(
    ref: str, *, item: OpenItem, issuer: Issuer, totals: rules.Totals, at: datetime, **said: Any
) -> tuple[CreditNote, NumberSeries]:
    """A credit note of an invoice with the next number of its series, which stays locked; not written yet.

    ``said`` is what else stands on it.
    """
    invoice = item.invoice
    zone = ZoneInfo(invoice.seller.time_zone)
    series = lock_credit_series(invoice, year=at.astimezone(zone).year)
    # Another credit note may have drawn its number while this one waited: a higher number is never earlier.
    at = max(at, series.last_issued_at or at, invoice.issued_at)
    note = CreditNote(
        ref=ref,
        seller=invoice.seller,
        buyer_id=invoice.buyer_id,
        contract=invoice.contract,
        invoice=invoice,
        number=rules.invoice_number(prefix=CREDITS, year=series.year, position=series.last + 1),
        series_prefix=CREDITS,
        series_year=series.year,
        series_position=series.last + 1,
        currency=invoice.currency,
        net=totals.net,
        tax=totals.tax,
        gross=totals.gross,
        issued_at=at,
        issued_on=at.astimezone(zone).date(),
        issued_by_id=issuer.user_id,
        issued_by_name=issuer.name,
        **said,
    )
    return note, series


def write(
    note: CreditNote,
    *,
    item: OpenItem,
    series: NumberSeries,
    text: snapshot.SemanticInvoice,
    lines: Sequence[CreditNoteLine] = (),
) -> None:
    """Chain what the note says to the one before; write it, its lines and what is left of the invoice at once."""
    note.snapshot = snapshot.write(text)
    note.snapshot_sha256 = canonical.sha256(note.snapshot)
    series.last += 1
    series.head = note.chain_sha256 = canonical.sha256(series.head + note.number + note.snapshot_sha256)
    series.last_issued_at = note.issued_at
    together.insert(
        note,
        children=[*lines, CreditNoteDocument(credit_note=note, requested_at=note.issued_at)],
        after=[
            (series, ["last", "head", "last_issued_at"]),
            (item, ["credited", "retained", "paid", "open", "settled_at"]),
        ],
    )


def record(note: CreditNote, *, item: OpenItem, freed: Decimal, actor: Actor, **about: Any) -> None:
    """In the trail of the contract, as it stands on the note, with what it freed and what is open now."""
    invoice = note.invoice
    given_back: dict[str, Any] = {"given_back": note.given_back} if note.given_back else {}
    audit.record(
        chain=f"contract:{invoice.contract.ref}",
        parties=[note.seller_id, note.buyer_id],
        verb="credit_note.issued",
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=note.issued_at,
        number=note.number,
        credit_note=note.ref,
        invoice=invoice.number,
        **invoice.cause_told,
        **about,
        purpose=note.purpose,
        reason=note.reason,
        currency=note.currency,
        net=note.net,
        tax=note.tax,
        gross=note.gross,
        retained=note.retained,
        **given_back,
        freed=freed,
        open=item.open,
        snapshot_sha256=note.snapshot_sha256,
        chain_sha256=note.chain_sha256,
    )

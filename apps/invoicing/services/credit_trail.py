"""What the trail of a contract says of a credit note."""

from datetime import datetime
from decimal import Decimal

from apps.audit import services as audit
from apps.invoicing.models import CreditNote, OpenItem
from apps.parties.actor import Actor


def record_credit(note: CreditNote, *, item: OpenItem, freed: Decimal, actor: Actor, at: datetime) -> None:
    """In the trail of the contract, as it stands on the note, with what it freed and what is open now."""
    invoice, nullification = note.invoice, note.nullification
    told = invoice.cause_told | ({"given_back": note.given_back} if note.given_back else {})
    audit.record(
        chain=f"contract:{invoice.contract.ref}",
        parties=[note.seller_id, note.buyer_id],
        verb="credit_note.issued",
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=at,
        number=note.number,
        credit_note=note.ref,
        invoice=invoice.number,
        **told,
        nullification=nullification.ref if nullification is not None else None,
        purpose=note.purpose,
        reason=note.reason,
        currency=note.currency,
        net=note.net,
        tax=note.tax,
        gross=note.gross,
        retained=note.retained,
        freed=freed,
        open=item.open,
        snapshot_sha256=note.snapshot_sha256,
        chain_sha256=note.chain_sha256,
    )

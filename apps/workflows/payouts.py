"""Money that left the financier's account for a seller, as each of its workflows books it."""

from datetime import date, datetime
from decimal import Decimal

from apps.contracts.models import Contract
from apps.financing import services as financing
from apps.financing.models import ReservePayout, Tranche
from apps.invoicing import services as invoicing
from apps.parties.actor import Actor


def funded(
    tranche_ref: str, *, contract: Contract, actor: Actor, transfer: financing.Transfer, at: datetime
) -> Tranche:
    """One advance, paid out; nothing while something of it is in dispute, but for what was ordered before.

    The caller holds the contract.
    """
    if not transfer.was_ordered:
        _require_undisputed(tranche_ref, contract=contract)
    return fund(tranche_ref, actor=actor, transfer=transfer, at=at)


def fund(tranche_ref: str, *, actor: Actor, transfer: financing.Transfer, at: datetime) -> Tranche:
    """One advance as paid out, and what the seller books of it. The caller holds the contract."""
    tranche = financing.fund(tranche_ref=tranche_ref, actor=actor, transfer=transfer, at=at)
    sale, sold_on = financing.sale_of(tranche), transfer.value_on
    if financing.is_advance(tranche, on=transfer.value_on):
        invoicing.book_advance(
            milestone=tranche.milestone,
            seller_id=tranche.seller_id,
            reference=tranche.ref,
            advance=financing.advance_of(tranche),
            booked_on=transfer.value_on,
            at=at,
        )
        if tranche.invoice is not None:
            # Recorded after the acceptance that turned it into a sale.
            sale, sold_on = financing.sale_on_acceptance(tranche), tranche.invoice.issued_on
    if tranche.invoice is not None:
        invoicing.book_sale(invoice_id=tranche.invoice.pk, sale=sale, booked_on=sold_on, at=at)
    return tranche


def reserve_paid(
    tranche_ref: str,
    *,
    contract: Contract,
    actor: Actor,
    value_on: date,
    bank_reference: str,
    at: datetime,
    ordered: Decimal | None = None,
) -> ReservePayout:
    """What was released of one advance, or what was ``ordered`` of it, paid to the seller and booked by both.

    The caller holds the contract.
    """
    if ordered is None:
        _require_undisputed(tranche_ref, contract=contract)
    payout = financing.pay_reserve(
        tranche_ref=tranche_ref,
        actor=actor,
        value_on=value_on,
        bank_reference=bank_reference,
        ordered=ordered,
        at=at,
    )
    invoicing.book_reserve_received(
        invoice_id=payout.tranche.bought.pk,
        reference=payout.ref,
        settlement=financing.settlement_of(payout),
        booked_on=value_on,
        at=at,
    )
    return payout


def _require_undisputed(tranche_ref: str, *, contract: Contract) -> None:
    financing.require_undisputed(
        financing.milestone_of_tranche(tranche_ref=tranche_ref),
        disputed=invoicing.disputed_milestones(contract=contract),
    )

"""Deposits that are an advance on the price: what later invoices give back of them, and what goes back to the buyer.

What was invoiced and not credited is deducted, paid or not: the deposit's own invoice asks for it, and the buyer is not
asked twice. At every moment so much is still to be billed that it can give back what is left; what cannot be given back
any more is credited at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import translation
from django.utils.translation import gettext

from apps.audit import services as audit
from apps.contracts import rules as contracts
from apps.contracts.models import Contract, ContractParty, Signature
from apps.core import money
from apps.core.printing import words
from apps.core.refs import new_ref
from apps.invoicing import snapshot
from apps.invoicing.models import (
    CreditNote,
    Instalment,
    Invoice,
)
from apps.invoicing.services import causes, facts
from apps.invoicing.services.credit_series import Issuer
from apps.invoicing.services.crediting import credit_agreed
from apps.invoicing.services.deposit_standing import Deposit, Standing, deposits, still_to_bill
from apps.milestones.models import Milestone
from apps.parties.actor import Actor


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What an invoice gives back of a deposit, net of tax."""

    advance: Invoice
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Deduction:
    """What an invoice deducts: of each deposit how much, the lines that say so, and whether nothing is left to bill
    after it."""

    parts: Sequence[GivenBack] = ()
    lines: Sequence[snapshot.Line] = ()
    is_last: bool = False

    @property
    def amount(self) -> Decimal:
        """All of it, net of tax."""
        return money.total(one.amount for one in self.parts)


def given_back_by(
    *,
    amount: Decimal,
    contract: Contract,
    milestone: Milestone | None,
    instalment: Instalment | None = None,
    standing: Decimal = money.ZERO,
) -> list[GivenBack]:
    """What an invoice of ``amount`` gives back of each deposit that is left; nothing where none is. Three queries.

    ``milestone`` or ``instalment`` is what it bills, accepted already or about to be; ``standing`` is what of it still
    stands in an application for payment.
    """
    left = [one for one in deposits(contract) if one.left]
    if not left:
        return []
    rest = still_to_bill(contract, without=instalment)
    if milestone is not None and Milestone.objects.unfinished().filter(pk=milestone.pk).exists():
        rest -= amount
    return _given_back(left, amount=amount, rest=rest - standing, contract=contract)


def _given_back(left: Sequence[Deposit], *, amount: Decimal, rest: Decimal, contract: Contract) -> list[GivenBack]:
    if not left or contract.active_version is None:
        return []
    parts = contracts.recovered(
        [contracts.Advance(one.left, one.recovery) for one in left],
        amount=amount,
        rest=rest,
        price=contract.active_version.price,
        currency=contract.currency,
    )
    return [GivenBack(one.invoice, part) for one, part in zip(left, parts, strict=True) if part]


def deducted(
    cause: causes.Cause, *, contract: Contract, standing: Standing | None, cancelled: Invoice | None = None
) -> Deduction:
    """What the invoice of a cause deducts, as the contract stands without it: what it bills is accepted already.

    Nothing where it is not asked how the contract stands with its deposits. In place of what is ``cancelled`` it
    deducts what that deducted, whatever else was billed since, and is the last one only where that was.
    """
    if cancelled is not None:
        was_final = snapshot.read(cancelled.snapshot).kind == snapshot.FINAL
        is_last = was_final and standing is not None and not standing.still_to_bill
        return Deduction(*_said(_given_back_before(cancelled), cause=cause, contract=contract), is_last=is_last)
    if standing is None:
        return Deduction()
    left, rest = [one for one in standing.deposits if one.left], standing.still_to_bill
    parts = _given_back(left, amount=cause.amount, rest=rest, contract=contract)
    return Deduction(*_said(parts, cause=cause, contract=contract), is_last=not rest)


def _given_back_before(invoice: Invoice) -> list[GivenBack]:
    lines = invoice.lines.filter(advance__isnull=False).select_related("advance").order_by("position")
    return [GivenBack(line.advance, -line.net) for line in lines if line.advance is not None]


def _said(
    parts: Sequence[GivenBack], *, cause: causes.Cause, contract: Contract
) -> tuple[Sequence[GivenBack], Sequence[snapshot.Line]]:
    language = facts.language_of(contract.buyer)
    places = enumerate(parts, start=1 + len(cause.billed))
    return parts, [deduction(one, position=place, language=language) for place, one in places]


def deduction(given: GivenBack, *, position: int, language: str) -> snapshot.Line:
    """The line by which an invoice gives a deposit back: one piece less, at the deposit's tax."""
    advance = given.advance
    said = snapshot.read(advance.snapshot)
    with translation.override(language):
        name = gettext("Deposit {number} of {day} deducted").format(
            number=advance.number, day=words.day(advance.issued_on)
        )
    return snapshot.Line(
        identifier=str(position),
        name=name,
        description=said.lines[0].name,
        quantity=Decimal(-1),
        unit_code=snapshot.ONE,
        net_price=given.amount,
        net=-given.amount,
        tax_category=said.lines[0].tax_category,
        tax_rate=said.lines[0].tax_rate,
        exemption_code=said.lines[0].exemption_code,
        exemption_reason=said.lines[0].exemption_reason,
    )


def fits(instalment: Instalment, *, contract: Contract, beside: Decimal = money.ZERO) -> bool:
    """Whether what is still to be billed can give back a deposit that is to be invoiced, beside those before it.

    ``beside`` is what is invoiced in the same moment, and not yet among those.
    """
    if instalment.line.given_back is None:
        return True
    left = money.total(one.left for one in deposits(contract))
    return left + beside + instalment.amount <= still_to_bill(contract)


def payable_by_event(contract: Contract) -> dict[str, Decimal]:
    """What is invoiced, net of tax, once the buyer confirms an event, by the event. Three queries.

    Of the deposits that wait for it, those that what is still to be billed can give back.
    """
    left, rest = money.total(one.left for one in deposits(contract)), still_to_bill(contract)
    payable: dict[str, Decimal] = {}
    waiting = Instalment.objects.filter(contract=contract, bills_on__isnull=True).unbilled().exclude(event="")
    for one in waiting.order_by("position"):
        beside = payable.get(one.event, money.ZERO)
        if left + beside + one.amount <= rest:
            payable[one.event] = beside + one.amount
    return payable


def drop_deposits(*, contract: Contract, actor: Actor, at: datetime, gone: Sequence[Instalment] | None = None) -> None:
    """Cancel deposits that could not be given back any more; unless they are named, all that are not invoiced yet."""
    if gone is None:
        gone = list(Instalment.objects.filter(contract=contract).unbilled().exclude(line__recovery=""))
    for one in gone:
        one.cancelled_at = at
        audit.record(
            chain=f"contract:{contract.ref}",
            parties=[contract.seller_id, contract.buyer_id],
            verb="deposit.dropped",
            subject=f"contract:{contract.ref}",
            actor=actor,
            at=at,
            title=one.title,
            currency=contract.currency,
            amount=one.amount,
        )
    Instalment.objects.bulk_update(gone, ["cancelled_at"])


def drop_when_all_is_billed(*, contract: Contract, actor: Actor, at: datetime) -> None:
    """Where nothing of the price is still to be billed, no deposit is invoiced any more."""
    unbilled = Instalment.objects.filter(contract=contract).unbilled().exclude(line__recovery="")
    if unbilled.exists() and not still_to_bill(contract):
        drop_deposits(contract=contract, actor=actor, at=at)


def return_excess(*, contract: Contract, actor: Actor, at: datetime) -> list[CreditNote]:
    """Credit what of the deposits nothing that is still to be billed can give back, the newest deposit first.

    After a credit note, a change order or a termination; nothing where everything can still be given back. Where a
    guest's signature leads to it, it is issued in the name of the seller's person who signed the same version.
    """
    left = [one for one in deposits(contract) if one.left]
    if not left:
        return []
    excess = money.total(one.left for one in left) - still_to_bill(contract)
    issuer = _seller_who_signed(contract) if actor.user_id is None else None
    notes = []
    for one in reversed(left):
        part = min(one.left, max(excess, money.ZERO))
        if part:
            with translation.override(facts.language_of(contract.buyer)):
                reason = gettext("No invoice is to come that could give this part of the deposit back.")
            ref = new_ref()
            note = credit_agreed(
                ref, invoice_ref=one.invoice.ref, amount=part, reason=reason, actor=actor, issuer=issuer, at=at
            )
            notes.append(note)
            at, excess = note.issued_at, excess - part
    return notes


def _seller_who_signed(contract: Contract) -> Issuer | None:
    """The seller's person whose signature is on the version in force; of a plan that was picked, on what offered it."""
    version = contract.active_version.whole if contract.active_version is not None else None
    signed = Signature.objects.filter(version=version, side=ContractParty.Side.SELLER).first()
    return Issuer(signed.user_id, signed.name) if signed is not None and signed.user_id is not None else None

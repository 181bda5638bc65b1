"""A wrong invoice is cancelled and issued anew in one act: a credit note over all of it, an invoice of the same work.

The work stays accepted. The new invoice is as the contract stands now: its parties, the seller's account, tax and days
to pay as both sides agreed last. What was paid on the wrong one settles the new one.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal

from apps.contracts.models import ContractVersion, PlanLine
from apps.contracts.models.contract import ContractState
from apps.core import canonical
from apps.core.errors import IllegalTransition, Refused, Stale
from apps.invoicing import rules, snapshot
from apps.invoicing.models import (
    Allocation,
    CreditNote,
    Invoice,
    InvoiceKind,
    OpenItem,
    PayeeInstruction,
    PaymentDocument,
)
from apps.invoicing.services import causes, crediting, facts
from apps.invoicing.services.creditable import (
    preview_of,
    refuse_uncreditable,
    require_crediter,
    retained_of,
)
from apps.invoicing.services.freeing import allocate
from apps.invoicing.services.issuing import breakdown_of, check_taxed, issue_for
from apps.invoicing.services.recovery import deducted
from apps.invoicing.services.reversals import contracts_to_allocate
from apps.invoicing.services.standing import standing
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.parties.models import BankAccount


@dataclass(frozen=True, slots=True)
class Reissue:
    """What would be issued in place of an invoice, beside what that says: in its currency, with what was paid.

    ``sha256`` stands for all of this: what is issued is what was shown.
    """

    said: snapshot.SemanticInvoice
    cause: causes.Cause
    seller: snapshot.Party
    buyer: snapshot.Party
    account: BankAccount | None
    net: Decimal
    tax: Decimal
    gross: Decimal
    freed: Decimal
    sha256: str


def preview_reissue(*, invoice_ref: str) -> Reissue:
    """What would be issued anew now; refused, in words, where it could not be."""
    item = OpenItem.objects.select_related("invoice__seller").get(invoice__ref=invoice_ref)
    return _of(item)


def reissue(
    ref: str, *, note_ref: str, invoice_ref: str, actor: Actor, reason: str, seen: str, at: datetime
) -> tuple[CreditNote, Invoice]:
    """Cancel an invoice by the credit note ``note_ref`` and issue it anew as ``ref``; the caller holds the contract.

    ``seen`` is the SHA-256 of :func:`preview_reissue`; where something else would be issued it is :class:`Stale`.
    """
    item = crediting.hold(invoice_ref)
    require_crediter(item.invoice, actor=actor, at=at)
    shown = _of(item)
    if shown.sha256 != seen:
        raise Stale("Something of this invoice changed after the page was shown. Look at the figures again.")
    invoice, milestone = item.invoice, item.invoice.billed
    note = crediting.cancel(note_ref, item=item, reason=reason, actor=actor, at=at)
    Invoice.objects.filter(pk=invoice.pk).update(milestone=None, replaced_milestone=milestone)
    anew, _series = issue_for(
        ref, cause=shown.cause, contract=invoice.contract, cancelled=note, actor=actor, at=note.issued_at
    )
    if (anew.net, anew.tax) != (shown.net, shown.tax):
        raise Stale("Other sums would be issued by now than were shown. Look at the figures again.")
    _settle(anew, note=note, actor=actor, at=anew.issued_at)
    return note, anew


def _settle(anew: Invoice, *, note: CreditNote, actor: Actor, at: datetime) -> None:
    """What was paid on the cancelled invoice settles the new one, as far as it is open; what was recorded with another
    contract stays on its payment, for that one is not held."""
    for freed in Allocation.objects.filter(freed_by=note).select_related("payment").order_by("payment_id"):
        left = OpenItem.objects.values_list("open", flat=True).get(invoice=anew)
        payment_ref = freed.payment.ref
        held = set(contracts_to_allocate(payment_ref=payment_ref, invoice_ref=anew.ref))
        if left and held == {anew.contract_id}:
            amount = min(-freed.amount, left)
            allocate(payment_ref=payment_ref, invoice_ref=anew.ref, actor=actor, amount=amount, at=at)


def may_be_reissued(invoice: Invoice) -> bool:
    """Whether a page offers it: what else stands in the way is said once it is asked for."""
    return invoice.kind == InvoiceKind.MILESTONE and invoice.milestone_id is not None and not invoice.open_item.credited


def refuse_reissue(item: OpenItem) -> None:
    """Refuse to issue anew what is bound otherwise, and say what to do instead."""
    invoice, number = item.invoice, item.invoice.number
    if invoice.replaced_milestone_id is not None:
        raise IllegalTransition("{number} is cancelled already, and issued anew.", number=number)
    if invoice.kind != InvoiceKind.MILESTONE or invoice.milestone is None:
        raise Refused(
            "Only the invoice of a milestone is cancelled and issued anew in one act. Credit {number}, and correct what"
            " its contract says.",
            number=number,
        )
    if invoice.contract.state == ContractState.TERMINATED:
        raise IllegalTransition("This contract is terminated, so nothing of it is billed any more.")
    refuse_uncreditable(invoice)
    if PayeeInstruction.objects.assigned().filter(milestone=invoice.milestone).exists():
        raise Refused(
            "{number} is sold to a financier, whose invoice stays as it is. Credit it instead.", number=number
        )
    if item.credited or CreditNote.objects.filter(invoice=invoice).exists():
        raise Refused(
            "{number} has a credit note already, so what it billed is not what would be billed again. Credit the rest.",
            number=number,
        )
    if item.disputed:
        raise Refused("{number} is in dispute. Settle that first.", number=number)
    if item.reserved:
        raise Refused("The buyer withholds a part of {number} for defects. Settle those first.", number=number)
    if PaymentDocument.objects.filter(invoice=invoice).exists():
        raise Refused(
            "Documents come before the payment of {number}, and what was handed in belongs to it. Credit it instead.",
            number=number,
        )


def _of(item: OpenItem) -> Reissue:
    refuse_reissue(item)
    invoice = item.invoice
    credit = preview_of(item, share=rules.Share(), purpose=CreditNote.Purpose.REPLACEMENT)
    if credit.gross > item.open + retained_of(invoice) + item.paid:
        raise Refused(
            "A part of what was retained of {number} was released, and a statement of its own asks for that. Credit the"
            " rest instead.",
            number=invoice.number,
        )
    contract, cause = invoice.contract, _cause(invoice)
    check_taxed([cause], contract=contract)
    taxed = cause.taxed
    deduction = deducted(cause, contract=contract, standing=None, cancelled=invoice)
    totals = rules.totals(breakdown_of(cause, deduction=deduction, currency=invoice.currency))
    account = BankAccount.objects.filter(
        organisation_id=contract.seller_id, currency=invoice.currency, is_default=True
    ).first()
    seller, buyer = (
        facts.party_of(organisation, category=cause.tax_category) for organisation in (contract.seller, contract.buyer)
    )
    shown = {
        "credit": credit.sha256,
        "parties": [asdict(seller), asdict(buyer)],
        "account": account.pk if account is not None else None,
        "tax": [taxed.category, taxed.rate, asdict(cause.exemption)],
        "days": [cause.agreed.payment_days, cause.version.payment_basis],
        "sums": [totals.net, totals.tax, totals.gross],
    }
    return Reissue(
        said=standing(invoice),
        cause=cause,
        seller=seller,
        buyer=buyer,
        account=account,
        net=totals.net,
        tax=totals.tax,
        gross=totals.gross,
        freed=credit.freed,
        sha256=canonical.sha256(canonical.text(shown)),
    )


def _cause(invoice: Invoice) -> causes.Cause:
    """The accepted milestone, on the terms that are in force: what both sides agreed last of its line."""
    milestone = Milestone.objects.select_related("line__version", "accepted_submission__decision").get(
        pk=invoice.billed.pk
    )
    milestone.contract = invoice.contract
    submission = milestone.accepted_submission
    if submission is None:
        raise Refused("Only an accepted milestone is billed. Reload the page to see what happened.")
    cause = causes.of_milestone(milestone, acceptance=submission.decision)
    version: ContractVersion | None = invoice.contract.active_version
    line = PlanLine.objects.filter(version=version, position=milestone.position).first()
    if version is None or line is None:
        return cause
    version.contract = invoice.contract
    return replace(cause, version=version, own=line.own)

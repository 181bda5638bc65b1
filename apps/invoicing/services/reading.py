"""What other stories need to know of an invoice, and asking for its document again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from apps.audit import services as audit
from apps.contracts.models import Contract
from apps.contracts.rules import Agreed
from apps.core import money
from apps.core.errors import NotAllowed, Refused
from apps.core.states import move
from apps.invoicing import rules
from apps.invoicing.models import Allocation, Document, Invoice, OpenItem, PayeeInstruction
from apps.invoicing.models.document import DocumentState
from apps.invoicing.services.applications import BY_APPLICATION
from apps.invoicing.services.deposit_standing import has_advances
from apps.invoicing.services.retained import is_retained
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import MilestoneState
from apps.parties.actor import Actor

GIVEN_UP_AFTER = timedelta(minutes=5)
"""A document that is still being made after this time is not being made any more."""


def contract_of(*, invoice_ref: str) -> int:
    """The contract that an invoice bills, so that a workflow can lock it first."""
    contract = Invoice.objects.filter(ref=invoice_ref).values_list("contract_id", flat=True).first()
    if contract is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    return contract


def milestone_of(*, invoice_ref: str) -> Milestone | None:
    """The milestone that an invoice bills; None for a deposit or a period."""
    found = Invoice.objects.select_related("milestone").filter(ref=invoice_ref).first()
    return found.milestone if found is not None else None


def contracts_of(*, invoice_refs: Sequence[str]) -> list[int]:
    """The contracts that some invoices bill, in the order in which they are locked."""
    found = dict(Invoice.objects.filter(ref__in=invoice_refs).values_list("ref", "contract_id"))
    if len(found) != len(set(invoice_refs)):
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    return sorted(set(found.values()))


def contracts_of_transaction(*, transaction_ref: str) -> list[int]:
    """The contracts on whose invoices a bank transaction was recorded, in the order in which they are locked."""
    made = Allocation.objects.filter(
        payment__application__transaction__ref=transaction_ref, payment__reversal__isnull=True
    )
    return sorted(set(made.values_list("invoice__contract_id", flat=True)))


@dataclass(frozen=True, slots=True)
class Claim:
    """What the buyer owes for a milestone, or will owe once it is accepted: ``face`` with tax, in its currency."""

    milestone: Milestone
    invoice: Invoice | None
    face: Decimal

    @property
    def name(self) -> str:
        """The number of the invoice, or the milestone while there is none."""
        return self.invoice.number if self.invoice is not None else self.milestone.title


def claims(*, contract: Contract, milestone_refs: Sequence[str]) -> list[Claim]:
    """The claims on some milestones of a contract that the caller holds, in the order of the plan, if they are whole.

    Whole means: nothing paid, not assigned, and the contract lets it be assigned. Open items of invoices are held.
    """
    found = list(
        Milestone.objects.filter(contract=contract, ref__in=milestone_refs)
        .select_related("line__version", "contract")
        .order_by("position", "part")
    )
    if not found or len(found) != len(set(milestone_refs)):
        raise Refused("There is no such milestone in this contract. Choose at least one of its milestones.")
    items = (
        OpenItem.objects.select_related("invoice__seller", "invoice__buyer")
        .select_for_update(of=("self",))
        .filter(invoice__milestone__in=found)
        .order_by("pk")
    )
    items_by_milestone = {item.invoice.milestone_id: item for item in items}
    directed = set(
        PayeeInstruction.objects.assigned().filter(milestone__in=found).values_list("milestone_id", flat=True)
    )
    if any(milestone.line.version.is_by_application for milestone in found):
        raise Refused(BY_APPLICATION["finance"])
    made = [_claim(milestone, items_by_milestone.get(milestone.pk)) for milestone in found]
    for claim in made:
        if not claim.milestone.line.version.is_assignable:
            raise Refused("The contract does not allow its receivables to be assigned, so they cannot be funded.")
        if claim.milestone.pk in directed:
            raise Refused("{name} is already assigned to a financier.", name=claim.name)
    return made


def amount_to_bill(milestone: Milestone) -> Decimal:
    """What the invoice of a milestone comes to, tax included, by the terms on which it will be issued."""
    return total_to_bill(milestone.amount, agreed=milestone.line.agreed, currency=milestone.currency)


def total_to_bill(net: Decimal, *, agreed: Agreed, currency: str) -> Decimal:
    """What an invoice of so much, net, comes to with the tax of a line."""
    amounts = [rules.TaxedAmount(net, agreed.tax_category, agreed.tax_rate)]
    return rules.totals(rules.tax_breakdown(amounts, currency=currency)).gross


def _claim(milestone: Milestone, item: OpenItem | None) -> Claim:
    if item is None:
        if milestone.state == MilestoneState.CANCELLED:
            raise Refused("“{milestone}” was cancelled by a change order.", milestone=milestone.title)
        if is_retained(milestone):
            raise Refused(
                "The buyer keeps back a part of each invoice of this contract, so nobody knows yet how much of"
                " “{milestone}” will be payable. Financing of milestones with retention is not offered.",
                milestone=milestone.title,
            )
        if has_advances(milestone.contract):
            raise Refused(
                "Invoices of this contract give a deposit back, so nobody knows yet how much of “{milestone}” will be"
                " payable. Ask for an advance on its invoice, once it is accepted.",
                milestone=milestone.title,
            )
        return Claim(milestone, None, amount_to_bill(milestone))
    if item.retained:
        raise Refused(
            "Of {number} the buyer keeps back {retained} as agreed, so it is not payable whole. Only whole invoices are"
            " funded.",
            number=item.invoice.number,
            retained=str(money.Money(item.retained, item.currency)),
        )
    if item.reserved:
        raise Refused(
            "Of {number} the buyer withholds {reserved} until defects are mended, so it is not payable whole. Only"
            " whole invoices are funded.",
            number=item.invoice.number,
            reserved=str(money.Money(item.reserved, item.currency)),
        )
    if item.credited:
        raise Refused(
            "{number} was lowered by a credit note. Only an invoice that is owed as it was issued is funded.",
            number=item.invoice.number,
        )
    if item.open == 0:
        raise Refused("{number} is paid; there is nothing left to fund.", number=item.invoice.number)
    if item.paid:
        raise Refused("A part of {number} is already paid. Only a whole invoice is funded.", number=item.invoice.number)
    return Claim(milestone, item.invoice, item.gross)


def retry_document(*, invoice_ref: str, actor: Actor, at: datetime) -> Document:
    """Ask for a document again after it failed, or after its making was given up. A document that is there stays."""
    document = (
        Document.objects.visible_to(actor)
        .select_related("invoice__contract")
        .select_for_update(of=("self",))
        .filter(invoice__ref=invoice_ref)
        .first()
    )
    if document is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    if document.invoice.seller_id != actor.organisation_id:
        raise NotAllowed("Only the seller can have the document made again.")
    if document.state == DocumentState.READY:
        raise Refused("The document is already there. Reload the page to see it.")
    if document.state == DocumentState.RENDERING and at - document.requested_at < GIVEN_UP_AFTER:
        raise Refused("The document is being made right now. Reload the page in a moment.")
    if document.state == DocumentState.FAILED:
        move(document, DocumentState.RENDERING, Document.TRANSITIONS)
    document.failure = ""
    document.requested_at = at
    document.save(update_fields=["state", "failure", "requested_at"])
    contract = document.invoice.contract
    audit.record(
        chain=f"contract:{contract.ref}",
        parties=(contract.seller_id, contract.buyer_id),
        verb="document.requested_again",
        subject=f"invoice:{invoice_ref}",
        actor=actor,
        at=at,
        document=document.ref,
    )
    return document

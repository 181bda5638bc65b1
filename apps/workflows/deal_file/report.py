"""What came of a deal: milestones, invoices, payments, financing and every ledger entry, as values and as plain text.

Random references are written as what they stand for (``invoice:INV-2026-0001``): two plays of one file report the same.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import translation

from apps.contracts.models import Contract, Signature
from apps.core import canonical
from apps.financing.models import Collection, FundingRequest, Offer, OfferLine, RequestItem, Tranche
from apps.invoicing.models import Allocation, CorrectedInvoice, CreditNote, Instalment, Invoice
from apps.ledger.models import Book, Entry
from apps.milestones.models import Milestone, Submission
from apps.workflows.deal_file import (
    credit_report,
    report_applications,
    report_disputes,
    report_progress,
    report_refunds,
    report_reservations,
    report_retention,
    report_revenue,
    report_terminations,
)
from apps.workflows.deal_file.report_changes import change_orders
from apps.workflows.deal_file.report_parts import Report, amount_of, named, written
from apps.workflows.deal_file.report_steps import WITH, steps_of
from apps.workflows.deal_file.report_text import plain

__all__ = ["Report", "plain", "report"]

IN_ORDER = ("milestone__position", "milestone__part")


def report(*, title: str, contract_ref: str) -> Report:
    """Everything that the database holds of one contract, read as the owner, who sees both sides."""
    contract = Contract.objects.using("owner").select_related("seller", "buyer").get(ref=contract_ref)
    invoices = list(
        _of(Invoice, contract)
        .select_related("milestone", "replaced_milestone", "instalment", "application", "open_item", "document")
        .order_by("id")
    )
    notes = list(_of(CreditNote, contract).select_related("invoice", "document").order_by("id"))
    corrected = _of(CorrectedInvoice, contract).select_related("invoice").order_by("id")
    milestones = list(_of(Milestone, contract).order_by("position", "part"))
    tranches = list(_of(Tranche, contract).select_related("milestone__invoice", "financier").order_by("id"))
    names = {f"contract:{contract.ref}": f"contract:{contract.number}"}
    names |= {f"invoice:{invoice.ref}": f"invoice:{invoice.number}" for invoice in invoices}
    names |= {f"credit:{note.ref}": f"credit:{note.number}" for note in notes}
    names |= {tranche.key: f"tranche:{tranche.name}" for tranche in tranches}
    names |= {f"milestone:{milestone.ref}": f"milestone:{milestone.title}" for milestone in milestones}
    organisations = [contract.seller_id, *sorted({tranche.financier_id for tranche in tranches})]
    planned = Instalment.objects.using("owner").standing().filter(contract=contract)
    return {
        "deal": title,
        "contract": _contract(contract),
        "milestones": [_milestone(milestone) for milestone in milestones],
        "instalments": [_instalment(one) for one in planned.select_related("invoice").in_turn()],
        "invoices": [_invoice(invoice) for invoice in invoices],
        "credit_notes": [credit_report.credit_note(note) for note in notes],
        "corrected_invoices": [credit_report.corrected_invoice(one) for one in corrected],
        "disputes": report_disputes.disputes(contract),
        "reservations": report_reservations.reservations(contract),
        "change_orders": change_orders(contract),
        "terminations": report_terminations.terminations(contract),
        "retention": report_retention.report_of(contract),
        "applications": report_applications.report_of(contract),
        "progress": report_progress.report_of(contract),
        "revenue": report_revenue.report_of(contract, names=names),
        "refunds": report_refunds.refunds(contract),
        "payments": [_payment(allocation) for allocation in _allocations(contract)],
        "financing": [_request(request) for request in _of(FundingRequest, contract).order_by("id")],
        "ledger": [
            _book(book, set(names), names)
            for organisation in organisations
            for book in Book.objects.using("owner").filter(organisation=organisation, currency=contract.currency)
        ],
    }


def _of(model: Any, contract: Contract) -> QuerySet[Any]:
    return model.objects.using("owner").filter(contract=contract)  # type: ignore[no-any-return]


def _contract(contract: Contract) -> Report:
    version = contract.active_version or contract.versions.using("owner").order_by("-number").first()
    signatures = _of(Signature, contract).order_by("id")
    return {
        "number": contract.number,
        "title": contract.title,
        "seller": contract.seller.legal_name,
        "buyer": contract.buyer.legal_name,
        "state": contract.state,
        "currency": contract.currency,
        "price": amount_of(version.price, contract.currency) if version else None,
        "version": version.number if version else None,
        "plan": version.plan_name or None if version else None,
        "signatures": [
            {"side": signature.side, "name": signature.name, "signed_at": written(signature.signed_at)}
            for signature in signatures
        ],
    }


def _milestone(milestone: Milestone) -> Report:
    cycles = Submission.objects.using("owner").filter(milestone=milestone).prefetch_related("decision", *WITH)
    return {
        "title": milestone.title,
        "amount": amount_of(milestone.amount, milestone.currency),
        "quantity": canonical.plain(milestone.quantity) if milestone.quantity is not None else None,
        "state": milestone.state,
        **{name: written(getattr(milestone, name)) for name in ("planned_on", "accepted_at")},
        "cycles": [
            {
                **{name: getattr(cycle, name) for name in ("number", "state")},
                **{name: written(getattr(cycle, name)) for name in ("submitted_at", "notified_at", "review_due_at")},
                "outcome": cycle.decision.outcome if hasattr(cycle, "decision") else None,
                **steps_of(cycle),
            }
            for cycle in cycles.order_by("number")
        ],
    }


def _instalment(instalment: Instalment) -> Report:
    return {
        "line": instalment.title,
        "number": instalment.number,
        "count": instalment.count,
        "amount": amount_of(instalment.amount, instalment.currency),
        **{name: written(getattr(instalment, name)) for name in ("bills_on", "ends_on")},
        "recovered": instalment.line.recovery or None,
        "dropped": instalment.cancelled_at is not None,
        "invoice": instalment.invoice.number if hasattr(instalment, "invoice") else None,
    }


def _invoice(invoice: Invoice) -> Report:
    item, currency = invoice.open_item, invoice.currency
    milestone = invoice.milestone_ever
    return {
        "number": invoice.number,
        "about": _about(invoice),
        "milestone": milestone.title if (milestone := invoice.milestone_ever) is not None else None,
        "issued_on": written(invoice.issued_on),
        "due_on": written(item.due_on) if not item.awaits_documents else None,
        "documents": {one.title: one.state for one in invoice.payment_documents.using("owner").order_by("pk")},
        "net": amount_of(invoice.net, currency),
        "recovered": amount_of(invoice.recovered, currency),
        "tax": amount_of(invoice.tax, currency),
        "gross": amount_of(invoice.gross, currency),
        "credited": amount_of(item.credited, currency),
        "retained": amount_of(item.retained, currency),
        "reserved": amount_of(item.reserved, currency),
        "paid": amount_of(item.paid, currency),
        "open": amount_of(item.open, currency),
        "disputed": amount_of(item.disputed, currency),
        "document": invoice.document.state,
    }


def _about(invoice: Invoice) -> str:
    with translation.override("en"):
        return invoice.about


def _allocations(contract: Contract) -> Iterable[Allocation]:
    return (
        Allocation.objects.using("owner")
        .made()
        .filter(invoice__contract=contract)
        .select_related("payment__recipient", "invoice")
        .order_by("id")
    )


def _payment(allocation: Allocation) -> Report:
    payment = allocation.payment
    return {
        "invoice": allocation.invoice.number,
        "received_on": written(payment.received_on),
        "recipient": payment.recipient.legal_name,
        "amount": amount_of(payment.amount, payment.currency),
        "allocated": amount_of(allocation.amount, payment.currency),
        "reference": payment.bank_reference,
        "reversed": payment.reversal.reason if hasattr(payment, "reversal") else "",
    }


def _request(request: FundingRequest) -> Report:
    offers = Offer.objects.using("owner").filter(request=request).order_by("version")
    tranches = Tranche.objects.using("owner").filter(offer__request=request).select_related("milestone")
    items = RequestItem.objects.using("owner").filter(request=request).select_related("milestone")
    return {
        "about": request.about,
        "milestones": [item.milestone.title for item in items.order_by(*IN_ORDER)],
        "state": request.state,
        "face": amount_of(request.face, request.currency),
        "offers": [_offer(offer) for offer in offers],
        "tranches": [_tranche(tranche) for tranche in tranches.order_by(*IN_ORDER, "id")],
    }


def _offer(offer: Offer) -> Report:
    lines = OfferLine.objects.using("owner").filter(offer=offer).select_related("milestone")
    return {
        "version": offer.version,
        "state": offer.state,
        "funding_on": written(offer.funding_on),
        **_priced(offer, offer.currency),
        "unit_period": offer.unit_period,
        "lines": [
            {
                "milestone": line.milestone.title,
                "stage": line.stage,
                "days": line.days,
                "expected_on": written(line.expected_on),
                **_priced(line, offer.currency),
            }
            for line in lines.order_by(*IN_ORDER)
        ],
    }


def _priced(row: Offer | OfferLine, currency: str) -> Report:
    names = ("face", "gross", "discount", "fee", "net", "reserve")
    return {
        **{name: amount_of(getattr(row, name), currency) for name in names},
        "apr": f"{row.apr:.2f}",
        "xirr": f"{row.xirr:.2f}",
    }


def _tranche(tranche: Tranche) -> Report:
    converted = Entry.objects.using("owner").filter(
        organisation_id=tranche.financier_id, cause=f"conversion:{tranche.ref}"
    )
    return {
        "milestone": tranche.milestone.title,
        "state": tranche.state,
        "outstanding": amount_of(tranche.outstanding, tranche.currency),
        "funded_on": written(tranche.funded_on),
        "converted_on": written(converted.values_list("booked_on", flat=True).first()),
        "settled_on": written(tranche.settled_on),
        "collections": [
            {
                "on": written(collection.collected_on),
                **{
                    name: amount_of(getattr(collection, name), tranche.currency)
                    for name in ("amount", "to_advance", "to_seller", "to_buyer", "late_charge", "rebate")
                },
            }
            for collection in Collection.objects.using("owner").filter(tranche=tranche).order_by("id")
        ],
    }


def _book(book: Book, keys: set[str], names: Mapping[str, str]) -> Report:
    """The entries of the deal, and what they come to by account: together zero, also on accounts without a key."""
    entries = list(
        Entry.objects.using("owner")
        .filter(book=book, lines__key__in=keys)
        .distinct()
        .order_by("id")
        .prefetch_related("lines__account")
    )
    balances: dict[str, Decimal] = {}
    for line in (line for entry in entries for line in entry.lines.all()):
        label = f"{line.account.code} {line.account.name}"
        balances[label] = balances.get(label, Decimal(0)) + line.amount
    return {
        "organisation": book.organisation.legal_name,
        "book": book.purpose,
        "balances": {label: amount_of(amount, book.currency) for label, amount in sorted(balances.items())},
        "entries": [
            {
                "on": written(entry.booked_on),
                "description": named(entry.description, names),
                "lines": [
                    {
                        "account": f"{line.account.code} {line.account.name}",
                        "amount": amount_of(line.amount, book.currency),
                        "key": named(line.key, names),
                    }
                    for line in sorted(entry.lines.all(), key=lambda line: line.pk)
                ],
            }
            for entry in entries
        ],
    }

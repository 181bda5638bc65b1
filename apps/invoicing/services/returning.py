"""What was released of retention in error is kept back again: it comes off its statement, and is a part of its own."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Max, OuterRef, Subquery

from apps.contracts import rules as contracts
from apps.contracts.models import Contract
from apps.contracts.retention import BUYER, DATE, ScheduledRelease
from apps.contracts.retention import RetentionRelease as Part
from apps.core import money
from apps.invoicing import release_statement, rules, snapshot
from apps.invoicing.models import (
    CreditNote,
    Invoice,
    InvoiceLine,
    Retention,
    RetentionRelease,
    RetentionReturn,
    RetentionReturnShare,
)

Shared = list[tuple[Retention, Decimal]]
"""Invoices of which something is kept back, each with how much."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A part that came back and is not released again: ``part`` says by what it will be, ``amount`` is what is left."""

    part: ScheduledRelease
    amount: Decimal


def keep_back_again(note: CreditNote, *, kept_until: date | None) -> RetentionReturn:
    """What a credit note takes off a statement is withheld again of the invoices of which it had been released.

    The caller holds the contract. Nothing of it is revenue, and no tax changes: the price stays what it was.
    """
    release = RetentionRelease.objects.get(invoice=note.invoice)
    held = {one.pk: one for one in Retention.objects.filter(contract=note.contract).select_for_update().order_by("pk")}
    shares = list(release.shares.order_by("pk").values_list("retention_id", flat=True))
    credited = dict(note.lines.values_list("invoice_line__position", "net"))
    back = RetentionReturn.objects.create(
        contract_id=note.contract_id,
        release=release,
        credit_note=note,
        position=_next_position(note.contract),
        kind=release.kind,
        currency=note.currency,
        amount=note.gross,
        kept_until=kept_until,
        returned_at=note.issued_at,
    )
    made = [(held[pk], credited[place]) for place, pk in enumerate(shares, start=1) if place in credited]
    for kept, amount in made:
        kept.released -= amount
        kept.returned += amount
    Retention.objects.bulk_update([kept for kept, _amount in made], ["released", "returned"])
    RetentionReturnShare.objects.bulk_create(
        RetentionReturnShare(back=back, retention=kept, amount=amount) for kept, amount in made
    )
    return back


def as_invoice(statement: Invoice, *, lines: Sequence[InvoiceLine]) -> snapshot.SemanticInvoice:
    """A statement of retention in the terms of the credit note that lowers it: outside the scope of tax."""
    said, version = release_statement.read(statement.snapshot), statement.contract.active_version
    if version is None:
        raise ValueError(f"contract {statement.contract.ref} has no version in force")
    return snapshot.SemanticInvoice(
        kind=said.kind,
        number=said.number,
        issued_at=said.issued_at,
        issue_date=said.issue_date,
        time_zone=said.time_zone,
        language=said.language,
        currency=said.currency,
        due_date=said.due_date,
        payment_days=said.payment_days,
        contract_number=said.contract_number,
        contract_title=said.contract_title,
        contract_version=version.number,
        contract_version_sha256=version.sha256,
        governing_law=version.governing_law,
        seller=said.seller,
        buyer=said.buyer,
        payee=None,
        credit_transfer=None,
        acceptance=None,
        lines=tuple(
            snapshot.Line(
                identifier=str(place),
                name=line.description,
                description="",
                quantity=Decimal(1),
                unit_code=snapshot.ONE,
                net_price=line.net,
                net=line.net,
                tax_category=rules.OUTSIDE_SCOPE,
                tax_rate=money.ZERO,
            )
            for place, line in enumerate(lines, start=1)
        ),
        taxes=(),
        totals=said.totals,
    )


def returned_parts(contracts_: Sequence[int], *, using: str = "default") -> Mapping[int, Sequence[Returned]]:
    """The parts of contracts that came back and are not released again, by the contract's primary key: one query.

    A credit note of an invoice may have taken of what came back, so each comes to what is left of it; to nothing where
    nothing is.
    """
    parts: defaultdict[int, dict[int, tuple[RetentionReturn, Decimal]]] = defaultdict(dict)
    for share, amount in _left_of(contracts_, using=using):
        back, of_contract = share.back, parts[share.back.contract_id]
        before = of_contract[back.pk][1] if back.pk in of_contract else money.ZERO
        of_contract[back.pk] = back, before + amount
    return {
        pk: [Returned(part_of(back), amount) for back, amount in sorted(of.values(), key=lambda one: one[0].position)]
        for pk, of in parts.items()
    }


def _left_of(contracts_: Sequence[int], *, using: str = "default") -> list[tuple[RetentionReturnShare, Decimal]]:
    """What is left of each share of what came back and is not released again, the newest first: one query.

    What a credit note took of an invoice is what came back of it first; what comes back later is whole. So a part keeps
    its amount until its own day, whatever comes back after it.
    """
    again = RetentionRelease.objects.filter(contract=OuterRef("back__contract"), position=OuterRef("back__position"))
    found = RetentionReturnShare.objects.using(using).filter(back__contract__in=contracts_)
    found = found.annotate(again=Subquery(again.values("pk")[:1])).filter(again__isnull=True)
    left: dict[int, Decimal] = {}
    shares = []
    for share in found.select_related("back", "retention").order_by("-back__position", "pk"):
        there = left.setdefault(share.retention_id, share.retention.returned)
        shares.append((share, min(there, share.amount)))
        left[share.retention_id] = there - shares[-1][1]
    return shares


def part_of(back: RetentionReturn) -> ScheduledRelease:
    """By what a part that came back is released again, as a part of the schedule is."""
    on = back.kept_until
    release = Part(Decimal(100), DATE, on=on) if on is not None else Part(Decimal(100), BUYER)
    return ScheduledRelease(back.position, back.kind, release)


def shares_again(back: RetentionReturn, *, kept: Sequence[Retention]) -> Shared:
    """What is released again of which invoice, of those that are held."""
    of_it = {share.retention_id: amount for share, amount in _left_of([back.contract_id]) if share.back_id == back.pk}
    shares = [(one, of_it.get(one.pk, money.ZERO)) for one in kept]
    return [(one, share) for one, share in shares if share]


def _next_position(contract: Contract) -> int:
    """The next number of a part: beyond the schedule, and beyond whatever was released or came back."""
    version = contract.active_version
    terms = contracts.read_retention(version.retention) if version is not None else None
    used = [
        contract.retention_releases.aggregate(last=Max("position"))["last"] or 0,
        contract.retention_returns.aggregate(last=Max("position"))["last"] or 0,
        len(terms.schedule) if terms is not None else 0,
    ]
    return max(used) + 1

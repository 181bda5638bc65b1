"""Databases of a known size, made once and kept until they are dropped: ``cairn_bench_<invoices>``.

One seller has all invoices of ten milestones to a contract; one in a hundred is open, the others are paid. The same
number gives the same rows. Whoever measures with one lets the verifiers look at it before a figure is believed.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.core.management import call_command
from django.db import connections

from apps.contracts.drafts import DraftCriterion, DraftLine
from apps.contracts.models import Contract
from apps.core.database import scratch
from apps.invoicing.models import Invoice
from apps.parties.models import Membership, Organisation
from apps.workflows import billing
from benchmarks import data
from tests import scenarios
from tests.scenarios import Parties, acting, key

PREFIX = "cairn_bench_"
STEPS = 10
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When everything that is copied happened."""


def deal(parties: Parties, number: str, *, steps: int = STEPS) -> Contract:
    """A contract of equal milestones, each with one criterion, signed by both sides."""
    lines = tuple(
        DraftLine(
            title=f"Step {step}",
            scope="",
            basis="percent",
            percent=Decimal(100) / steps,
            planned_on=None,
            criteria=(DraftCriterion("It runs on the buyer's servers."),),
        )
        for step in range(1, steps + 1)
    )
    return scenarios.active_contract(
        parties, draft=scenarios.software_draft(parties, number=number, lines=lines), at=AT
    )


@dataclass(frozen=True, slots=True)
class Played:
    """Two deals that were played to their end, to be copied: one is paid, in the other every invoice is open."""

    paid: Contract
    owed: Contract

    def grow(self, *, invoices: int, owed: int | None = None) -> None:
        """Copy both until the seller has so many invoices: ``owed`` more of them open, or one in a hundred."""
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM invoicing_invoice WHERE seller_id = %s", [self.paid.seller_id])
            (there,) = cursor.fetchone()
        deals = (invoices - there) // STEPS
        open_deals = deals // 100 if owed is None else owed // STEPS
        data.copy(self.owed, copies=open_deals)
        data.copy(self.paid, copies=deals - open_deals)
        data.settle()


def play(parties: Parties) -> Played:
    """Both deals, through the services, as everything else in this product happens."""
    paid, owed = deal(parties, "PAID"), deal(parties, "OPEN")
    for contract in (paid, owed):
        for step in range(1, STEPS + 1):
            scenarios.accepted_milestone(contract, position=step, at=AT)
    with acting(scenarios.seller_actor(parties), at=AT) as sina:
        for invoice in Invoice.objects.filter(contract=paid):
            billing.record_payment(
                actor=sina,
                key=key(),
                invoice_ref=invoice.ref,
                amount=invoice.gross,
                received_on=AT.date(),
                bank_reference=f"BANK-{invoice.number}",
            )
    return Played(paid, owed)


def verified() -> None:
    """Stop if anything is wrong with the books, the numbers or the audit trail of the database at hand."""
    for command in ("verify_ledger", "verify_audit"):
        call_command(command, stdout=io.StringIO())


def name_of(invoices: int) -> str:
    return f"{PREFIX}{invoices}"


@contextmanager
def of_size(invoices: int) -> Iterator[Parties]:
    """Inside the block both aliases mean the database with so many invoices; it is made if it is not there."""
    name = name_of(invoices)
    with scratch.maintenance() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        is_there = cursor.fetchone() is not None
    if not is_there:
        data.say(f"Making {name} …")
        with scratch.scratch_database() as unfinished:
            play(scenarios.organisations()).grow(invoices=invoices)
            connections.close_all()
            with scratch.maintenance() as cursor:
                cursor.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
    with scratch.pointing_at(name):
        try:
            yield parties_at_hand()
        finally:
            connections.close_all()


def drop() -> None:
    """Throw all of them away."""
    with scratch.maintenance() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        for (name,) in cursor.fetchall():
            data.say(f"Dropping {name}")
            scratch.drop(name)


def parties_at_hand() -> Parties:
    """The people of a database that was made in another process."""
    roles = {"sina": "seller", "bea": "approver", "olga": "buyer"}
    people: dict[str, Membership] = {}
    for membership in Membership.objects.using("owner").select_related("user", "organisation").order_by("id"):
        role = roles.get(membership.user.email.partition("@")[0])
        if role is not None:
            people.setdefault(role, membership)
    financier = Organisation.objects.using("owner").filter(is_financier=True).order_by("id")[0]
    return Parties(people["seller"].organisation, people["buyer"].organisation, financier, people, "example")

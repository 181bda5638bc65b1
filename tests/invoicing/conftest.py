from collections.abc import Iterator
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from apps.contracts.models import Contract
from apps.core.database import scratch as scratch_databases
from apps.core.database import walls
from apps.invoicing.models import Invoice
from apps.milestones.models import Milestone
from tests import scenarios

ACCEPTED_AT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
"""Half past midnight of the next day in Berlin, where the seller is."""


@dataclass(frozen=True)
class Billed:
    """A story whose first milestone (12,000.00 EUR net, 19 % tax) is accepted and billed."""

    parties: scenarios.Parties
    contract: Contract
    milestone: Milestone
    invoice: Invoice


@pytest.fixture(scope="session")
def story(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[str, Billed]]:
    """The story, told once and kept as a database that every test gets a copy of."""
    with django_db_blocker.unblock(), ExitStack() as stack:
        with scratch_databases.scratch_database() as name:
            told = _tell()
            connections.close_all()
            kept = stack.enter_context(scratch_databases.kept_copy(name))
        with django_db_blocker.block():
            yield kept, told


@pytest.fixture
def billed(story: tuple[str, Billed], django_db_blocker: DjangoDbBlocker) -> Iterator[Billed]:
    """The first milestone accepted, in a database for this test alone. The connection asks for nobody."""
    kept, told = story
    with django_db_blocker.unblock(), scratch_databases.scratch_database(kept):
        yield deepcopy(told)
        connections.close_all()


@pytest.fixture(scope="module")
def untouched(story: tuple[str, Billed], django_db_blocker: DjangoDbBlocker) -> Iterator[Billed]:
    """The same, for tests in which nothing may happen: one database for all of a module."""
    kept, told = story
    with django_db_blocker.unblock(), scratch_databases.scratch_database(kept):
        yield told
        connections.close_all()


def _tell() -> Billed:
    parties = scenarios.organisations()
    contract = scenarios.active_contract(parties, at=datetime(2026, 2, 2, 9, 0, tzinfo=UTC))
    milestone = scenarios.accepted_milestone(contract, at=ACCEPTED_AT)
    with walls.asking_for(contract.seller_id):
        invoice = Invoice.objects.select_related("contract", "milestone", "seller", "buyer").get()
    return Billed(parties, contract, milestone, invoice)

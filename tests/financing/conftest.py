"""A database in which the sample book's first advance is paid out, made once and copied for each test."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from apps.core.database import scratch as scratch_databases
from apps.financing.models import Tranche
from tests.financing import stories
from tests.scenarios import Parties


class Funded(NamedTuple):
    database: str
    parties: Parties
    tranche_id: int


@pytest.fixture(scope="module")
def funded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Funded]:
    """The committed story, in a database to which nobody is connected."""
    with django_db_blocker.unblock(), ExitStack() as stack:
        with scratch_databases.scratch_database() as name:
            parties = stories.parties()
            tranche_id = stories.funded_advance(parties).pk
            connections.close_all()
            template = stack.enter_context(scratch_databases.kept_copy(name))
        with django_db_blocker.block():
            yield Funded(template, parties, tranche_id)


@pytest.fixture
def own_copy(funded: Funded, django_db_blocker: DjangoDbBlocker) -> Iterator[Funded]:
    """This test's own copy of the story, in which everything commits."""
    with django_db_blocker.unblock():
        try:
            with scratch_databases.scratch_database(funded.database):
                yield funded
        finally:
            connections.close_all()


@pytest.fixture
def deal(own_copy: Funded) -> Parties:
    """The three parties of a funded advance."""
    return own_copy.parties


@pytest.fixture
def tranche(own_copy: Funded) -> Tranche:
    """The advance of 102,000, paid out on 2026-03-02."""
    return stories.tranche_of(own_copy)

"""Every address × every visitor × every foreign object × every method, with both walls and with either alone.

Two complete tenants stand in one database. Strangers get 404 (the way to the sign-in, if nobody knows them), learn no
more than of an object that does not exist, see no word of the other tenant, and change no row. Every address is also
reached by those whose objects they are, so that no cell is empty; and mutants show that the engine can fail.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from apps.core.database import scratch
from apps.parties import services as parties
from tests.portals.matrix import addresses, visitors
from tests.portals.matrix.addresses import TOKEN, UNKNOWN_REF, Address
from tests.portals.matrix.engine import Matrix, changed, fingerprint, stable, undone
from tests.portals.matrix.visitors import Visitor
from tests.portals.matrix.ways import Way, standing
from tests.portals.matrix.world import FOREIGN, HOME, Tenant, tenant

ADDRESSES = addresses.addresses()
WITH_OBJECT = [address for address in ADDRESSES if address.parameters]
WITHOUT_OBJECT = [address for address in ADDRESSES if not address.parameters]
OWNERS = ("seller", "buyer", "financier")


@dataclass
class World:
    """Both tenants, everybody who visits, and what the home tenant's owners saw before the strangers came."""

    home: Tenant
    foreign: Tenant
    visitors: list[Visitor]
    owners: list[Visitor]
    foreign_owners: list[Visitor]
    before: dict[tuple[Way, str, str], str] = field(default_factory=dict)


def _shown(way: Way, owners: list[Visitor]) -> dict[tuple[Way, str, str], str]:
    """Every page without an object as each owner sees it."""
    with standing(way):
        return {
            (way, owner.name, address.name): stable(Matrix().listing(address, by=owner))
            for owner in owners
            for address in WITHOUT_OBJECT
        }


def _owners(people: list[Visitor]) -> list[Visitor]:
    return [person for person in people if person.membership and "owner" in person.membership.roles]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Built once for this process; whatever a test changes, it undoes or fails."""
    logging.disable(logging.ERROR)
    with django_db_blocker.unblock(), scratch.scratch_database() as name:
        with connections["owner"].cursor() as cursor:
            # The world is thrown away: its commits need not wait for the disk.
            cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        connections.close_all()
        home = tenant(HOME)
        people = visitors.people_of(home)
        before = {key: shown for way in Way for key, shown in _shown(way, _owners(people)).items()}
        foreign = tenant(FOREIGN)
        stranger = parties.enrol(email="nobody@elsewhere.example", name="Norma Nobody")
        yield World(
            home=home,
            foreign=foreign,
            visitors=[*visitors.nobodies(home, stranger=stranger), *people],
            owners=_owners(people),
            foreign_owners=_owners(visitors.people_of(foreign)),
            before=before,
        )
        connections.close_all()
    logging.disable(logging.NOTSET)


@pytest.fixture
def matrix(world: World, record_property: pytest.FixtureRequest) -> Iterator[Matrix]:
    """Counts the cells; afterwards nothing was found, and no row of anybody was touched."""
    rows = fingerprint()
    tried = Matrix()
    yield tried
    record_property("cells", tried.cells)
    assert tried.cells > 0
    assert [*tried.findings, *changed(rows)] == []


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("address", WITH_OBJECT, ids=lambda address: address.name)
def test_strangers_find_nothing(world: World, matrix: Matrix, address: Address, way: Way) -> None:
    by = visitors.guests_of(world.home) if address.is_link else world.visitors
    with standing(way):
        matrix.attack(address, by=by, on=world.foreign)
        matrix.attack(address, by=world.foreign_owners, on=world.home)

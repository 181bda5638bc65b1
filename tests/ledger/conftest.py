from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import transaction

from apps.core.database import walls
from apps.core.refs import new_ref
from apps.parties import services as parties
from apps.parties.models import Organisation

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def found_organisation(*, is_financier: bool = False) -> Organisation:
    """An organisation with an owner; on return the connection asks for it."""
    user = parties.enrol(email=f"{new_ref()}@example.com", name="Ada Ledger")
    walls.enter(user=user.pk)
    organisation, _membership = parties.found(
        user=user,
        ref=new_ref(),
        data=parties.OrganisationData(legal_name="Northwind GmbH", country="DE", is_financier=is_financier),
        at=NOW,
    )
    walls.enter(organisation.pk)
    return organisation


@pytest.fixture
def organisation(db: None) -> Organisation:
    # No leaving at the end: deferred triggers are checked after the test, and see what the asker sees.
    return found_organisation()


@pytest.fixture
def committed(scratch: str) -> Iterator[Organisation]:
    """An organisation in a database in which everything commits, so that deferred triggers fire by themselves."""
    with transaction.atomic():
        founded = found_organisation()
    walls.enter(founded.pk)
    yield founded
    walls.leave()

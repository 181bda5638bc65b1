"""The world in which the engines run, made once for a process and copied for each trial."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.engines import world
from tests.engines.world import World

Template = tuple[World, str]


@pytest.fixture(scope="session")
def made_template(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Template]:
    with django_db_blocker.unblock(), world.template() as made, django_db_blocker.block():
        yield made


@pytest.fixture
def template(made_template: Template, django_db_blocker: DjangoDbBlocker) -> Iterator[Template]:
    """The world, and the name of the database to copy it from."""
    with django_db_blocker.unblock():
        yield made_template

"""The story's people, in browsers of their own."""

from collections.abc import Callable

import pytest
from django.test import Client

from apps.contracts.models import Contract
from tests import scenarios
from tests.scenarios import Parties

SignIn = Callable[..., Client]


@pytest.fixture
def strangers(db: None) -> Parties:
    """Another seller, another buyer, another financier."""
    return scenarios.organisations("Foreign")


@pytest.fixture
def sign_in(db: None, parties: Parties) -> SignIn:
    """A browser in which somebody of the story has signed in, by role."""

    def signed_in(role: str, *, of: Parties | None = None) -> Client:
        client = Client()
        client.force_login((of or parties).people[role].user)
        return client

    return signed_in


@pytest.fixture
def active(db: None, parties: Parties) -> Contract:
    return scenarios.active_contract(parties)

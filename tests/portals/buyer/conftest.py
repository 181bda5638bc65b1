"""Browsers of the buyer's side: members signed in, guests with a personal link in hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from apps.contracts.models import GuestGrant
from apps.parties import tokens
from tests import scenarios
from tests.scenarios import Parties


def token_of(grant: GuestGrant) -> str:
    """What stands in the mail."""
    return tokens.token_for(purpose="guest_grant", ref=grant.ref)


@dataclass
class Guest:
    """Somebody who holds a personal link, in a browser of their own; forged requests are refused there as in life."""

    grant: GuestGrant
    client: Client = field(default_factory=Client)

    @property
    def base(self) -> str:
        return f"/s/{token_of(self.grant)}/"

    def get(self, path: str = "") -> Any:
        return self.client.get(self.base + path)

    def post(self, path: str, **data: str) -> Any:
        return self.client.post(self.base + path, data)


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


@pytest.fixture
def signed_in(parties: Parties) -> Callable[..., Client]:
    """A browser in which somebody of the story has signed in, by role."""

    def sign_in(role: str, *, of: Parties | None = None) -> Client:
        client = Client()
        client.force_login((of or parties).people[role].user)
        return client

    return sign_in


def form_of(response: HttpResponse) -> dict[str, str]:
    """The hidden fields of the page's form, as a browser would send them back."""
    form = response.context["form"]  # type: ignore[attr-defined]
    return {name: str(form[name].value()) for name in ("key", "seen") if name in form.fields}

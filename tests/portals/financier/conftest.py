"""The financier's people in browsers of their own, on the sample book's first milestone: 120,000, funded 2026-03-02."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from apps.core import clock
from apps.financing.models import Facility, FundingRequest, Tranche
from tests.conftest import Once
from tests.financing import stories
from tests.scenarios import Parties

SignIn = Callable[..., Client]


@pytest.fixture(scope="module")
def _deal_once(once: Once) -> Parties:
    return once(stories.parties)


@pytest.fixture
def deal(_deal_once: Parties, db: None) -> Parties:
    return deepcopy(_deal_once)


@pytest.fixture
def sign_in(db: None, deal: Parties) -> SignIn:
    """A browser in which somebody of the story has signed in with both factors, by role."""

    def signed_in(role: str, *, of: Parties | None = None) -> Client:
        user = (of or deal).people[role].user
        if not Authenticator.objects.filter(user=user).exists():
            TOTP.activate(user, generate_totp_secret())
        client = Client()
        client.force_login(user)
        session = client.session
        session["second_factor"] = True
        session.save()
        return client

    return signed_in


@pytest.fixture
def on_funding_day() -> Iterator[None]:
    """It is noon of the day on which the sample advance is funded."""
    with clock.stopped(stories.noon(stories.FUNDED_ON)):
        yield


@pytest.fixture
def facility(deal: Parties) -> Facility:
    return stories.opened_facility(deal)


@pytest.fixture
def request_(deal: Parties, facility: Facility) -> FundingRequest:
    """The seller asks for the invoice of the first milestone."""
    return stories.requested(deal, stories.invoiced(deal), facility)


@pytest.fixture
def advance(deal: Parties) -> Tranche:
    """The advance of 102,000, paid out."""
    return stories.funded_advance(deal)


def hidden(response: Any) -> dict[str, str]:
    """The one-time key of a page's form, and what it says was shown, as a browser would send them back."""
    form = response.context["form"]
    return {name: str(form[name].value()) for name in ("key", "seen") if name in form.fields}


def text_of(response: Any) -> str:
    """The page's words with plain spaces."""
    return str(response.content.decode()).replace("\N{NO-BREAK SPACE}", " ")

"""Passkeys, with Chromium's own virtual authenticator: add one, sign in with it, confirm with it, remove it."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from apps.parties.models import User
from tests import scenarios
from tests.browser.visitors import House, passkey


def analyst() -> User:
    return scenarios.organisations().people["analyst"].user


@pytest.mark.usefixtures("scratch")
def test_a_financier_works_with_a_passkey_alone(house: House) -> None:
    cache.clear()
    user = analyst()
    frank = house.visitor("frank")
    frank.become(user)
    Authenticator.objects.filter(user=user).delete()
    with passkey(frank):
        frank.open("/accounts/security/authenticator/")
        frank.follow("Use a passkey instead")
        frank.press("Add")
        frank.is_at("Confirm that it is you")
        frank.follow("Use a security key")
        frank.press("Use my passkey")
        frank.is_at("Recovery codes")
        assert Authenticator.objects.filter(user=user, type="webauthn").count() == 1
        frank.context.clear_cookies()
        frank.open("/accounts/login/")
        frank.press("Sign in with a passkey")
        frank.page.wait_for_url("**/financier/")
        frank.open("/accounts/security/passkeys/")
        frank.follow("Remove Master key")
        frank.is_at("Confirm that it is you")
        frank.follow("Use a security key")
        frank.press("Use my passkey")
        frank.sees("Remove Master key?")
        frank.press("Remove")
        frank.sees("None yet.")
    assert not Authenticator.objects.filter(user=user, type="webauthn").exists()

"""A guest above the buyer's amount: after the code is asked for the page says so, and the Enter key signs with it."""

import re
from decimal import Decimal

import pytest
from django.core import mail
from playwright.sync_api import expect

from apps.workflows import team
from tests import scenarios
from tests.browser.visitors import House, mail_to
from tests.portals.buyer.browsers import token_of
from tests.scenarios import acting, key

CODE_MAIL = re.compile("Your code to confirm")


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_enter_signs_and_sends_no_second_code(house: House, has_scripts: bool) -> None:
    parties = scenarios.organisations()
    contract = scenarios.active_contract(parties)
    with acting(scenarios.buyer_actor(parties)) as actor:
        team.set_step_up(actor=actor, key=key(), above=Decimal(10_000))
    grant = scenarios.link_to_sign_off(scenarios.submitted_milestone(contract))
    guest = house.visitor("Bea", java_script_enabled=has_scripts)
    guest.open(f"/s/{token_of(grant)}/accept/")
    guest.page.get_by_text("Add a comment to the seller").click()
    guest.fill(Comment="Well done.")
    guest.press("Send me a code")
    guest.sees(f"We sent a code to {grant.email}.")
    field = guest.page.locator('[name="code"]')
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile(f"We sent a code to {grant.email}"))
    letter = mail_to(grant.email, about=CODE_MAIL)
    found = re.search(r"\b[0-9]{6}\b", str(letter.body))
    assert found
    guest.page.keyboard.type(found[0])
    guest.page.keyboard.press("Enter")
    guest.is_at("is signed off")
    assert [letter.subject for letter in mail.outbox if CODE_MAIL.search(str(letter.subject))] == [letter.subject]
    with acting(scenarios.seller_actor(parties)):
        assert scenarios.milestone_of(contract).state == "accepted"

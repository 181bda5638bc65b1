"""Above the buyer's amount, from the mail to done, in at most six actions, with scripts and without: a guest by a code
on the page, where the Enter key signs; a member whose session is over by signing in."""

import re
from decimal import Decimal

import pytest
from django.core import mail
from playwright.sync_api import expect

from apps.contracts.models import Contract
from apps.core.database import walls
from apps.workflows import team
from apps.workflows.mails import milestones
from tests import scenarios
from tests.browser import story
from tests.browser.visitors import House, Visitor, link_in, mail_to
from tests.portals.buyer.browsers import token_of
from tests.scenarios import acting, key

CODE_MAIL = re.compile("Your code to confirm")


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_from_the_mail_to_done_above_the_amount(house: House, has_scripts: bool) -> None:
    parties = scenarios.organisations()
    contract = scenarios.active_contract(parties)
    with acting(scenarios.buyer_actor(parties)) as actor:
        team.set_step_up(actor=actor, key=key(), above=Decimal(10_000))
    guest_signs(house.visitor("Bea", java_script_enabled=has_scripts), contract)
    member_signs(house.visitor("Ben", java_script_enabled=has_scripts), contract)
    with acting(scenarios.seller_actor(parties)):
        states = [scenarios.milestone_of(contract, position=position).state for position in (1, 2)]
    assert states == ["accepted", "accepted"]


def guest_signs(guest: Visitor, contract: Contract) -> None:
    grant = scenarios.link_to_sign_off(scenarios.submitted_milestone(contract))
    guest.open(f"/s/{token_of(grant)}/")
    guest.follow(re.compile("^Sign off"))
    guest.press("Send me a code")
    guest.sees(f"We sent a code to {grant.email}.")
    field = guest.page.locator('[name="code"]')
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile(f"We sent a code to {grant.email}"))
    found = re.search(r"\b[0-9]{6}\b", str(mail_to(grant.email, about=CODE_MAIL).body))
    assert found
    guest.type_and_enter(found[0])
    guest.is_at("is signed off")
    assert len([letter for letter in mail.outbox if CODE_MAIL.search(str(letter.subject))]) == 1
    assert guest.actions < story.MOST_ACTIONS  # and one to read the code


def member_signs(member: Visitor, contract: Contract) -> None:
    submission = scenarios.submitted_milestone(contract, position=2)
    with walls.asking_for(contract.buyer_id):
        milestones.review_reminder(submission_ref=submission.ref, kind="last_day")
    letter = next(one for one in reversed(mail.outbox) if "/accounts/login/" in str(one.body))
    member.open(link_in(letter))
    expect(member.page.locator('[name="email"]')).to_have_value(letter.to[0])
    member.press("Send me a code")
    member.enter_mailed_code(letter.to[0], "Sign in")
    member.press("I sign off this milestone")
    member.is_at(submission.milestone.title)
    member.sees("Accepted")
    assert member.actions < story.MOST_ACTIONS  # and one to read the code

"""The whole deal, from the first sign-in to the settled advance, played on the pages by everybody who takes part."""

import re

import pytest
from django.core import mail
from django.core.management import call_command

from tests import scenarios
from tests.browser import story
from tests.browser.visitors import House, link_in, mail_to


def test_the_whole_deal_is_played_on_the_pages(house: House) -> None:
    bank = scenarios.organisations()
    seller, colleague = house.visitor("Petra"), house.visitor("Dario")
    seller_ref = story.open_an_organisation(seller)
    story.invite_a_colleague(seller, colleague)
    story.write_the_contract(seller)
    story.sign_by_personal_link(house.visitor("Mila signs"))

"""The whole deal, from the first sign-in to the settled advance, played on the pages by everybody who takes part."""

import re

from django.core.management import call_command

from tests import scenarios
from tests.browser import story
from tests.browser.visitors import House


def test_the_whole_deal_is_played_on_the_pages(house: House) -> None:
    scenarios.organisations()
    seller, colleague = house.visitor("Petra"), house.visitor("Dario")
    seller_ref = story.open_an_organisation(seller)
    story.invite_a_colleague(seller, colleague)
    story.write_the_contract(seller)
    story.sign_by_personal_link(house.visitor("Mila signs"))

    colleague.go("Contracts")
    colleague.follow("Warehouse software implementation")
    colleague.follow("Prototype")
    colleague.follow("Prepare submission")
    story.submit_the_prototype(colleague, note="One defect of class B is left.")
    story.request_changes(house.visitor("Mila asks"))
    colleague.page.reload()
    colleague.follow("Revise")
    story.submit_the_prototype(colleague, note="No defect is left. Shown in the workshop.")

    buyer = house.visitor("Mila signs off")
    story.sign_off(buyer)
    assert buyer.actions <= story.MOST_ACTIONS
    number = re.search(r"INV-\d{4}-0001", buyer.text())
    assert number
    buyer.sees("14,280.00")
    assert buyer.download("Download INV")[:4] == b"%PDF"

    seller.go("Invoices")
    seller.follow(number[0])
    assert seller.download("Download")[:4] == b"%PDF"
    bank = story.Financiers(
        analyst=story.sign_in_with_authenticator(house, "ana@kontor.example", "Ana"),
        underwriter=story.sign_in_with_authenticator(house, "udo@kontor.example", "Udo"),
        treasury=story.sign_in_with_authenticator(house, "tea@kontor.example", "Tea"),
    )
    story.open_a_facility(bank.underwriter, seller_ref=seller_ref)
    seller.page.reload()
    story.ask_for_funding(seller, number[0])
    story.price_and_approve(bank, number[0])
    story.accept_the_offer(seller)
    story.acknowledge(house.visitor("Mila acknowledges"), number[0])
    story.fund_collect_and_settle(bank.treasury, number[0])

    seller.page.reload()
    seller.sees("Settled")
    seller.go("Invoices")
    seller.follow(number[0])
    seller.sees("Paid")
    call_command("verify_ledger", verbosity=0)
    call_command("verify_audit", verbosity=0)

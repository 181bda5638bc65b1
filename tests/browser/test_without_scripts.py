"""Every action is a plain form: the same pages, by the same people, in browsers that run no script."""

from tests.browser import story
from tests.browser.visitors import House


def test_a_milestone_is_signed_off_without_scripts(house: House) -> None:
    plain = {"java_script_enabled": False}
    seller = house.visitor("Petra", **plain)
    story.open_an_organisation(seller)
    story.write_the_contract(seller)
    story.sign_by_personal_link(house.visitor("Mila signs", **plain))

    seller.page.reload()
    seller.follow("Prototype")
    seller.follow("Prepare submission")
    story.submit_the_prototype(seller, note="One defect of class B is left.")
    story.request_changes(house.visitor("Mila asks", **plain))
    seller.page.reload()
    seller.follow("Revise")
    story.submit_the_prototype(seller, note="No defect is left.")

    buyer = house.visitor("Mila signs off", **plain)
    story.sign_off(buyer)
    assert buyer.actions <= story.MOST_ACTIONS
    story.await_document(buyer)
    assert buyer.download("Download INV")[:4] == b"%PDF"

"""The sheet of an application for payment in the hands of a guest: nothing of it is cut off, its fields are even."""

import pytest

from apps.contracts.models import GuestGrant
from apps.core.database import walls
from tests import applications, scenarios
from tests.browser.visitors import House
from tests.portals.buyer.browsers import token_of

TOPS = "boxes => new Set(boxes.map(box => Math.round(box.getBoundingClientRect().top))).size"
CUT = "sheet => sheet.scrollWidth - sheet.clientWidth"


@pytest.mark.parametrize(("width", "rows"), [(1280, 1), (390, 2)], ids=["desktop", "phone"])
def test_a_guest_sees_the_whole_sheet_and_certifies_in_even_fields(house: House, width: int, rows: int) -> None:
    parties = scenarios.organisations()
    buyer = scenarios.named_buyer(parties)
    contract = applications.contract_by_application(
        parties, buyer_ref=buyer.ref, signatory_name="Hanna Hafen", signatory_email="hanna@hafen.example"
    )
    scenarios.accepted_milestone(contract)
    applications.submitted(contract)
    with walls.asking_for(contract.buyer_id):
        grant = GuestGrant.objects.get(contract=contract, purpose="certify")
    guest = house.visitor("Hanna", viewport={"width": width, "height": 900})
    guest.open(f"/s/{token_of(grant)}/application/")
    assert guest.page.locator(".one-currency").evaluate(CUT) <= 0
    assert guest.page.locator(".field-pair").first.locator("input").evaluate_all(TOPS) == rows

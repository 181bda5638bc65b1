"""A guest who signed by personal link takes over the portal of their organisation, clicking only what is offered."""

from apps.contracts.models import GuestGrant
from apps.core.database import walls
from apps.parties import tokens
from tests import scenarios
from tests.browser.visitors import House

MAILBOX = "hanna@hafen.example"


def test_a_guest_takes_over_the_organisation_that_the_seller_wrote_down(house: House) -> None:
    parties = scenarios.organisations()
    buyer = scenarios.named_buyer(parties)
    contract = scenarios.active_contract(
        parties,
        draft=scenarios.software_draft(
            parties, buyer_ref=buyer.ref, signatory_name="Hanna Hafen", signatory_email=MAILBOX
        ),
    )
    with walls.asking_for(buyer.pk):
        grant = GuestGrant.objects.get(contract=contract, purpose="sign_contract")
    hanna = house.visitor("Hanna")
    hanna.open(f"/s/{tokens.token_for(purpose='guest_grant', ref=grant.ref)}/")
    hanna.follow("Set up your organisation's portal")
    hanna.is_at("Open the portal of Hafen Spedition KG")
    hanna.follow(f"Go on as {MAILBOX}")
    hanna.is_at("Open an account")
    hanna.open_account(name="Hanna Hafen", email=MAILBOX)
    hanna.is_at("Take over Hafen Spedition KG")
    hanna.press("I act for Hafen Spedition KG and take it over")
    hanna.sees("The organisation is yours.")

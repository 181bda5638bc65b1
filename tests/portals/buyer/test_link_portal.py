"""From a personal link to one's own portal, without a dead end: explained, addressed, signed up or in, taken over."""

import re
from dataclasses import replace

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from apps.contracts.drafts import ChangeDraft, ChangedTerms
from apps.contracts.models import Contract, GuestGrant
from apps.core.database import walls
from apps.parties import services as parties_services
from apps.parties.models import Organisation
from apps.workflows import sign_off
from tests import change_orders, scenarios
from tests.portals.buyer.browsers import BEYOND, Guest, tells_what_is_beyond
from tests.scenarios import Parties

MAILBOX = "hanna@hafen.example"


@pytest.fixture
def named(parties: Parties) -> Contract:
    """A contract with a buyer that has no people of its own yet."""
    cache.clear()
    buyer = scenarios.named_buyer(parties)
    draft = scenarios.software_draft(
        parties, buyer_ref=buyer.ref, signatory_name="Hanna Hafen", signatory_email=MAILBOX
    )
    contract = scenarios.active_contract(parties, draft=draft)
    contract.buyer = buyer
    return contract


def link(contract: Contract) -> GuestGrant:
    """The link by which the contract was signed; it still shows the contract."""
    with walls.asking_for(contract.buyer_id):
        return GuestGrant.objects.get(contract=contract, purpose="sign_contract")


def way_of(page: str) -> str:
    """Where the one big button of the page leads."""
    found = re.search(r'class="btn btn-primary btn-lg" href="([^"]+)"', page)
    assert found is not None, page
    return found[1].replace("&amp;", "&")


def code_in_mail() -> str:
    found = re.search(r"^([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found is not None
    return found[1]


def owned_by(buyer_id: int) -> Organisation:
    with walls.asking_for(buyer_id):
        return Organisation.objects.get(pk=buyer_id)


def take_over(client: Client, address: str, buyer: Organisation) -> None:
    """On the page to which sign-in and sign-up lead: it is about this organisation, and it works."""
    assert address == f"/account/claim/?organisation={buyer.ref}"
    page = client.get(address)
    assert "Take over Hafen Spedition KG" in page.content.decode()
    done = client.post(address, {"key": str(page.context["form"]["key"].value()), "organisation": buyer.ref})
    assert done["Location"] == reverse("account:organisation")
    assert owned_by(buyer.pk).is_claimed


def test_a_new_person_opens_an_account_and_takes_over_that_very_organisation(named: Contract) -> None:
    guest = Guest(link(named))
    assert f'href="{guest.address}portal/"' in guest.get().content.decode()
    page = guest.get("portal/").content.decode()
    assert "Open the portal of Hafen Spedition KG" in page
    assert f"Go on as {MAILBOX}" in page
    way = way_of(page)
    form = guest.client.get(way)
    assert f'value="{MAILBOX}"' in form.content.decode()
    sent = {"name": "Hanna Hafen", "email": MAILBOX, "next": f"/account/claim/?organisation={named.buyer.ref}"}
    assert f'value="{sent["next"]}"' in form.content.decode()
    assert guest.client.post(way, sent)["Location"].startswith(reverse("account_email_verification_sent"))
    answer = guest.client.post(reverse("account_email_verification_sent"), {"code": code_in_mail()})
    take_over(guest.client, answer["Location"], named.buyer)


def test_a_known_person_signs_in_with_the_address_filled_in(named: Contract) -> None:
    parties_services.enrol(email=MAILBOX, name="Hanna Hafen")
    guest = Guest(link(named))
    way = way_of(guest.get("portal/").content.decode())
    assert way.startswith(reverse("account_login"))
    form = guest.client.get(way)
    assert f'value="{MAILBOX}"' in form.content.decode()
    then = f"/account/claim/?organisation={named.buyer.ref}"
    assert f'value="{then}"' in form.content.decode()
    step = guest.client.post(way, {"email": MAILBOX, "next": then})
    answer = guest.client.post(step["Location"], {"code": code_in_mail(), "next": then})
    take_over(guest.client, answer["Location"], named.buyer)


def test_who_is_signed_in_goes_straight_on_and_somebody_else_is_told_to_sign_out(named: Contract) -> None:
    guest = Guest(link(named))
    guest.client.force_login(parties_services.enrol(email=MAILBOX, name="Hanna Hafen"))
    take_over(guest.client, way_of(guest.get("portal/").content.decode()), named.buyer)
    other = Guest(guest.grant)
    assert "has its portal already" in other.get("portal/").content.decode()


def test_another_account_on_the_same_browser_is_no_dead_end(named: Contract) -> None:
    guest = Guest(link(named))
    guest.client.force_login(parties_services.enrol(email="else@hafen.example", name="Else"))
    page = guest.get("portal/").content.decode()
    assert f"You are signed in as else@hafen.example. Only {MAILBOX}" in page
    assert "Sign out" in page


def test_the_take_over_without_an_organisation_shows_what_waits(named: Contract) -> None:
    client = Client()
    client.force_login(parties_services.enrol(email=MAILBOX, name="Hanna Hafen"))
    answer = client.get(reverse("account:claim_organisation"))
    assert answer["Location"] == reverse("account:choose_organisation")
    assert "Take over Hafen Spedition KG" in client.get(answer["Location"]).content.decode()


def test_a_dead_link_opens_no_portal(parties: Parties, named: Contract) -> None:
    submission = scenarios.submitted_milestone(named)
    grant = scenarios.link_to_sign_off(submission)
    sina = scenarios.seller_actor(parties)
    with scenarios.acting(sina):
        sign_off.withdraw_submission(actor=sina, key="k", submission_ref=submission.ref)
    guest = Guest(grant)
    assert guest.get("portal/")["Location"] == guest.address


def test_the_mail_to_an_unknown_address_leads_to_a_new_account(db: None) -> None:
    cache.clear()
    Client().post(reverse("account_login"), {"email": "nobody@elsewhere.example"})
    body = str(mail.outbox[-1].body)
    assert f"http://testserver{reverse('account_signup')}" in body
    assert "business partner writes to you" not in body


def test_a_guest_reads_what_no_link_is_for_wherever_it_could_be_looked_for(named: Contract, parties: Parties) -> None:
    """On the pages of a contract, a milestone and a change; and who does it once somebody is there."""
    seller = scenarios.seller_actor(parties)
    signed = Guest(link(named))
    reviewer = Guest(scenarios.link_to_sign_off(scenarios.submitted_milestone(named)))
    change_orders.propose(named, ChangeDraft("Later", "Agreed.", terms=ChangedTerms(payment_days=45)), by=seller)
    changed = Guest(scenarios.link_to_sign(named))
    for guest in (signed, reviewer, changed):
        tells_what_is_beyond(guest, guest.get().content.decode())
    draft = scenarios.software_draft(
        parties, number="NL-2026-099", signatory_name="Hanna Hafen", signatory_email=MAILBOX
    )
    asked = Guest(
        scenarios.link_to_sign(scenarios.proposed_contract(parties, draft=replace(draft, buyer_ref=named.buyer.ref)))
    )
    for path in ("", "contract-changes/"):
        tells_what_is_beyond(asked, asked.get(path).content.decode())

    scenarios.claimed(named.buyer, domain="example")
    for guest in (signed, reviewer, changed):
        shown = guest.get().content.decode()
        assert BEYOND[0] in shown
        assert "The people of Hafen Spedition KG who have a place here do all of this in its portal." in shown
        assert "Take your organisation" not in shown

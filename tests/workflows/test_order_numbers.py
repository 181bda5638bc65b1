"""The number of the buyer's order: said with the signature or later, and on every invoice issued from then on."""

import pytest
from django.test import Client

from apps.contracts.models import Contract, ContractVersion
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.invoicing import snapshot
from apps.invoicing.einvoice import cii
from apps.invoicing.models import Invoice
from apps.workflows import contracting
from tests import scenarios
from tests.scenarios import Parties, acting, key, member

pytestmark = pytest.mark.django_db


def said(contract: Contract, *, position: int) -> snapshot.SemanticInvoice:
    with walls.asking_for(contract.seller_id):
        return snapshot.read(Invoice.objects.get(contract=contract, milestone__position=position).snapshot)


def test_it_comes_with_the_signature_and_stands_on_what_is_issued_from_then_on(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    with acting(guest):
        version = ContractVersion.objects.get(contract=contract)
        contracting.sign_contract(
            actor=guest, key=key(), version_ref=version.ref, seen=version.sha256, order_number=" PO  4500017 "
        )
        contract.refresh_from_db()
    assert contract.order_number == "PO 4500017"
    scenarios.accepted_milestone(contract, position=1)
    client = Client()
    client.force_login(parties.people["payables"].user)
    page = client.get(f"/buyer/contracts/{contract.ref}/").content.decode()
    assert 'value="PO 4500017"' in page
    one_time = page.split(f"/contracts/{contract.ref}/order-number/")[1].split('name="key" value="')[1].split('"')[0]
    client.post(f"/buyer/contracts/{contract.ref}/order-number/", {"key": one_time, "number": "PO 4500018"})
    scenarios.accepted_milestone(contract, position=2)
    assert [said(contract, position=one).order_number for one in (1, 2)] == ["PO 4500017", "PO 4500018"]
    assert b"<ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>PO 4500018<" in b"".join(
        cii.write(said(contract, position=2)).split(b"\n")
    ).replace(b"  ", b"")


def test_only_the_buyer_says_it_and_only_while_invoices_come(parties: Parties) -> None:
    proposed = scenarios.proposed_contract(parties)
    with acting(member(parties, "payables")) as petra, pytest.raises(IllegalTransition, match="No more invoices"):
        contracting.set_order_number(actor=petra, key=key(), contract_ref=proposed.ref, number="1")
    contract = scenarios.active_contract(parties, draft=scenarios.software_draft(parties, number="NL-2"))
    with acting(member(parties, "seller")) as sina, pytest.raises(NotAllowed):
        contracting.set_order_number(actor=sina, key=key(), contract_ref=contract.ref, number="1")
    with acting(member(parties, "payables")) as petra, pytest.raises(Refused, match="too long"):
        contracting.set_order_number(actor=petra, key=key(), contract_ref=contract.ref, number="1" * 61)
    with walls.asking_for(contract.seller_id):
        contract.refresh_from_db()
    assert contract.order_number == ""

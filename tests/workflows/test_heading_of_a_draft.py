"""Number, title and currency of a draft are its side's own until it is proposed; every version keeps its own."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.parties import services as parties_services
from apps.parties.services import AccountData
from apps.workflows import contracting, negotiating
from tests import scenarios
from tests.scenarios import Parties, acting, key

SECRET = "Warehouse software, second try"


def as_shown(contract: Contract, *, to: int) -> tuple[str, str, str]:
    """The heading of the contract, as an organisation reads it."""
    with walls.asking_for(to):
        found = Contract.objects.get(pk=contract.pk)
        return found.number, found.title, found.currency


def sent_back(parties: Parties) -> Contract:
    """A proposal to which the buyer asked for changes: the seller goes on writing."""
    contract = scenarios.proposed_contract(parties)
    with acting(scenarios.buyer_actor(parties)) as buyer:
        version = contract.versions.get()
        contracting.request_contract_changes(actor=buyer, key=key(), version_ref=version.ref, reason="Another title.")
    return contract


def renamed(parties: Parties, contract: Contract, **heading: Any) -> None:
    with acting(scenarios.seller_actor(parties)) as seller:
        draft = replace(contracts.draft_of(Contract.objects.get(pk=contract.pk)), **heading)
        contracting.change_draft(actor=seller, key=key(), contract_ref=contract.ref, draft=draft)


def proposed_again(parties: Parties, contract: Contract) -> str:
    with acting(scenarios.seller_actor(parties)) as seller:
        _text, seen = contracts.preview(Contract.objects.get(pk=contract.pk))
        return contracting.propose_contract(actor=seller, key=key(), contract_ref=contract.ref, seen=seen)["version"]


def test_the_other_side_sees_a_changed_heading_when_it_is_proposed(parties: Parties) -> None:
    contract = sent_back(parties)
    with acting(scenarios.seller_actor(parties)) as sina, transaction.atomic():
        account = AccountData(holder="Nordlicht Software GmbH", currency="CHF", iban="CH9300762011623852957", bic="")
        parties_services.set_account(actor=sina, account=account, at=clock.now())
    before = as_shown(contract, to=parties.buyer.pk)
    renamed(parties, contract, title=SECRET, number="NL-2026-015", currency="CHF")
    assert as_shown(contract, to=parties.buyer.pk) == as_shown(contract, to=parties.seller.pk) == before
    with acting(scenarios.seller_actor(parties)):
        mine = contracts.draft_of(Contract.objects.get(pk=contract.pk))
        assert (mine.number, mine.title, mine.currency) == ("NL-2026-015", SECRET, "CHF")
    client = Client()
    for role, currency in (("seller", "CHF"), ("buyer", "EUR")):
        client.force_login(parties.people[role].user)
        page = client.get(f"/{role}/contracts/").content.decode()
        assert f'40,000.00\N{NO-BREAK SPACE}<span class="currency">{currency}' in page, role
    second = proposed_again(parties, contract)
    assert as_shown(contract, to=parties.buyer.pk) == ("NL-2026-015", SECRET, "CHF")
    with acting(scenarios.buyer_actor(parties)):
        first, now = ContractVersion.objects.filter(contract=contract).order_by("number")
        assert (first.contract_number, first.title, first.currency) == before
        assert (now.ref, now.title, now.currency) == (second, SECRET, "CHF")
        # What was signed says the same.
        assert contracts.paper_of(first).terms["title"] == before[1]
        assert contracts.paper_of(now).terms["title"] == SECRET


def test_no_page_of_the_buyer_shows_what_the_seller_writes(parties: Parties) -> None:
    contract = sent_back(parties)
    renamed(parties, contract, title=SECRET, number="NL-2026-777")
    client = Client()
    client.force_login(parties.people["buyer"].user)
    pages = [client.get(f"/buyer/{path}") for path in ("", "contracts/", f"contracts/{contract.ref}/")]
    for page in (*pages, client.get("/buyer/?q=second")):
        assert SECRET not in page.content.decode()
        assert "NL-2026-777" not in page.content.decode()
    client.force_login(parties.people["seller"].user)
    assert SECRET in client.get(f"/seller/contracts/{contract.ref}/change/").content.decode()
    assert SECRET in client.get(f"/seller/contracts/{contract.ref}/propose/").content.decode()


def test_a_number_that_is_taken_is_refused_while_it_is_written(parties: Parties) -> None:
    other = scenarios.drafted_contract(parties, draft=replace(scenarios.software_draft(parties), number="NL-2026-900"))
    contract = sent_back(parties)
    with pytest.raises(Refused, match="already have a contract with the number NL-2026-900"):
        renamed(parties, contract, number=other.number)
    assert as_shown(contract, to=parties.seller.pk)[0] != "NL-2026-900"


def test_what_the_other_side_is_writing_takes_over_the_heading(parties: Parties) -> None:
    """The buyer began an answer to version 1; version 2 has another title, and so has the buyer's version 3."""
    contract = scenarios.proposed_contract(parties)
    with acting(scenarios.buyer_actor(parties)) as buyer:
        first = contract.versions.get()
        negotiating.answer_proposal(actor=buyer, key=key(), version_ref=first.ref)
        contracting.request_contract_changes(actor=buyer, key=key(), version_ref=first.ref, reason="Another title.")
    renamed(parties, contract, title=SECRET)
    proposed_again(parties, contract)
    with acting(scenarios.buyer_actor(parties)) as buyer:
        answer = contracts.draft_of(Contract.objects.get(pk=contract.pk), side="buyer")
        assert answer.title == SECRET
        _text, seen = contracts.preview(Contract.objects.get(pk=contract.pk), side="buyer")
        contracting.propose_contract(actor=buyer, key=key(), contract_ref=contract.ref, seen=seen)
    assert as_shown(contract, to=parties.seller.pk)[1] == SECRET

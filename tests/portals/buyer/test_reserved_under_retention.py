"""What is payable by when, where a contract keeps retention back: before an acceptance is signed, and after it."""

import re
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from apps.contracts.models import Contract
from apps.contracts.retention import COMPLETION, RetentionRelease, RetentionTerms
from apps.core.database import walls
from apps.invoicing.models import OpenItem
from tests import scenarios
from tests.portals.buyer.browsers import hidden, invoices_of, token_of
from tests.portals.buyer.conftest import SignIn
from tests.portals.buyer.test_accept_part import kept
from tests.portals.test_retention import D
from tests.scenarios import Parties

DENT = {"title_1": "A dent in door 4", "due_on_1": "2036-01-31", "amount_1": "5,000.01"}
TERMS = RetentionTerms(rate=D(10), releases=(RetentionRelease(D(100), COMPLETION),))


@pytest.fixture
def contract(parties: Parties) -> Contract:
    """Of each invoice 10 % are kept back: 1,200.00 of the 14,280.00 of its first."""
    return scenarios.active_contract(parties, draft=scenarios.software_draft(parties, retention=TERMS))


def said(page: str) -> str:
    """The text of a page, without its tags, every space one space."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).replace("\N{NO-BREAK SPACE}", " ").split())


def test_who_signs_reads_what_the_invoice_then_asks_for(contract: Contract, client: Client) -> None:
    token = token_of(scenarios.link_to_sign_off(scenarios.submitted_milestone(contract)))
    url = reverse("link:accept_with_reservations", args=[token])
    shown = client.post(url, hidden(client.get(url)) | DENT)
    page = said(shown.content.decode())
    assert "Of it 7,129.99 EUR is payable by then, tax included." in page
    assert "5,950.01 EUR is withheld for the defects, and 1,200.00 EUR is kept back as the contract says." in page
    assert "what is left is due as agreed, less the retention that the contract keeps back of the invoice." in page
    assert "6,999.99" not in page
    done = client.post(url, kept(shown) | {"sign": "yes"}, follow=True)
    with walls.asking_for(contract.seller_id):
        assert OpenItem.objects.get(contract=contract).open == D("7129.99")
    page = said(done.content.decode())
    rows = "Total 14,280.00 EUR Less retained as agreed, payable later 1,200.00 EUR Less withheld for defects"
    assert f"{rows} 5,950.01 EUR Open 7,129.99 EUR" in page


def test_more_than_is_payable_is_refused_before_it_is_signed(contract: Contract, client: Client) -> None:
    token = token_of(scenarios.link_to_sign_off(scenarios.submitted_milestone(contract)))
    url = reverse("link:accept_with_reservations", args=[token])
    page = said(client.post(url, hidden(client.get(url)) | DENT | {"amount_1": "12,000"}).content.decode())
    assert "13,080.00 EUR of this invoice are payable, and 14,280.00 EUR would be withheld" in page
    assert "The statement you agree to" not in page
    assert invoices_of(contract) == 0


def test_the_page_says_before_the_sign_off_what_is_kept_back(contract: Contract, sign_in: SignIn) -> None:
    submission = scenarios.submitted_milestone(contract)
    page = said(sign_in("approver").get(reverse("buyer:milestone", args=[submission.milestone.ref])).content.decode())
    assert "the invoice is 14,280.00 EUR with tax, due" in page
    assert "Of it 13,080.00 EUR is payable by then; 1,200.00 EUR is kept back as the contract says." in page


def test_an_invoice_without_tax_is_not_said_to_be_with_it(parties: Parties, sign_in: SignIn) -> None:
    draft = replace(scenarios.software_draft(parties), tax_category="AE", tax_rate=D(0))
    submission = scenarios.submitted_milestone(scenarios.active_contract(parties, draft=draft))
    page = said(sign_in("approver").get(reverse("buyer:milestone", args=[submission.milestone.ref])).content.decode())
    assert "the invoice is 12,000.00 EUR, without tax, due" in page

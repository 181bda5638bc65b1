"""Contracts on the buyer's side of the portal: the list, the page, the signature."""

import pytest
from django.urls import reverse

from apps.contracts.models import Contract, ContractVersion
from apps.core.database import walls
from tests import scenarios
from tests.portals.buyer.browsers import contract_state_of, hidden
from tests.portals.buyer.conftest import SignIn
from tests.scenarios import Parties


@pytest.fixture
def version(parties: Parties) -> ContractVersion:
    contract = scenarios.proposed_contract(parties)
    with walls.asking_for(parties.seller.pk):
        return ContractVersion.objects.select_related("contract").get(contract=contract)


def page_url(contract: Contract) -> str:
    return reverse("buyer:contract", args=[contract.ref])


def sign_url(version: ContractVersion) -> str:
    return reverse("buyer:sign_contract", args=[version.ref])


def test_the_approver_signs_the_version_that_the_seller_signed(version: ContractVersion, sign_in: SignIn) -> None:
    client = sign_in("approver")
    assert sign_url(version) in client.get(page_url(version.contract)).content.decode()
    answer = client.post(sign_url(version), hidden(client.get(sign_url(version))))
    assert (answer.status_code, answer["Location"]) == (302, page_url(version.contract))
    assert contract_state_of(version.contract) == "active"
    page = client.get(page_url(version.contract)).content.decode()
    assert sign_url(version) not in page
    assert "Version 1 signed by the buyer" in page


def test_asking_for_changes_leaves_the_contract_readable(version: ContractVersion, sign_in: SignIn) -> None:
    client = sign_in("approver")
    address = reverse("buyer:request_contract_changes", args=[version.ref])
    answer = client.post(address, hidden(client.get(address)) | {"reason": "21 days to review."})
    assert (answer.status_code, answer["Location"]) == (302, page_url(version.contract))
    assert contract_state_of(version.contract) == "draft"
    page = client.get(page_url(version.contract))
    assert page.status_code == 200
    assert "21 days to review." in page.content.decode()
    assert client.get(address).status_code == 302


def test_payables_read_but_do_not_sign(version: ContractVersion, sign_in: SignIn) -> None:
    client = sign_in("payables")
    page = client.get(sign_url(version))
    assert "Your role does not allow you to sign contracts" in page.content.decode()
    assert client.post(sign_url(version), hidden(page)).status_code == 422
    assert contract_state_of(version.contract) == "proposed"


def test_two_clicks_sign_once(version: ContractVersion, sign_in: SignIn) -> None:
    client = sign_in("approver")
    form = hidden(client.get(sign_url(version)))
    for _ in range(2):
        assert client.post(sign_url(version), form)["Location"] == page_url(version.contract)


def test_the_list_is_filtered_and_searched(version: ContractVersion, parties: Parties, sign_in: SignIn) -> None:
    other = scenarios.active_contract(
        parties, draft=scenarios.software_draft(parties, number="NL-9", title="Forklifts")
    )
    client = sign_in("buyer")

    def shown(query: str) -> list[str]:
        page = client.get(reverse("buyer:contracts") + query)
        return [row[0].number for row in page.context["rows"]]

    number = version.contract.number
    assert shown("") == [other.number, number]
    assert shown("?state=to_sign") == [number]
    assert shown("?state=active") == [other.number]
    assert shown("?state=completed") == []
    assert shown("?q=forklift") == [other.number]
    assert shown("?q=nordlicht") == [other.number, number]
    assert shown("?q=nothing+like+it") == []
    assert shown("?state=bogus&after=bogus") == []


def test_a_page_of_the_list_leads_to_the_next(
    parties: Parties, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.portals import paging

    monkeypatch.setattr(paging.page_of, "__kwdefaults__", {"size": 2, "key": "ref"})
    for number in ("A", "B", "C"):
        scenarios.proposed_contract(parties, draft=scenarios.software_draft(parties, number=number))
    client = sign_in("buyer")
    first = client.get(reverse("buyer:contracts"))
    assert [row[0].number for row in first.context["rows"]] == ["C", "B"]
    second = client.get(reverse("buyer:contracts") + first.context["page"].next_url)
    assert [row[0].number for row in second.context["rows"]] == ["A"]

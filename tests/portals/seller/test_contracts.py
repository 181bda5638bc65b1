"""The seller's contracts: the list, the page of one, signing and proposing, withdrawing."""

from django.test import Client
from django.urls import reverse

from apps.contracts.models import Contract, Signature
from apps.workflows import contracting
from tests import scenarios
from tests.portals.seller.conftest import SignIn, hidden
from tests.scenarios import Parties, acting, software_draft

LIST = "/seller/contracts/"


def of(name: str, contract: Contract) -> str:
    return reverse(f"seller:{name}", args=[contract.ref])


def test_the_list_is_narrowed_by_state_and_by_words(parties: Parties, seller: Client) -> None:
    scenarios.drafted_contract(parties, draft=software_draft(parties, number="A", title="Alpha"))
    scenarios.proposed_contract(parties, draft=software_draft(parties, number="B", title="Beta"))

    def titles(query: str) -> list[str]:
        return [contract.title for contract, *_rest in seller.get(f"{LIST}{query}").context["rows"]]

    assert titles("") == ["Beta", "Alpha"]
    assert titles("?state=draft") == ["Alpha"]
    assert titles("?state=nonsense") == ["Beta", "Alpha"]
    assert titles("?q=beta") == ["Beta"]
    assert titles("?state=draft&q=beta") == []
    assert "Nothing matches" in seller.get(f"{LIST}?q=zzz").content.decode()


def test_pages_follow_each_other_by_key(parties: Parties, seller: Client) -> None:
    for number in range(27):
        scenarios.drafted_contract(
            parties, draft=software_draft(parties, number=f"N{number:02}", title=f"T{number:02}")
        )

    def titles(query: str) -> tuple[list[str], str, str]:
        context = seller.get(f"{LIST}{query}").context
        return [row[0].title for row in context["rows"]], context["page"].previous_url, context["page"].next_url

    first, before, after = titles("")
    assert (len(first), first[0], before) == (25, "T26", "")
    second, back, end = titles(after)
    assert (second, end) == (["T01", "T00"], "")
    again, _before, _after = titles(back)
    assert again == first
    assert titles("?after=unknown") == ([], "", "")
    assert "state=draft" in titles("?state=draft")[2]


def test_the_page_shows_plan_signatures_versions_and_what_happened(parties: Parties, seller: Client) -> None:
    contract = scenarios.active_contract(parties)
    scenarios.accepted_milestone(contract)
    response = seller.get(of("contract", contract))
    page = response.content.decode()
    figures = response.context["figures"]
    assert (figures.earned, figures.billed, figures.paid) == (12_000, 12_000, 0)
    with acting(scenarios.seller_actor(parties)):
        signatures = list(Signature.objects.all())
    for signature in signatures:
        assert signature.name in page
        assert signature.statement.replace("'", "&#x27;") in page
    assert signatures[0].sha256 in page
    assert "Milestone signed off: Prototype" in page
    assert "you deliver “Integration” and submit it" in page


def test_signing_restates_everything_and_sends_that_very_text(parties: Parties, seller: Client) -> None:
    contract = scenarios.drafted_contract(parties)
    address = of("propose_contract", contract)
    shown = seller.get(address)
    page = shown.content.decode()
    for part in (
        "Warehouse software implementation",
        "40,000.00",
        "Bea Berg",
        "14 calendar days from the day on which a submission reached the buyer",
        shown.context["sha256"],
    ):
        assert part in page, part
    sent = hidden(shown)
    first, second = seller.post(address, sent), seller.post(address, sent)
    assert first["Location"] == second["Location"] == of("contract", contract)
    with acting(scenarios.seller_actor(parties)):
        signature = Signature.objects.get()
        contract.refresh_from_db()
    assert contract.state == "proposed"
    assert signature.sha256 == sent["seen"]


def test_a_text_that_changed_meanwhile_is_shown_and_not_signed(parties: Parties, seller: Client) -> None:
    contract = scenarios.drafted_contract(parties)
    address = of("propose_contract", contract)
    old = hidden(seller.get(address))
    sina = scenarios.seller_actor(parties)
    with acting(sina):
        contracting.change_draft(
            actor=sina,
            key=scenarios.key(),
            contract_ref=contract.ref,
            draft=software_draft(parties, title="Something else"),
        )
    response = seller.post(address, old)
    assert response.status_code == 422
    assert "Something else" in response.content.decode()
    with acting(sina):
        assert not Signature.objects.exists()
    assert seller.post(address, hidden(response)).status_code == 302


def test_a_plan_that_does_not_add_up_cannot_be_signed(parties: Parties, seller: Client) -> None:
    lines = (scenarios.line("Prototype", 30),)
    contract = scenarios.drafted_contract(parties, draft=software_draft(parties, lines=lines))
    response = seller.get(of("propose_contract", contract))
    page = response.content.decode()
    assert "The plan adds up to 30%" in page
    assert "I sign and propose this contract" not in page


def test_the_wrong_role_reads_why_it_cannot_sign(parties: Parties, signed_in: SignIn) -> None:
    contract = scenarios.drafted_contract(parties)
    client = signed_in("delivery")
    shown = client.get(of("propose_contract", contract))
    assert "Your role does not allow you to sign contracts" in shown.content.decode()
    for name in ("propose_contract", "withdraw_contract"):
        response = client.post(of(name, contract), hidden(shown))
        assert response.status_code == 422
        assert "Your role does not allow you to" in response.content.decode()


def test_withdrawing_kills_the_proposal_once(parties: Parties, seller: Client) -> None:
    contract = scenarios.proposed_contract(parties)
    address = of("withdraw_contract", contract)
    shown = seller.get(address)
    assert "stops working" in shown.content.decode()
    sent = hidden(shown)
    assert seller.post(address, sent)["Location"] == of("contract", contract)
    assert seller.post(address, sent)["Location"] == of("contract", contract)
    with acting(scenarios.seller_actor(parties)):
        contract.refresh_from_db()
    assert contract.state == "withdrawn"
    assert seller.post(address, {"key": "another"}).status_code == 422


def test_what_the_buyer_asked_for_stands_first(parties: Parties, seller: Client) -> None:
    contract = scenarios.proposed_contract(parties)
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    with acting(guest):
        contracting.request_contract_changes(
            actor=guest,
            key=scenarios.key(),
            version_ref=contract.versions.get().ref,
            reason="<b>Please</b> add a test phase.",
        )
    page = seller.get(of("contract", contract)).content.decode()
    assert "&lt;b&gt;Please&lt;/b&gt; add a test phase." in page
    assert "you revise the draft as Meridian Logistik AG asked" in page
    assert "Changes requested" in seller.get("/seller/").content.decode()

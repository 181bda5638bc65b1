"""Retention on the pages: written into a draft, shown to both sides, released by whoever may."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import (
    BUYER,
    COMPLETION,
    GROSS,
    MILESTONE,
    RetentionRelease,
    RetentionStep,
    RetentionTerms,
)
from apps.contracts.rules import read_retention
from apps.core import clock
from apps.invoicing.models import CreditNote, Invoice
from apps.invoicing.rules import Sheet, SheetLine, Standing
from apps.portals.drafting.retention import RetentionFields, typed_retention
from apps.portals.progress import _summary
from apps.portals.seller import cash, figures, fundable
from tests import scenarios
from tests.portals.seller.test_drafts import FINAL, typed
from tests.scenarios import Parties, acting, key

D = Decimal
TERMS = RetentionTerms(
    rate=D(10),
    base=GROSS,
    steps=(RetentionStep(D(50), D("2.5")),),
    cap_percent=D(5),
    releases=(RetentionRelease(D(60), BUYER), RetentionRelease(D(40), COMPLETION, days=7)),
)
KINDS = replace(
    TERMS,
    name="Performance",
    materials_rate=D(0),
    cap_each=D("900.00"),
    releases=(*TERMS.releases, RetentionRelease(D(30), MILESTONE, milestone="Final", only=True)),
    further=(RetentionTerms(rate=D(3), name="Defects", releases=(RetentionRelease(D(100), COMPLETION, days=730),)),),
)


def signed_in(parties: Parties, role: str) -> Client:
    client = Client()
    client.force_login(parties.people[role].user)
    return client


def as_typed(terms: RetentionTerms) -> dict[str, str]:
    """What a browser sends of the fields as they are shown."""
    form = RetentionFields(initial=typed_retention(terms))
    return {name: str(form[name].field.prepare_value(form[name].value()) or "") for name in form.fields}


def completed(parties: Parties) -> Contract:
    terms = RetentionTerms(rate=D(10), releases=TERMS.releases)
    contract = scenarios.active_contract(parties, draft=scenarios.software_draft(parties, retention=terms))
    for position in (1, 2, 3):
        scenarios.accepted_milestone(contract, position=position)
    return contract


@pytest.mark.parametrize("terms", [TERMS, KINDS], ids=["one kind", "two kinds"])
def test_what_is_typed_is_kept_and_shown_again_as_it_was(parties: Parties, terms: RetentionTerms) -> None:
    seller = signed_in(parties, "seller")
    response = seller.post(reverse("seller:draft_contract"), typed(parties, FINAL, do="save", **as_typed(terms)))
    assert response.status_code == 302
    with acting(scenarios.seller_actor(parties)):
        version = ContractVersion.objects.select_related("contract").get()
    assert read_retention(version.retention) == terms
    shown = seller.get(reverse("seller:change_draft", args=[version.contract.ref])).context["form"]
    assert {name: shown.initial.get(name) for name in typed_retention(terms)} == typed_retention(terms)


def test_what_is_payable_to_date_is_the_sum_of_the_rows_above_it_with_deposits_only_where_there_are_some() -> None:
    line = SheetLine(1, "Shell", D(1000), D(0), D(420), D(0))
    books = Standing(billed=D(420), deposits=D(135), tax=D("55.50"), retained=D(40), withheld=D(10))
    without = replace(books, deposits=D(0))
    rows = [D(420), D(135), D("55.50"), D(-40), D(-10)]
    for now, amounts in ((books, rows), (without, [rows[0], *rows[2:]])):
        found = [amount for _name, amount, _is_sum in _summary(Sheet(D(1000), D(1000), (line,), Standing(), now))]
        place = len(amounts) + 3
        assert (found[3:place], found[place]) == (amounts, sum(amounts))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"retention_rate": ""}, "Enter the rate"),
        ({"retention_rate": "60"}, "between 0 and 50"),
        ({"step_1_rate": ""}, "A step needs both"),
        ({"release_2_event": ""}, "Say how much is released here"),
        ({"release_1_share": "10", "do": "check"}, "come to 50% and not to 100%"),
        ({"release_2_event": "date", "release_2_days": "", "do": "check"}, "on which date"),
    ],
)
def test_what_cannot_be_computed_or_never_ends_is_refused_in_words(
    parties: Parties, changes: dict[str, str], words: str
) -> None:
    posted = typed(parties, FINAL, **{"do": "save", **as_typed(TERMS), **changes})
    response = signed_in(parties, "seller").post(reverse("seller:draft_contract"), posted)
    assert response.status_code == 422
    assert words in response.content.decode()


def test_both_sides_see_what_is_held_and_the_buyer_releases_a_part(parties: Parties) -> None:
    contract = completed(parties)
    buyer = signed_in(parties, "buyer")
    for side, client in (("seller", signed_in(parties, "seller")), ("buyer", buyer)):
        page = client.get(reverse(f"{side}:contract", args=[contract.ref])).content.decode()
        assert "4,000.00" in page, side
        assert "7 days after the last milestone is accepted" in page, side
    address = reverse("buyer:release_retention", args=[contract.ref])
    assert "2,400.00" in buyer.get(address).content.decode()
    assert buyer.post(address, {"key": key()}).context["form"].errors["position"] == ["Choose what you release."]
    sent = {"key": key(), "position": "1"}
    response = buyer.post(address, sent)
    assert buyer.post(address, sent)["Location"] == response["Location"], "a second click is told what the first did"
    again = buyer.post(address, {"key": key(), "position": "1"})
    assert (again.status_code, "released already" in again.content.decode()) == (422, True)
    with acting(scenarios.seller_actor(parties)):
        statement = Invoice.objects.get(kind="retention_release")
    assert (response.status_code, response["Location"]) == (302, reverse("buyer:invoice", args=[statement.ref]))
    for side, client in (("seller", signed_in(parties, "seller")), ("buyer", buyer)):
        page = client.get(reverse(f"{side}:invoice", args=[statement.ref])).content.decode()
        assert "RET-" in page, side
        assert "2,400.00" in page, side
        assert client.get(reverse(f"{side}:invoices")).content.decode().count("Release of retention") == 1
    refused = signed_in(parties, "billing").get(reverse("seller:release_retention", args=[contract.ref]))
    assert "Nothing is withheld that you could release" in refused.content.decode()
    released_in_error(parties, contract, statement, buyer)


def released_in_error(parties: Parties, contract: Contract, statement: Invoice, buyer: Client) -> None:
    """The same statement disputed on its page, and settled by both sides on theirs."""
    url = reverse("buyer:dispute_invoice", args=[statement.ref])
    assert url in buyer.get(reverse("buyer:invoice", args=[statement.ref])).content.decode()
    opened = buyer.get(url).content.decode()
    assert "released in error" in opened
    assert "of released retention" in opened
    assert "net of tax" not in opened, "a statement of retention has no tax"
    raised = {"key": key(), "how": "amount", "amount": "1000", "reason": "The roof leaks.", "answer_days": "14"}
    too_much = buyer.post(url, raised | {"key": key(), "amount": "2400.01"})
    assert f"{statement.number} comes to 2,400.00 EUR. Enter that much or less." in too_much.content.decode().replace(
        "\xa0", " "
    )
    here = buyer.post(url, raised)["Location"]
    billing = signed_in(parties, "billing")
    for client, side in ((billing, "seller"), (buyer, "buyer")):
        dispute = client.get(here.replace("/buyer/", f"/{side}/"))
        assert [text for text, _url in dispute.context["crumbs"]] == ["Invoices", statement.number, "Dispute"]
        assert "of released retention" in dispute.content.decode()
        about = client.get(reverse(f"{side}:invoice", args=[statement.ref])).content.decode()
        for text in (dispute.content.decode(), about):
            assert "net of tax" not in text.split("<main", 1)[1]
    own = here.replace("/buyer/", "/seller/")
    said = {"key": key(), "do": "propose", "outcome": "partly_upheld", "amount": "400.01", "note": ""}
    late = billing.post(own, {**said, "kept_until": "2020-01-01"})
    assert (late.status_code, "kept back no longer" in late.content.decode()) == (422, True)
    until = clock.today("Europe/Berlin") + timedelta(days=90)
    assert billing.post(own, {**said, "kept_until": until.isoformat()})["Location"] == own
    shown = buyer.get(here)
    assert "Retained until" in shown.content.decode()
    agreed = {"key": key(), "do": "agree", "proposal": shown.context["proposal"].ref}
    assert "were released in error and are retained again" in buyer.post(here, agreed, follow=True).content.decode()
    for side, client in (("seller", billing), ("buyer", buyer)):
        page = client.get(reverse(f"{side}:contract", args=[contract.ref])).content.decode()
        assert "was released in error, and retained again" in page, side
        assert "2,000.01" in page, "held"
        page = client.get(reverse(f"{side}:invoice", args=[statement.ref])).content.decode()
        assert "Retained again" in page, side
        sheet = client.get(reverse(f"{side}:contract_progress", args=[contract.ref])).context["sheet"]
        assert sheet.now.retained == D("2000.01"), side
    with acting(scenarios.seller_actor(parties)):
        note = CreditNote.objects.get()
    for side, client in (("seller", billing), ("buyer", buyer)):
        page = client.get(reverse(f"{side}:credit_note", args=[note.ref])).content.decode()
        assert "Corrects release statement" in page, side


def test_the_sellers_figures_count_what_was_billed_once_and_nothing_retained_as_due(parties: Parties) -> None:
    contract = completed(parties)
    sina = scenarios.seller_actor(parties)
    today = clock.today("Europe/Berlin")
    with acting(sina):
        found = figures.of_contracts(sina, [contract])[contract.pk]
        assert (found.billed, found.open) == (D("40000.00"), D("43600.00"))
        assert list(fundable.fundable(sina, today=today)) == []
        (chart,) = cash.cash(sina, today=today).charts({})
    named = {str(series.name): series.values for series in chart.series}
    assert sum(named["Invoiced"]) == D("43600.00")
    kept_back = named["Invoiced, kept back until it is released"]
    assert sum(kept_back) == D("1600.00"), "what has a day; the rest waits for a word"
    assert kept_back[cash.BEFORE + timedelta(days=7 + 30).days // 7] == D("1600.00")


def test_the_schedule_of_values_ties_out_on_both_sides_and_as_a_file(parties: Parties) -> None:
    contract = completed(parties)
    for side, person in (("seller", "seller"), ("buyer", "buyer")):
        client = signed_in(parties, person)
        page = client.get(reverse(f"{side}:contract_progress", args=[contract.ref]))
        assert "Sheet and summary tie out" in page.content.decode()
        assert page.context["sheet"].due == D("43600.00")
        wrong = client.get(reverse(f"{side}:contract_progress", args=[contract.ref]), {"since": "2199-01-01"})
        assert wrong.status_code == 422
        file = client.get(reverse(f"{side}:progress_csv", args=[contract.ref])).content.decode("utf-8-sig")
        assert file.splitlines()[1].startswith("1,Prototype,EUR,12000,0,12000,0,12000,100,0,1200")
        assert "Payable from this period,EUR,43600" in file

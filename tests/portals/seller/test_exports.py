"""Exports on the seller's pages: what is shown before, what is handed over, what is said when it cannot be."""

from typing import Any

from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.ledger.exports import defaults
from apps.ledger.models import JournalExport
from apps.workflows import export_jobs
from tests import scenarios
from tests.ledger import exported
from tests.portals.seller.conftest import SignIn, content_of
from tests.scenarios import Parties, acting, key

PAGE = "/seller/exports/"


def chosen(kind: str = "csv") -> dict[str, str]:
    today = clock.today("Europe/Berlin").isoformat()
    return {"starts_on": today, "ends_on": today, "currency": "EUR", "format": kind}


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().replace("\xa0", " ").split())


def made(parties: Parties) -> None:
    with acting(scenarios.seller_actor(parties)):
        for ref in JournalExport.objects.filter(state="making").values_list("ref", flat=True):
            export_jobs.make_journal_export.func(export_ref=ref, organisation_id=parties.seller.pk)


def test_from_the_period_to_the_file(parties: Parties, seller: Client) -> None:
    assert "Nothing is booked yet" in text_of(seller.get(PAGE))
    scenarios.accepted_milestone(scenarios.active_contract(parties))
    shown = text_of(seller.get(PAGE, chosen()))
    assert "Debit equals credit" in shown
    assert shown.count("14,280.00") == 2
    sent = seller.post(reverse("seller:request_export"), {**chosen(), "key": key()})
    assert sent.status_code == 302
    page = sent["Location"]
    assert "0 of 3 lines" in text_of(seller.get(page))
    made(parties)
    there = text_of(seller.get(page))
    assert "Download" in there
    assert '<dd class="text-break">1</dd>' in there
    file = seller.get(f"{page}file/")
    day = clock.today("Europe/Berlin")
    assert file["Content-Disposition"] == f'attachment; filename="journal-csv-EUR-{day}-{day}.csv"'
    assert file["X-Content-Type-Options"] == "nosniff"
    assert len(exported.rows_of_csv(content_of(file))) == 3
    # The same again is the same page, and stands in the list once.
    assert seller.post(reverse("seller:request_export"), {**chosen(), "key": key()})["Location"] == page
    assert text_of(seller.get(PAGE)).count(page) == 1


def test_own_accounts_are_asked_for_where_they_are_needed(parties: Parties, seller: Client) -> None:
    scenarios.accepted_milestone(scenarios.active_contract(parties))
    address = reverse("seller:datev_accounts")
    before = text_of(seller.get(PAGE, chosen("datev")))
    assert "under which numbers DATEV knows you" in before
    assert f'href="{address}"' in before
    assert 'value="1210"' in text_of(seller.get(f"{address}?chart=04"))
    fields = {f"account_{code}": account for code, account in defaults.accounts_of("datev", chart="04").items()}
    typed = {**fields, "key": key(), "consultant": "29098", "client": "55003", "year_begins": "1", "chart": "04"}
    wrong = seller.post(address, {**typed, "account_1000": "12A0"})
    assert wrong.status_code == 422
    assert "12A0 is no account in DATEV" in text_of(wrong)
    assert seller.post(address, {**typed, "key": key(), "account_2100": ""}).status_code == 302
    lacking = text_of(seller.get(PAGE, chosen("datev")))
    assert "Say first which of your accounts in DATEV these are: 2100 Output tax." in lacking
    refused = seller.post(reverse("seller:request_export"), {**chosen("datev"), "key": key()}, follow=True)
    assert "Say first which of your accounts in DATEV these are" in text_of(refused)
    assert seller.post(address, {**typed, "key": key()}).status_code == 302
    assert seller.post(reverse("seller:request_export"), {**chosen("datev"), "key": key()}).status_code == 302
    with acting(scenarios.seller_actor(parties)):
        assert JournalExport.objects.get().accounts["2100"] == "3800"


def test_who_may_not_export_reads_why_and_finds_no_file(parties: Parties, seller: Client, signed_in: SignIn) -> None:
    scenarios.accepted_milestone(scenarios.active_contract(parties))
    page = seller.post(reverse("seller:request_export"), {**chosen(), "key": key()})["Location"]
    made(parties)
    delivery = signed_in("delivery")
    for address in (PAGE, reverse("seller:datev_accounts")):
        shown = text_of(delivery.get(address, chosen()))
        assert "14,280.00" not in shown
        assert "export the journal" in shown
    assert delivery.get(page).status_code == delivery.get(f"{page}file/").status_code == 404
    sent = delivery.post(reverse("seller:request_export"), {**chosen(), "key": key()}, follow=True)
    assert "export the journal" in text_of(sent)
    with acting(scenarios.seller_actor(parties)):
        assert JournalExport.objects.count() == 1


def test_what_was_typed_wrong_is_said(parties: Parties, seller: Client) -> None:
    scenarios.accepted_milestone(scenarios.active_contract(parties))
    typed = {**chosen(), "starts_on": "2026-05-01", "ends_on": "2026-04-01"}
    shown = seller.get(PAGE, typed)
    assert shown.status_code == 422
    assert "The period ends before it begins." in text_of(shown)
    empty = {**chosen(), "starts_on": "2020-01-01", "ends_on": "2020-01-31"}
    assert "Nothing is booked in this period." in text_of(seller.get(PAGE, empty))

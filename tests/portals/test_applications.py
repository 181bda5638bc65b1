"""Applications for payment on the pages: submitted, certified line by line without JavaScript, and as files."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from apps.core import canonical
from apps.core.database import walls
from apps.invoicing.application_page import page_of
from apps.invoicing.models import Application, Invoice
from apps.invoicing.services.certifying import Figure
from apps.parties import tokens
from apps.parties.models import Membership, Organisation
from apps.portals.applying import lower_figures
from apps.workflows import limits, sign_off
from tests import applications, scenarios
from tests.portals.test_proofs import grown_old
from tests.portals.test_retention import signed_in
from tests.scenarios import Parties

D = Decimal


@pytest.mark.django_db
def test_it_is_submitted_and_certified_lower_on_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    parties = scenarios.organisations()
    contract = applications.contract_by_application(parties)
    milestone = scenarios.accepted_milestone(contract)
    application = applications.newest(contract)
    seller, buyer = signed_in(parties, "billing"), signed_in(parties, "approver")
    page = reverse("seller:application", args=[application.ref])
    shown = seller.get(page)
    form = shown.context["forms"]["submit"]
    at_buyers = reverse("buyer:application", args=[application.ref])
    assert "Current payment due" in buyer.get(at_buyers).content.decode()
    told = seller.post(page, {"do": "submit", "key": "k1", "seen": form["seen"].value()})
    assert told.status_code == 302
    assert "is_by_application" not in shown.content.decode()
    home = buyer.get(reverse("buyer:home"))
    assert at_buyers in home.content.decode()
    standing = home.context["charts"][0].series[-1]
    assert (standing.name, standing.values[0]) == ("Accepted, not billed yet", D(12000))
    asked = buyer.get(at_buyers)
    assert "Certify for payment" in asked.content.decode()
    seen = applications.newest(contract).sha256
    typed = {"do": "certify", "key": "k2", "seen": seen, f"amount_{milestone.ref}": "9,000.00"}
    refused = buyer.post(at_buyers, typed)
    assert refused.status_code == 422
    assert "Say why you certify less" in refused.content.decode()
    typed |= {"key": "k3", f"reason_{milestone.ref}": "Not shown."}
    _says_above_the_limit(buyer, at_buyers, parties)
    _asks_who_it_is(buyer, at_buyers, typed, parties)
    done = buyer.post(at_buyers, typed)
    assert done.status_code == 302
    with walls.asking_for(contract.seller_id):
        assert Invoice.objects.get(contract=contract).net == D(9000)
    _contracts_show_it(seller, buyer, contract.ref, milestone.ref)
    _files(seller, application, parties)
    _pdfs_are_not_made_without_end(buyer, seller, application, monkeypatch)


@pytest.mark.django_db
def test_a_milestone_is_invoiced_once_all_of_it_was_certified() -> None:
    parties = scenarios.organisations()
    contract = applications.contract_by_application(parties)
    milestone = scenarios.accepted_milestone(contract)
    pages = [
        (signed_in(parties, role), reverse(f"{side}:milestone", args=[milestone.ref]))
        for role, side in (("billing", "seller"), ("approver", "buyer"))
    ]
    bea = scenarios.approver_actor(parties)
    for certified, answers in ((D(9000), {"ahead", "current"}), (None, {"done"})):
        figures = {milestone.position: Figure(certified, "Not shown.")} if certified else {}
        applications.certified(applications.submitted(contract), actor=bea, figures=figures)
        shown = [client.get(page).context for client, page in pages]
        assert {context["steps"][3].state for context in shown} <= answers
    assert ("pays invoice" in shown[0]["next"]["text"], shown[0]["steps"][4].state) == (True, "current")


def _asks_who_it_is(buyer: Client, page: str, typed: dict[str, str], parties: Parties) -> None:
    """Above the buyer's amount it says so, and what was typed stands in the form again."""
    with walls.asking_for(parties.buyer.pk):
        Organisation.objects.filter(pk=parties.buyer.pk).update(step_up_above=D(100))
    grown_old(buyer)
    assert "For this amount your organisation asks" in buyer.get(page).content.decode()
    asked = buyer.post(page, typed)
    assert (asked.status_code, "Confirm that it is you" in asked.content.decode()) == (422, True)
    assert 'value="9,000.00"' in buyer.get(page).content.decode()
    with walls.asking_for(parties.buyer.pk):
        Organisation.objects.filter(pk=parties.buyer.pk).update(step_up_above=None)


def _says_above_the_limit(buyer: Client, page: str, parties: Parties) -> None:
    """In the place of the buttons."""
    mine = Membership.objects.filter(pk=parties.people["approver"].pk)
    for limit, answer in ((D("11999.99"), (True, False)), (None, (False, True))):
        with walls.asking_for(parties.buyer.pk):
            mine.update(approval_limit=limit)
        text = buyer.get(page).content.decode()
        assert ("you sign off up to" in text, "Certify for payment" in text) == answer


def _contracts_show_it(seller: Client, buyer: Client, contract_ref: str, milestone_ref: str) -> None:
    for client, side in ((seller, "seller"), (buyer, "buyer")):
        for view, ref in (("contract", contract_ref), ("milestone", milestone_ref)):
            text = client.get(reverse(f"{side}:{view}", args=[ref])).content.decode()
            assert "INV-" in text
        asked = client.get(reverse(f"{side}:ask_nullification", args=[milestone_ref])).content.decode()
        assert ("of it are not billed" in asked, "are credited on invoice INV-" in asked) == (True, True)


def _files(seller: Client, application: Application, parties: Parties) -> None:
    sheet = seller.get(reverse("seller:application_xlsx", args=[application.ref]))
    rows = list(openpyxl.load_workbook(io.BytesIO(sheet.content)).active.values)  # type: ignore[union-attr]
    total = next(row for row in rows if row[1] == "Total")
    assert [D(str(figure)) for figure in total[3:8]] == [D(40000), D(0), D(9000), D(0), D(9000)]
    with walls.asking_for(parties.seller.pk):
        text = Application.objects.get(pk=application.pk).certified_text
    page = page_of(text, at=datetime(2026, 4, 1, tzinfo=UTC) + timedelta(days=1))
    assert ("Current payment due", "9,810.00", True) in page.summary
    assert [(part.claimed, part.certified, part.reason) for part in page.parts] == [
        ("12,000.00", "9,000.00", "Not shown.")
    ]
    assert canonical.sha256(text) == page.sha256


def _pdfs_are_not_made_without_end(
    buyer: Client, seller: Client, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks too often is told when to come back; others get theirs."""
    monkeypatch.setattr(limits, "PRINTS", replace(limits.PRINTS, most=2))
    monkeypatch.setattr("apps.portals.applying.page.pdf_of", lambda *_args, **_named: b"%PDF")
    page = reverse("buyer:application_pdf", args=[application.ref])
    answers = [buyer.get(page) for _time in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= limits.PRINTS.within.total_seconds()
    assert seller.get(reverse("seller:application_pdf", args=[application.ref])).status_code == 200


@pytest.mark.django_db
def test_a_guest_reads_where_what_was_accepted_stands() -> None:
    parties = scenarios.organisations()
    contract = applications.contract_by_application(parties)
    submission = scenarios.submitted_milestone(contract)
    grant = scenarios.link_to_sign_off(submission)
    bea = signed_in(parties, "approver")
    asked = bea.get(reverse("buyer:accept_milestone", args=[submission.ref])).content.decode()
    assert "stands in" in asked
    assert "is issued at once" not in asked
    guest = scenarios.guest_actor(grant)
    with scenarios.acting(guest):
        sign_off.accept_milestone(
            actor=guest, key=scenarios.key(), submission_ref=submission.ref, seen=submission.sha256
        )
    token = tokens.token_for(purpose="guest_grant", ref=grant.ref)
    text = Client().get(reverse("link:open", args=[token])).content.decode()
    assert "Application for payment 1" in text


@pytest.mark.django_db
def test_more_lines_than_one_form_takes_are_certified_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lines, one in each form: what is lowered on the first is certified with the second."""
    monkeypatch.setattr(lower_figures, "LINES", 1)
    parties = scenarios.organisations()
    contract = applications.contract_by_application(parties)
    first, second = (scenarios.accepted_milestone(contract, position=position) for position in (1, 2))
    application = applications.submitted(contract)
    buyer, page = signed_in(parties, "approver"), reverse("buyer:application", args=[application.ref])
    typed = {"key": "k1", "seen": application.sha256, f"amount_{first.ref}": "9,000.00"}
    shown = buyer.get(page).content.decode()
    assert (f"amount_{first.ref}" in shown, f"amount_{second.ref}" in shown) == (True, False)
    refused = buyer.post(page, {**typed, "do": "keep:2"})
    assert (refused.status_code, "Say why you certify less" in refused.content.decode()) == (422, True)
    why = {f"reason_{first.ref}": "Not shown.", "comment": "The rest in May."}
    kept = buyer.post(page, {**typed, "do": "keep:2", **why})
    assert kept["Location"] == f"{page}?lines=2#certify"
    other = buyer.get(f"{page}?lines=2").content.decode()
    assert ("9,000.00" in other, "Not shown." in other, f"amount_{first.ref}" in other) == (True, True, False)
    assert "The rest in May." in other, "a comment that was typed before is kept too"
    assert 'value="9,000"' in buyer.get(page).content.decode()
    typed = {"do": "certify", "key": "k2", "seen": application.sha256, f"amount_{second.ref}": "12,000.00"}
    assert buyer.post(f"{page}?lines=2", typed).status_code == 302
    with walls.asking_for(contract.seller_id):
        assert Invoice.objects.get(contract=contract).net == D(21000)

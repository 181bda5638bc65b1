"""Deposits and periods on the pages of both sides: written, proposed, read, billed, paid."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.contracts import services as contracts
from apps.contracts.drafts import Due
from apps.contracts.models import Contract
from apps.core import clock
from apps.invoicing.models import Invoice
from apps.parties.actor import Actor
from apps.portals.drafting.dues import DueForm
from apps.workflows import billing, instalments
from tests import scenarios
from tests.portals.seller.conftest import SignIn
from tests.portals.seller.test_drafts import NEW, typed
from tests.scenarios import Parties, acting, key

GO_LIVE = {"title": "Go-live", "basis": "remainder"}
MONTHLY = {
    "plan-1-kind": "recurring",
    "plan-1-start": "acceptance",
    "plan-1-starts_with": "Go-live",
    "plan-1-starts_on": "2027-01-01",
    "plan-1-period": "month",
    "plan-1-period_count": "12",
}
SUPPORT = {"title": "Support", "basis": "amount", "portion": "500"}


def test_a_subscription_is_written_reckoned_and_proposed(parties: Parties, seller: Client) -> None:
    form = typed(parties, GO_LIVE, SUPPORT, {"title": "Deposit", "portion": "10"}, **MONTHLY)
    form |= {"plan-2-kind": "deposit", "plan-2-start": "signature", "do": "calculate"}
    shown = seller.post(NEW, form).content.decode()
    assert "6,000.00" in shown, "twelve of them, in the price"
    answer = seller.post(NEW, form | {"do": "check"})
    with acting(scenarios.seller_actor(parties)):
        contract = Contract.objects.get()
        draft = contracts.draft_of(contract)
        assert [line.kind for line in draft.lines] == ["milestone", "recurring", "deposit"]
        assert draft.lines[1].due == Due("acceptance", None, "Go-live", "month", 12)
        assert draft.lines[1].amount == Decimal(500)
        assert draft.lines[1].criteria == (), "what the page hides of a line that is no milestone is not meant"
        amounts = list(contract.versions.get().lines.values_list("amount", flat=True))
        assert amounts == [Decimal(354_000), Decimal(6_000), Decimal(40_000)]
    assert answer["Location"] == reverse("seller:propose_contract", args=[contract.ref])
    checked = seller.get(answer["Location"]).content.decode()
    assert "12 monthly payments of" in checked
    assert "the first when “Go-live” is accepted" in checked
    again = seller.get(reverse("seller:change_draft", args=[contract.ref]))
    assert again.context["lines"][1].form["period_count"].value() == 12


def test_what_is_missing_is_said_before_it_is_proposed(parties: Parties, seller: Client) -> None:
    form = typed(parties, GO_LIVE, SUPPORT, **(MONTHLY | {"plan-1-starts_with": "Launch"}))
    answer = seller.post(NEW, form | {"do": "check"})
    assert answer.status_code == 422
    assert "starts with the milestone “Launch”, and the plan has 0 of that name" in answer.content.decode()
    form |= {"plan-1-period_count": "999"}
    answer = seller.post(NEW, form)
    assert (answer.status_code, "less than or equal to 240" in answer.content.decode()) == (422, True)


def test_a_last_day_is_typed_in_the_place_of_a_number_of_periods(parties: Parties, seller: Client) -> None:
    dated = MONTHLY | {"plan-1-start": "date", "plan-1-period_count": "", "plan-1-period_until": "2027-12-31"}
    form = typed(parties, GO_LIVE, SUPPORT, **dated)
    for wrong, words in (
        ({"plan-1-period_count": "12"}, "Say how many times, or until which day, not both."),
        ({"plan-1-period_until": "2027-12-15"}, "No period ends on 15 Dec 2027. Choose 30 Nov 2027 or 31 Dec 2027."),
    ):
        answer = seller.post(NEW, form | wrong)
        assert (answer.status_code, words in answer.content.decode().replace("\N{NO-BREAK SPACE}", " ")) == (422, True)
    seller.post(NEW, form)
    with acting(scenarios.seller_actor(parties)):
        draft = contracts.draft_of(Contract.objects.get())
    assert draft.lines[1].due == Due("date", date(2027, 1, 1), "", "month", 12)


def test_a_last_day_that_the_page_hides_counts_for_nothing() -> None:
    hidden = {"kind": "recurring", "start": "signature", "period": "month", "period_count": "12"}
    form = DueForm(hidden | {"period_until": "2027-12-31"})
    assert (form.is_valid(), form.due()) == (True, Due("signature", None, "", "month", 12))


@pytest.mark.parametrize("start", ["event", "acceptance"])
def test_a_deposit_that_stays_earned_is_not_made_due_by_the_signature_unasked(
    parties: Parties, seller: Client, start: str
) -> None:
    form = typed(parties, GO_LIVE, {"title": "Deposit", "portion": "10"})
    form |= {"plan-1-kind": "deposit", "plan-1-start": start, "plan-1-starts_with": "Go-live"}
    answer = seller.post(NEW, form)
    assert (answer.status_code, "must be due when the contract is signed" in answer.content.decode()) == (422, True)


def tend_all(parties: Parties, contract: Contract) -> None:
    """The fixture's transaction is not committed, so the owner's eyes see nothing: the job is called by hand."""
    actor = Actor.system(organisation_id=parties.seller.pk)
    with acting(actor):
        for one in contract.instalments.filter(bills_on__lte=clock.today("Europe/Berlin")).unbilled():
            instalments.bill_instalment(actor=actor, key=key(), instalment_ref=one.ref)


@pytest.fixture
def contract(parties: Parties) -> Contract:
    """The deposit and the first of four months are billed."""
    draft = scenarios.hybrid_draft(parties, start=Due("signature", None, "", "month", 4))
    contract = scenarios.active_contract(parties, draft=draft)
    tend_all(parties, contract)
    return contract


def bills(contract: Contract, parties: Parties) -> list[Invoice]:
    with acting(scenarios.seller_actor(parties)):
        return list(Invoice.objects.filter(contract=contract).order_by("pk"))


def test_both_sides_see_each_period_with_its_day_and_its_invoice(
    parties: Parties, contract: Contract, signed_in: SignIn
) -> None:
    deposit, first = bills(contract, parties)
    for role in ("seller", "buyer"):
        client = signed_in(role)
        page = client.get(reverse(f"{role}:contract", args=[contract.ref])).content.decode()
        assert "4 monthly payments of" in page
        assert "1 of 4 billed" in page
        assert deposit.number in page
        assert first.number in page
        listed = client.get(reverse(f"{role}:invoices")).content.decode()
        assert "Support, 1 of 4" in listed
        shown = client.get(reverse(f"{role}:invoice", args=[first.ref])).content.decode()
        assert "Period 1 of 4" in shown
        assert "See the plan" in shown
        assert client.get(reverse(f"{role}:home")).status_code == 200


def test_the_chart_of_cash_has_what_the_calendar_will_bill(
    parties: Parties, contract: Contract, seller: Client
) -> None:
    (chart,) = seller.get(reverse("seller:home")).context["charts"]
    sums = {series.name: sum(series.values) for series in chart.series}
    assert sums["Signed, billed by the calendar"] in (Decimal(595), Decimal(1190))
    assert sums["Invoiced"] == Decimal(4760) + Decimal(595)


def test_a_deposit_is_paid_as_any_invoice_and_cannot_be_paid_early(
    parties: Parties, contract: Contract, seller: Client
) -> None:
    deposit = bills(contract, parties)[0]
    page = seller.get(reverse("seller:invoice", args=[deposit.ref])).content.decode()
    assert "Only invoices of milestones can be paid early" in page
    assert "?milestone=" not in page
    bilge = scenarios.member(parties, "billing")
    with acting(bilge):
        billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=deposit.ref,
            amount=deposit.gross,
            received_on=deposit.issued_on,
            bank_reference="IN-1",
        )
        deposit.open_item.refresh_from_db()
        assert deposit.open_item.open == 0


def test_many_periods_take_no_more_queries_than_few(parties: Parties, signed_in: SignIn) -> None:
    counts = []
    for number, count in (("A", 2), ("B", 200)):
        draft = scenarios.hybrid_draft(
            parties, number=f"NL-{number}", start=Due("signature", None, "", "month", count), price=Decimal(200_000)
        )
        contract = scenarios.active_contract(parties, draft=draft)
        for role in ("seller", "buyer"):
            client, url = signed_in(role), reverse(f"{role}:contract", args=[contract.ref])
            client.get(url)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url).status_code == 200
            counts.append(len(queries))
    assert counts[:2] == counts[2:]

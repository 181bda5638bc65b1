"""Revenue on the seller's pages: the same numbers as the ledger, who may see them, and a month that is closed."""

import html
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.contracts.retention import BUYER, RetentionRelease, RetentionTerms
from apps.core import clock
from apps.core.database import walls
from apps.portals.seller import report_parts, reports, reports_of_work
from apps.portals.seller.behind import RETAINED
from apps.portals.seller.behind_documents import TABLES
from apps.portals.seller.reports import REPORTS
from apps.revenue.models import AccountingPeriod
from apps.revenue.services import tying
from apps.workflows import contracting, retention, revenue, revenue_jobs
from tests import corrections, scenarios
from tests.portals.seller.conftest import SignIn
from tests.scenarios import Parties, acting, key

PAGE = "/seller/revenue/"
HALF_LATER = RetentionTerms(
    rate=Decimal(10), releases=(RetentionRelease(Decimal(50)), RetentionRelease(Decimal(50), BUYER))
)
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().replace("\xa0", " ").split())


def earned(parties: Parties, *, number: str, title: str = "Software") -> Contract:
    contract = scenarios.active_contract(
        parties, draft=scenarios.hybrid_draft(parties, number=number, title=title), at=AT
    )
    scenarios.accepted_milestone(contract, position=2, at=AT)
    with clock.stopped(AT):
        revenue.recognise_revenue(contract_ref=contract.ref, seller_id=contract.seller_id)
    return contract


def ordered(parties: Parties, *, number: str) -> Contract:
    """Begun by the buyer, who counts for itself: the seller may have a contract of the same number."""
    olga, sina = scenarios.actor_of(parties.people["buyer"]), scenarios.seller_actor(parties)
    draft = replace(scenarios.software_draft(parties, number=number), buyer_ref="", seller_ref=parties.seller.ref)
    with acting(olga, at=AT):
        ref = contracting.draft_contract(actor=olga, key=key(), draft=draft)["contract"]
        _text, seen = contracts.preview(Contract.objects.get(ref=ref), side="buyer")
        contracting.propose_contract(actor=olga, key=key(), contract_ref=ref, seen=seen)
    with acting(sina, at=AT):
        version = contracts.newest_proposal(Contract.objects.get(ref=ref))
        contracting.sign_contract(actor=sina, key=key(), version_ref=version.ref, seen=version.sha256)
        return Contract.objects.get(ref=ref)


def asked(client: Client, address: str) -> int:
    client.get(address)  # what is asked once per process
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_pages_show_what_the_ledger_says_and_close_a_month(parties: Parties, seller: Client, signed_in: SignIn) -> None:
    assert "Your revenue will stand here" in text_of(seller.get(PAGE))
    contract = earned(parties, number="=NL-1")
    with clock.stopped(NOW):
        counts = [asked(seller, PAGE), asked(seller, f"{PAGE}tie-out/")]
        shown = text_of(seller.get(PAGE))
        for figure in ("37,777.78", "2,222.22", "38,000.00"):
            assert figure in shown
        rows = text_of(seller.get(f"{PAGE}{contract.ref}/"))
        assert "At acceptance" in rows or "By accepted parts" in rows
        assert "Over time, by days" in rows
        tied = text_of(seller.get(f"{PAGE}tie-out/"))
        assert "Differs" not in tied
        assert "none differs" in tied
        figures = {
            (tie.number, tie.figure, tie.report) for tie, *_more in seller.get(f"{PAGE}tie-out/").context["contracts"]
        }
        assert {("=NL-1", "revenue", Decimal("37777.78")), ("=NL-1", "balance", Decimal("-222.22"))} <= figures

        sheet = openpyxl.load_workbook(io.BytesIO(seller.get(f"{PAGE}rows.xlsx").content)).active
        assert sheet is not None
        cells = list(sheet.iter_rows(min_row=2))
        assert (cells[0][0].value, cells[0][0].data_type, cells[0][5].value) == ("'=NL-1", "s", 37777.78)
        plain = seller.get(f"{PAGE}rows.csv").content.decode("utf-8-sig")
        assert plain.count("37777.78") == 2
        assert "\n=" not in plain, "no line begins a formula"
        assert "\n'=NL-1," in plain

        refused = seller.post(f"{PAGE}months/", {"key": key(), "through": "2026-03-30"})
        assert (refused.status_code, "ends with its month" in text_of(refused)) == (422, True)
        assert seller.post(f"{PAGE}months/", {"key": key(), "through": "2026-03-31"}).status_code == 302
        assert "0 of 1 contracts" in text_of(seller.get(f"{PAGE}months/"))
        with walls.asking_for(parties.seller.pk):
            period = AccountingPeriod.objects.get()
        revenue_jobs.close_period.func(period_ref=period.ref, organisation_id=parties.seller.pk)
        closed = text_of(seller.get(f"{PAGE}months/"))
        assert "31 Mar 2026" in closed
        assert "Closed" in closed
        assert "The next one ends on 30 Apr 2026" in closed, "and is not proposed before"
        assert 'value="2026-04-30"' not in closed
        with clock.stopped(NOW + timedelta(days=21)):
            assert 'value="2026-04-30"' in text_of(seller.get(f"{PAGE}months/")), "which comes next is proposed"

        earned(parties, number="NL-2")
        earned(parties, number="NL-3")
        assert [asked(seller, PAGE), asked(seller, f"{PAGE}tie-out/")] == counts, "for three contracts as for one"
        delivery = signed_in("delivery")
        assert "Your role does not allow you to see revenue" in text_of(delivery.get(PAGE))
        assert delivery.get(f"{PAGE}{contract.ref}/").status_code == 404
        assert delivery.get(f"{PAGE}rows.csv").status_code == 404
        assert signed_in("buyer").get(f"{PAGE}{contract.ref}/").status_code == 404


def test_an_accountant_judges_on_a_page_and_reads_why(parties: Parties, seller: Client, signed_in: SignIn) -> None:
    contract = earned(parties, number="NL-1")
    address = f"{PAGE}{contract.ref}/judge/"
    common = {"obligation": "2", "effective_on": "2026-04-01", "reason": "The buyer controls it as it is built."}
    costs = {"measure": "cost_to_cost", "incurred": "1,000.00", "expected": "4,000.00"}
    with clock.stopped(NOW):
        assert "Treatment of a change order" not in text_of(seller.get(address))
        refused = seller.post(f"{address}?kind=measure", {"key": key(), **common, **costs, "reason": ""})
        assert (refused.status_code, "Say why" in text_of(refused)) == (422, True)
        refused = seller.post(f"{address}?kind=measure", {"key": key(), **common, **costs, "incurred": "5000"})
        assert (refused.status_code, "Raise the estimate" in text_of(refused)) == (422, True)
        one = key()
        for _again in range(2):
            assert seller.post(f"{address}?kind=measure", {"key": one, **common, **costs}).status_code == 302
        shown = text_of(seller.get(f"{PAGE}{contract.ref}/"))
        assert shown.count("The buyer controls it as it is built.") == 1
        assert "-28,333.33" in shown.replace("\u2212", "-"), "a quarter of 37,777.78 instead of the whole"
        bonus = {"about": "Bonus", "lowers": "", "method": "expected_value", "amount_1": "900", "percent_1": "50"}
        bonus |= {"amount_2": "0", "percent_2": "50", "at_most": "200"}
        assert seller.post(f"{address}?kind=variable", {"key": key(), **common, **bonus}).status_code == 302
        assert "estimated at 450.00, of which 200.00 count" in text_of(seller.get(address))
        loan = {"about": "Late", "is_deferred": "1", "amount": "1000", "rate": "5", "compounding": "yearly"}
        loan |= {"starts_on": "2026-03-10", "ends_on": "2028-03-10", "obligation": ""}
        assert seller.post(f"{address}?kind=financing", {"key": key(), **common, **loan}).status_code == 302
        assert "1,000.00 at 5% a year" in text_of(seller.get(address))
        assert "Differs" not in text_of(seller.get(f"{PAGE}tie-out/"))
        assert "does not allow you" in text_of(signed_in("delivery").get(address))


def rows_add_up_of(name: str, seller: Client) -> int:
    """Every figure of a report that leads to rows is what they come to."""
    followed = 0
    page = seller.get(f"{PAGE}reports/?report={name}")
    lines = [cells for _url, cells in page.context["rows"]]
    if name != "roll-forward":
        lines.append(page.context["totals"])
    for head, text, _is_figure, url in {cell for cells in lines for cell in cells if cell[3]}:
        found = seller.get(url).context
        figure = text.replace("\N{MINUS SIGN}", "-").replace(",", "")
        rows = Decimal(found["total"] or 0)
        # On the balance of a contract what is owed stands on the other side.
        side = abs if head in ("Over-billed", "Deferred") else Decimal
        assert side(Decimal(figure)) == side(rows), (name, head, text, url)
        followed += 1
    return followed


def rows_add_up(seller: Client) -> None:
    """The same of every report, and of the page with the newest figures."""
    assert sum(rows_add_up_of(name, seller) for name in REPORTS) > 30
    page = seller.get(PAGE).content.decode()
    for label, words in (("Billed, less credits", "billed is positive"), ("Billed", "less what is credited")):
        links = re.findall(rf'{label}(?:</dt><dd>|" class="end">)<a class="figure-link" href="([^"]+)">(.*?)</a>', page)
        assert links, label
        for url, text in links:
            found = seller.get(html.unescape(url))
            figure = re.sub(r"<[^>]+>|[^0-9.,\u2212-]", "", text).replace("\u2212", "-").replace(",", "")
            assert Decimal(figure) == (found.context["total"] or 0), label
            assert not found.context["rows"] or words in text_of(found), label
    for of in TABLES:
        rows = seller.get(f"{PAGE}rows/?of={of}&contract=%3DNL-1").context
        if of == RETAINED:
            assert rows["rows"] == [], "nothing is retained here"
            continue
        file = seller.get(f"{PAGE}rows.csv?{rows['query']}").content.decode("utf-8-sig").strip().splitlines()
        assert len(file) == len(rows["rows"]) + 1
        assert {cells[0][1] for _url, cells in rows["rows"]} == {"=NL-1"}
    assert len({url for url, _cells in rows["rows"]}) == 2, "entries of both contracts of this number"
    late = seller.get(f"{PAGE}rows/?of=expected&late=1&from=2026-04-01")
    assert '<input type="hidden" name="late" value="1">' in late.content.decode(), "a filter beside it keeps it"
    unread = seller.get(f"{PAGE}rows/?from=yesterday")
    assert (unread.status_code, "Enter a valid date" in text_of(unread)) == (422, True)


def nothing_is_cut(seller: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages follow each other, and what stands below and in the file is of all, however few rows are read at once."""
    reports_with_many = ("remaining", "billing", "ageing", "cash")
    whole = {name: seller.get(f"{PAGE}reports/?report={name}").context for name in reports_with_many}
    files = {name: seller.get(f"{PAGE}reports.csv?report={name}").content for name in reports_with_many}
    for where, name in ((reports, "SHOWN"), (reports_of_work, "SHOWN"), (report_parts, "AT_ONCE")):
        monkeypatch.setattr(where, name, 1)
    for name, all_of_it in whole.items():
        first = seller.get(f"{PAGE}reports/?report={name}").context
        second = seller.get(f"{PAGE}reports/{first['page'].next_url}").context
        assert [*first["rows"], *second["rows"]] == all_of_it["rows"][:2]
        assert first["totals"] == second["totals"] == all_of_it["totals"]
        assert seller.get(f"{PAGE}reports.csv?report={name}").content == files[name]


def test_every_report_has_a_plot_a_table_that_leads_on_and_files(
    parties: Parties, seller: Client, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = earned(parties, number="=NL-1")
    planned = ordered(parties, number="=NL-1")
    scenarios.accepted_milestone(planned, at=AT)
    with clock.stopped(NOW):
        addresses = [f"{PAGE}reports/?report={name}" for name in REPORTS] + [f"{PAGE}rows/?of={of}" for of in TABLES]
        counts = {address: asked(seller, address) for address in addresses}
        shown = {name: text_of(seller.get(f"{PAGE}reports/?report={name}")) for name in REPORTS}
        for name, figures in {
            "schedule": ("Mar", "37,777.78"),
            "waterfall": ("37,777.78", "2,222.22"),
            "remaining": ("2,222.22", first.ref),
            "roll-forward": ("37,777.78", "50,000.00"),
            "billing": ("38,000.00", "222.22"),
            "ageing": ("Accepted", "12,000.00"),
            "cash": ("Days to cash", "10 Mar 2026"),
        }.items():
            for figure in figures:
                assert figure in shown[name].replace("\u2212", "-"), (name, figure)
        assert "Nothing to report yet" in shown["retention"]
        rows_add_up(seller)
        earned(parties, number="NL-2")
        earned(parties, number="NL-3")
        assert {address: asked(seller, address) for address in addresses} == counts, "as for one"
        for name in REPORTS:
            file = seller.get(f"{PAGE}reports.csv?report={name}").content.decode("utf-8-sig")
            assert "\n=" not in file, "no line begins a formula"
            sheet = openpyxl.load_workbook(io.BytesIO(seller.get(f"{PAGE}reports.xlsx?report={name}").content)).active
            assert sheet is not None
            assert sheet.max_row == len(file.strip().splitlines())
        nothing_is_cut(seller, monkeypatch)
        assert signed_in("delivery").get(f"{PAGE}reports/").status_code == 404
        assert signed_in("delivery").get(f"{PAGE}reports.csv").status_code == 404


def test_each_figure_of_what_is_retained_leads_to_the_invoices_that_make_it(parties: Parties, seller: Client) -> None:
    """With what was released, credited and claimed beside the price, which the entries of one account mix."""
    draft = replace(scenarios.software_draft(parties, number="NL-1"), retention=HALF_LATER)
    contract = scenarios.active_contract(parties, draft=draft, at=AT)
    milestones = [scenarios.accepted_milestone(contract, position=position, at=AT) for position in (1, 2, 3)]
    with clock.stopped(AT):
        revenue.recognise_revenue(contract_ref=contract.ref, seller_id=contract.seller_id)
    with acting(scenarios.actor_of(parties.people["buyer"]), at=AT) as buyer:
        retention.release_retention(actor=buyer, key=key(), contract_ref=contract.ref, position=2)
    corrections.credited(parties, corrections.invoice_of(milestones[0]).ref, "600", at=AT)
    with clock.stopped(NOW):
        revenue.recognise_revenue(contract_ref=contract.ref, seller_id=contract.seller_id)
        context = seller.get(f"{PAGE}reports/?report=retention").context
        ((_url, cells),) = context["rows"]
        for row in (cells, context["totals"]):
            found = {head: (text, url) for head, text, _is_figure, url in row if url}
            assert list(found) == ["Withheld", "Released", "Still held"]
            for head, (text, url) in found.items():
                rows = seller.get(url).context
                assert Decimal(text.replace(",", "")) == rows["total"], head
                place = next(place for place, (name, *_rest) in enumerate(rows["rows"][0][1]) if name == head)
                listed = [Decimal(cells[place][1].replace(",", "")) for _url, cells in rows["rows"]]
                assert (sum(listed), all(listed)) == (rows["total"], True), "no row that makes none of it"
        rows_add_up_of("billing", seller)
        hand_written = seller.get(f"{PAGE}rows/?of=entries&kind=held&after=nobody")
        assert hand_written.status_code == 200


def test_what_was_credited_is_not_waited_for(parties: Parties, seller: Client) -> None:
    contract = scenarios.active_contract(parties, draft=scenarios.software_draft(parties, number="NL-1"), at=AT)
    invoice = corrections.invoice_of(scenarios.accepted_milestone(contract, at=AT))
    with clock.stopped(NOW):
        assert invoice.milestone is not None
        assert invoice.milestone.title in text_of(seller.get(f"{PAGE}reports/?report=cash"))
        corrections.credited(parties, invoice.ref, at=NOW)
        assert "Nothing to report yet" in text_of(seller.get(f"{PAGE}reports/?report=cash"))


def test_a_line_that_differs_from_the_ledger_is_red_and_counted(
    parties: Parties, seller: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shown by a report that reads a cent too much, because the database refuses to be wrong."""
    earned(parties, number="NL-1")
    with clock.stopped(NOW):
        lines = seller.get(f"{PAGE}tie-out/").context["tied"].lines
        for name in ("SIDES", "LINES"):
            said = getattr(tying, name)
            wrong = said.replace("sum(r.amount) AS amount", "sum(r.amount) + 0.01 AS amount")
            assert wrong != said
            monkeypatch.setattr(tying, name, wrong)
        shown = text_of(seller.get(f"{PAGE}tie-out/"))
        assert f"2 of {lines} lines differ" in shown
        # Revenue and contract balance: above, and where the contract stands.
        assert (shown.count('<tr class="differs">'), shown.count("37,777.79")) == (4, 2)
        file = seller.get(f"{PAGE}tie-out.csv").content.decode("utf-8-sig").strip().splitlines()
        assert len(file) == lines + 1
        assert [row.split(",")[2] for row in file[1:3]] == ["Contract balance", "Revenue"]
        assert [row.split(",")[-2] for row in file[1:]] == ["0.01", "0.01", *["0"] * (lines - 2)]

"""The deals of the demo, played end to end through the real services, in committed transactions."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import translation

from apps.invoicing.models import Invoice
from apps.workflows.deal_file import player
from apps.workflows.deal_file.read import read
from apps.workflows.deal_file.report import plain, report
from apps.workflows.deal_file.report_parts import Report
from tests import languages
from tests.packed import assert_pack_holds

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 6, 15)


def play(name: str, language: str = "en") -> Report:
    deal = read((ROOT / "deals" / f"{name}.yaml").read_text(), today=TODAY)
    with translation.override(language):
        (contract_ref,) = player.play(deal)
    return report(title=deal.title, contract_ref=contract_ref)


def book(found: Report, purpose: str) -> Any:
    return next(entry for entry in found["ledger"] if entry["book"] == purpose)


def lines(entry: Any) -> set[tuple[str, str]]:
    return {(line["account"].split()[0], line["amount"]) for line in entry["lines"]}


def government(found: Report) -> None:
    """At most 1,080,000.00 are payable before final delivery: what the third event bills above that is held. What was
    paid ahead is liquidated at 25 % of each delivery, what the event made payable by 60,000.00 of each, until nothing
    is left of them."""
    assert [(row["net"], row["recovered"], row["retained"], row["open"]) for row in found["invoices"]] == [
        ("240000.00", "0.00", "0.00", "0.00"),
        ("90000.00", "0.00", "0.00", "0.00"),
        ("255000.00", "165000.00", "0.00", "0.00"),
        ("375000.00", "165000.00", "0.00", "0.00"),
        ("180000.00", "0.00", "60000.00", "120000.00"),
    ]
    assert [found["retention"][name] for name in ("held", "released", "due")] == ["60000.00", "0.00", "0.00"]
    assert [row["state"] for row in found["milestones"]] == ["accepted", "accepted", "accepted", "planned"]
    sheet = found["progress"]
    assert [sheet[name] for name in ("completed", "deposits", "retained", "payable", "balance")] == [
        "1140000.00",
        "0.00",
        "60000.00",
        "1080000.00",
        "120000.00",
    ]


def fit_out(found: Report) -> None:
    """Performance: nothing of the first 33,600.00, 10 % of half of the other 386,400.00, 5 % from then on; defects: 3 %
    of each invoice, at most 2,000.00."""
    assert [(kind["name"], kind["held"]) for kind in found["retention"]["kinds"]] == [
        ("Performance", "26880.00"),
        ("Defects", "11056.00"),
    ]
    assert [row["retained"] for row in found["invoices"]][:4] == ["1008.00", "9560.00", "7644.00", "8300.00"]
    assert [(row["part"], row["kind"], row["when"]) for row in found["retention"]["parts"]] == [
        (1, 1, "milestone"),
        (2, 2, "milestone"),
    ]


def ended(found: Report) -> None:
    """Begun by the buyer, ended by both: what was accepted and what was valued is billed, and nothing else."""
    assert (found["contract"]["state"], [row["net"] for row in found["invoices"]]) == (
        "terminated",
        ["16000.00", "9000.00"],
    )
    assert [row["state"] for row in found["milestones"]] == ["accepted", "accepted", "cancelled"]


def canteen(found: Report) -> None:
    """Certified whole, then 50,000.00 of 56,000.00; 10 % of work and 5 % of stored materials are retained."""
    assert [(row["net"], row["gross"], row["retained"], row["open"]) for row in found["invoices"]] == [
        ("42000.00", "49980.00", "4200.00", "0.00"),
        ("80000.00", "95200.00", "5072.00", "0.00"),
    ]
    # 1,200.00 of its second line are credited, 1,428.00 with tax: all else is paid, so what is retained falls.
    assert [row["net"] for row in found["credit_notes"]] == ["1200.00"]
    assert [(row["number"], row["state"], row["due"]) for row in found["applications"]] == [
        (1, "certified", "45780.00"),
        (2, "certified", "88700.00"),
        (3, "submitted", "8720.00"),
    ]
    assert [line["retained"] for line in found["applications"][1]["lines"]] == ["1500.00", "5000.00"]
    # 2,000.00 were withheld then, and stand in the third since they were released.
    assert [found["applications"][number]["lines"][-1]["claimed"] for number in (1, 2)] == ["56000.00", "8000.00"]


def advances(found: Report) -> list[tuple[str, str, str]]:
    rows = [row for request in found["financing"] for row in request["tranches"]]
    return [(row["milestone"], row["state"], row["outstanding"]) for row in rows]


def followed(found: Report) -> None:
    """35,700.00 are out on the forecast: the 40 % that are accepted cover 24,276.00 of it, and the others stand on. The
    late charge of the screens is taken out of their reserve, so that only the rest of 30,000.00 repays the advance."""
    assert advances(found) == [
        ("Market data feed", "settled", "0.00"),
        ("Load forecast", "funded_post", "24276.00"),
        ("Load forecast (2)", "funded_pre", "11424.00"),
        ("Trading interface", "repurchased", "0.00"),
        ("Control room screens", "part_collected", "15714.74"),
        ("Training", "funded_post", "35402.50"),
    ]
    assert [row["state"] for row in found["disputes"]] == ["open"]


def written_off(found: Report) -> None:
    """14,565.60 are given up, and 1,428.00 come in after all."""
    assert advances(found) == [("Scales delivered and calibrated", "written_off", "0.00")]
    assert book(found, "financier")["balances"]["5000 Credit loss"] == "13137.60"


TO_THE_CENT = {
    "bakery-scales-written-off": written_off,
    "canteen-by-applications": canteen,
    "coastal-sensors-government": government,
    "energy-trading-followed": followed,
    "office-fit-out-retention": fit_out,
    "queue-kiosks-ordered-and-ended": ended,
}


@pytest.mark.parametrize("path", sorted((ROOT / "deals").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_deal_plays_and_every_verifier_agrees(path: Path, scratch: str, tmp_path: Path) -> None:
    with languages.marked() as marked:
        found = play(path.stem, language=marked)
    assert mail.outbox
    assert [line for one in mail.outbox for line in languages.marks(f"{one.subject}\n{one.body}")] == []
    if path.stem in TO_THE_CENT:
        TO_THE_CENT[path.stem](found)
    assert found["contract"]["signatures"]
    assert plain(found)
    assert found["progress"] is None or found["progress"]["ties_out"]
    if found["contract"]["state"] in ("active", "completed", "terminated"):
        assert_pack_holds(found["contract"]["number"], tmp_path)
    call_command("verify_ledger", verbosity=0)
    call_command("verify_audit", verbosity=0)


def test_the_changed_deal_to_the_cent(scratch: str) -> None:
    found = play("patient-portal-changed")
    assert [(row["number"], row["state"], row["version"], row["net"]) for row in found["change_orders"]] == [
        (1, "signed", 2, "15650.50"),
        (2, "proposed", 3, "-2700.00"),
    ]
    assert (found["contract"]["price"], found["contract"]["version"]) == ("105650.50", 2)
    assert [(row["title"], row["amount"], row["state"]) for row in found["milestones"]] == [
        ("Appointments", "36000.00", "planned"),
        ("Findings", "34750.50", "planned"),
        ("Hand-over", "22500.00", "planned"),
        ("Connection of Clinic South", "12400.00", "planned"),
    ]


def test_the_software_deal_to_the_cent(scratch: str) -> None:
    found = play("software-30-30-40")
    assert [(row["title"], row["amount"], row["state"]) for row in found["milestones"]] == [
        ("Prototype", "120000.00", "accepted"),
        ("Integration", "120000.00", "accepted"),
        ("Final delivery and sign-off", "160000.00", "planned"),
    ]
    assert [cycle["state"] for cycle in found["milestones"][0]["cycles"]] == ["changes_requested", "accepted"]
    assert [(row["number"], row["gross"], row["open"], row["due_on"]) for row in found["invoices"]] == [
        ("INV-2026-0001", "120000.00", "0.00", "2026-03-31"),
        ("INV-2026-0002", "120000.00", "0.00", "2026-07-03"),
    ]
    (request,) = found["financing"]
    (offer,) = request["offers"]
    (line,) = offer["lines"]
    assert (line["milestone"], line["stage"], line["days"]) == ("Prototype", "post", 50)
    assert {name: offer[name] for name in ("gross", "discount", "fee", "net", "reserve", "apr", "xirr")} == {
        "gross": "102000.00",
        "discount": "1700.00",
        "fee": "510.00",
        "net": "99790.00",
        "reserve": "18000.00",
        "apr": "16.17",
        "xirr": "17.34",
    }
    (tranche,) = request["tranches"]
    assert (request["state"], tranche["state"], tranche["outstanding"], tranche["converted_on"]) == (
        "accepted",
        "settled",
        "0.00",
        None,
    )


def test_a_buyer_who_says_nothing_has_accepted_after_twelve_working_days(scratch: str) -> None:
    """VOB/B: from Friday before Christmas to 5 January, 23:59:59, in Bavaria; billed a second later."""
    path = Path(__file__).with_name("deals") / "fit-out-silence.yaml"
    deal = read(path.read_text(), today=TODAY)
    (contract_ref,) = player.play(deal)
    found = report(title=deal.title, contract_ref=contract_ref)
    milestone, other = found["milestones"]
    (cycle,) = milestone["cycles"]
    assert (milestone["state"], milestone["accepted_at"]) == ("accepted", "2027-01-05T22:59+00:00")
    assert (cycle["state"], cycle["outcome"]) == ("accepted", "deemed_accepted")
    assert (cycle["notified_at"], cycle["review_due_at"]) == ("2026-12-18T09:00+00:00", "2027-01-05T22:59+00:00")
    assert (other["state"], other["cycles"][0]["notified_at"]) == ("submitted", None)
    (invoice,) = found["invoices"]
    assert (invoice["issued_on"], invoice["due_on"]) == ("2027-01-06", "2027-01-27")
    assert (invoice["net"], invoice["tax"], invoice["gross"]) == ("54000.00", "10260.00", "64260.00")
    assert invoice["open"] == "0.00"
    said = Invoice.objects.using("owner").get(number=invoice["number"])
    assert said.snapshot.count('"accepted_on":"2027-01-05"') == 1
    assert said.snapshot.count('"by_lapse":true') == 1
    call_command("verify_ledger", verbosity=0)
    call_command("verify_audit", verbosity=0)
    call_command("check_documents", verbosity=0)


def test_the_financiers_book_of_the_software_deal(scratch: str) -> None:
    """Rows of the financing table: fund, accrue 30 of 50 days, paid in full, reserve released and paid out."""
    entries = book(play("software-30-30-40"), "financier")["entries"]
    assert lines(entries[0]) == {
        ("1100", "120000.00"),
        ("2000", "-18000.00"),
        ("2100", "-1700.00"),
        ("2110", "-510.00"),
        ("1000", "-99790.00"),
    }
    assert lines(entries[1]) == {("2100", "1020.00"), ("2110", "306.00"), ("4000", "-1020.00"), ("4010", "-306.00")}
    moved = {code: Decimal(0) for code in ("1100", "2000", "2010", "2100", "2110", "4000", "4010")}
    for line in (line for entry in entries[2:] for line in entry["lines"]):
        code = line["account"].split()[0]
        if code in moved:
            moved[code] += Decimal(line["amount"])
    assert moved == {
        "1100": Decimal(-120000),
        "2000": Decimal(18000),
        "2010": Decimal(0),
        "2100": Decimal(680),
        "2110": Decimal(204),
        "4000": Decimal(-680),
        "4010": Decimal(-204),
    }


SAMPLE_BOOK = [
    {"days": 50, "gross": "102000.00", "discount": "1700.00", "fee": "510.00", "net": "99790.00"}
    | {"apr": "16.17", "xirr": "17.34", "expected_on": "2026-04-21", "stage": "post"},
    {"days": 90, "gross": "60000.00", "discount": "2700.00", "fee": "0.00", "net": "57300.00"}
    | {"apr": "19.11", "xirr": "20.53", "expected_on": "2026-05-31", "stage": "pre"},
    {"days": 180, "gross": "64000.00", "discount": "6400.00", "fee": "0.00", "net": "57600.00"}
    | {"apr": "22.53", "xirr": "23.82", "expected_on": "2026-08-29", "stage": "pre"},
]
"""The table of the financing guide, milestone by milestone."""
FUNDING = [
    {("1100", "120000.00"), ("2000", "-18000.00"), ("2100", "-1700.00"), ("2110", "-510.00"), ("1000", "-99790.00")},
    {("1150", "60000.00"), ("2100", "-2700.00"), ("1000", "-57300.00")},
    {("1150", "64000.00"), ("2100", "-6400.00"), ("1000", "-57600.00")},
]


def figures(priced: Any) -> Any:
    return {name: priced[name] for name in SAMPLE_BOOK[0]}


def test_the_sample_book_as_one_offer_to_the_cent(scratch: str) -> None:
    found = play("sample-book")
    (request,) = found["financing"]
    (offer,) = request["offers"]
    assert [figures(line) for line in offer["lines"]] == SAMPLE_BOOK
    whole = {name: offer[name] for name in ("face", "gross", "net", "reserve", "apr", "xirr", "unit_period")}
    assert whole == {
        "face": "400000.00",
        "gross": "226000.00",
        "net": "214690.00",
        "reserve": "174000.00",
        "apr": "19.72",
        "xirr": "21.40",
        "unit_period": "2 months",
    }
    assert [(row["state"], row["converted_on"], row["settled_on"]) for row in request["tranches"]] == [
        ("settled", None, "2026-04-21"),
        ("settled", "2026-05-01", "2026-05-31"),
        ("settled", "2026-07-30", "2026-08-29"),
    ]


def test_the_financiers_book_of_the_sample_book(scratch: str) -> None:
    """Fund A and B, convert on acceptance in full, paid in full: every row as the table writes it, and nothing left."""
    found = book(play("sample-book"), "financier")
    posted = [lines(entry) for entry in found["entries"]]
    assert posted[:3] == FUNDING
    assert {("1100", "120000.00"), ("1150", "-60000.00"), ("2000", "-60000.00")} in posted
    assert {("1100", "160000.00"), ("1150", "-64000.00"), ("2000", "-96000.00")} in posted
    left = {label.split()[0]: amount for label, amount in found["balances"].items()}
    assert {code: left[code] for code in ("1100", "1150", "2000", "2010", "2100", "2110")} == dict.fromkeys(
        ("1100", "1150", "2000", "2010", "2100", "2110"), "0.00"
    )
    assert (left["4000"], left["4010"]) == ("-10800.00", "-510.00")


def test_the_sample_book_milestone_by_milestone_to_the_cent(scratch: str) -> None:
    found = play("sample-book-single")
    offers = [offer for request in found["financing"] for offer in request["offers"]]
    assert [figures(offer["lines"][0]) for offer in offers] == SAMPLE_BOOK
    assert [(offer["net"], offer["apr"], offer["xirr"]) for offer in offers] == [
        (line["net"], line["apr"], line["xirr"]) for line in SAMPLE_BOOK
    ]
    entries = book(found, "financier")["entries"]
    assert [lines(entry) for entry in entries[:3]] == FUNDING
    assert lines(entries[3]) == {
        ("2100", "1020.00"),
        ("2110", "306.00"),
        ("4000", "-1020.00"),
        ("4010", "-306.00"),
    }


def test_two_plays_of_one_file_report_the_same(scratch: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(ROOT / "deals" / "software-30-30-40.yaml")
    call_command("play_deal", path, json=True)
    first = json.loads(capsys.readouterr().out)
    call_command("play_deal", path, json=True)
    assert json.loads(capsys.readouterr().out) == first


def test_an_event_that_is_refused_names_its_line_and_what_stood_before_stands(scratch: str) -> None:
    text = (ROOT / "deals" / "field-service-proposed.yaml").read_text()
    text += "  - {on: today-1, do: sign, plan: Monthly}\n  - {on: today-1, do: sign, plan: Upfront}\n"
    deal = read(text, today=TODAY)
    with pytest.raises(player.EventRefused) as refused:
        player.play(deal)
    assert str(refused.value).startswith(f"line {len(text.splitlines())}: sign: ")


def test_a_missing_file_is_a_plain_error() -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("play_deal", "no-such-deal.yaml")


def test_the_revenue_of_a_subscription_with_its_implementation(scratch: str) -> None:
    """The deposit is borne by what is promised; the days of May are counted when the month is closed."""
    found = play("subscription-with-implementation")["revenue"]
    price = {one["title"]: (one["measure"], one["allocated"], one["recognised"]) for one in found["obligations"]}
    assert {title: measure for title, (measure, *_sums) in price.items()} == {
        "Set-up": "point_in_time",
        "Go-live": "point_in_time",
        "Subscription": "over_time",
        "Subscription for 2,710 vehicles": "over_time",
    }
    for title in ("Set-up", "Go-live"):
        assert price[title][1] == price[title][2], "accepted, and so earned whole"
    # Until the change order of 17 May it bore 13,333.33 for 24 periods of 500.00: one month to 11 May, and 6 of the 31
    # days of the next. What is left, and what the order adds, is borne by the 903.23 of it and the 14,880.00 to come.
    earned = round(Decimal("13333.33") * Decimal("596.77") / 12000, 2)
    rest = Decimal("13333.33") - 10500 + 14880 - earned
    left = Decimal("903.23")
    share = round(rest * left / (left + 14880), 2)
    assert Decimal(price["Subscription"][1]) == earned + share
    days = round(share * (500 + 500 * Decimal(20) / 31 - Decimal("596.77")) / left, 2)
    assert Decimal(price["Subscription"][2]) == earned + days, "20 of those 31 days are over when May is closed"
    assert [(one["why"], one["on"]) for one in found["recognitions"]][-1] == ("period", "2026-05-31")
    assert Decimal(found["contract_asset"]) * Decimal(found["contract_liability"]) == 0

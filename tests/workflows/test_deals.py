"""The deals of the demo, played end to end through the real services, in committed transactions."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.workflows.deal_file import player
from apps.workflows.deal_file.read import read
from apps.workflows.deal_file.report import Report, plain, report

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 6, 15)


def play(name: str) -> Report:
    deal = read((ROOT / "deals" / f"{name}.yaml").read_text(), today=TODAY)
    (contract_ref,) = player.play(deal)
    return report(title=deal.title, contract_ref=contract_ref)


def book(found: Report, purpose: str) -> Any:
    return next(entry for entry in found["ledger"] if entry["book"] == purpose)


def lines(entry: Any) -> set[tuple[str, str]]:
    return {(line["account"].split()[0], line["amount"]) for line in entry["lines"]}


@pytest.mark.parametrize("path", sorted((ROOT / "deals").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_deal_plays_and_every_verifier_agrees(path: Path, scratch: str) -> None:
    found = play(path.stem)
    assert found["contract"]["signatures"]
    assert plain(found)
    call_command("verify_ledger", verbosity=0)
    call_command("verify_audit", verbosity=0)


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
    assert {name: offer[name] for name in ("days", "gross", "discount", "fee", "net", "reserve", "apr", "xirr")} == {
        "days": 50,
        "gross": "102000.00",
        "discount": "1700.00",
        "fee": "510.00",
        "net": "99790.00",
        "reserve": "18000.00",
        "apr": "16.17",
        "xirr": "17.34",
    }
    assert (request["state"], request["tranche"]["state"], request["tranche"]["outstanding"]) == (
        "accepted",
        "settled",
        "0.00",
    )


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


def test_two_plays_of_one_file_report_the_same(scratch: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(ROOT / "deals" / "software-30-30-40.yaml")
    call_command("play_deal", path, json=True)
    first = json.loads(capsys.readouterr().out)
    call_command("play_deal", path, json=True)
    assert json.loads(capsys.readouterr().out) == first


def test_an_event_that_is_refused_names_its_line_and_what_stood_before_stands(scratch: str) -> None:
    text = (ROOT / "deals" / "field-service-proposed.yaml").read_text()
    text += "  - {on: today-1, do: sign}\n  - {on: today-1, do: sign}\n"
    deal = read(text, today=TODAY)
    with pytest.raises(player.EventRefused) as refused:
        player.play(deal)
    assert str(refused.value).startswith(f"line {len(text.splitlines())}: sign: ")


def test_a_missing_file_is_a_plain_error() -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("play_deal", "no-such-deal.yaml")

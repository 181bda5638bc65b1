"""Every verb of a deal file is played by some deal; those that take back, decline and mend are played here."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.db.models import Sum

from apps.contracts.models import Comment, GuestGrant
from apps.financing.models import Facility
from apps.invoicing.models import Charge, Invoice
from apps.ledger.models import Line
from apps.milestones.models import Nullification
from apps.workflows.deal_file import player
from apps.workflows.deal_file.read import read
from apps.workflows.deal_file.report import report
from apps.workflows.deal_file.report_parts import Report
from apps.workflows.deal_file.verb_table import VERBS

TESTS = Path(__file__).resolve().parents[1]
HERE = TESTS / "workflows" / "deals"
"""Deals that tests alone play; those of the demo are all played by ``test_deals.py``."""


def play(name: str) -> Report:
    deal = read((HERE / f"{name}.yaml").read_text(encoding="utf-8"), today=date(2026, 6, 30))
    (ref,) = player.play(deal)
    found = report(title=deal.title, contract_ref=ref)
    for command in ("verify_audit", "verify_ledger"):
        call_command(command, verbosity=0)
    return found


def test_every_verb_is_played_by_some_deal() -> None:
    files = [*(TESTS.parent / "deals").glob("*.yaml"), *HERE.glob("*.yaml")]
    played = {event["do"] for file in files for event in yaml.safe_load(file.read_text(encoding="utf-8"))["events"]}
    assert sorted(set(VERBS) - played) == []


def test_every_deal_of_the_tests_is_played_by_one() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in TESTS.glob("workflows/test_*.py"))
    assert [file.name for file in HERE.glob("*.yaml") if not re.search(rf'"{file.stem}(\.yaml)?"', tests)] == []


def test_the_deal_of_second_thoughts(scratch: str) -> None:
    found = play("second-thoughts")
    assert (found["contract"]["price"], found["contract"]["version"]) == ("90000.00", 3)
    said = Comment.objects.using("owner").order_by("pk").values_list("side", "text")
    assert list(said)[:2] == [("buyer", "Does it open by hand too?"), ("seller", "With a crank.")]
    assert [(one["title"], one["state"]) for one in found["change_orders"]] == [
        ("Lamps", "declined"),
        ("Bell", "withdrawn"),
    ]
    assert [one["state"] for one in found["terminations"]] == ["withdrawn"]
    north = found["milestones"][0]
    assert [one["state"] for one in north["cycles"]] == ["withdrawn", "accepted"]
    assert [(one["title"], one["state"]) for one in found["reservations"]] == [
        ("Dent", "reduced"),
        ("Crack", "released"),
    ]
    assert [(one["about"], one["positions"], one["state"]) for one in found["disputes"]] == [
        ("Crack", 2, "rejected"),
        ("INV-2026-0002", 1, "withdrawn"),
    ]
    asked = Nullification.objects.using("owner").order_by("pk").values_list("asked_by", "state")
    assert list(asked) == [("buyer", "declined"), ("seller", "granted")]
    # Fifteen days late, and twenty: of both the third week has begun, 1 % of 30,000.00 each.
    charges = Charge.objects.using("owner").order_by("pk").values_list("state", "asked")
    assert list(charges) == [("claimed", Decimal(900)), ("waived", Decimal(900))]
    # 400.00 off and the 500.00 that were withheld due again; 5 % of each 30,000.00 kept back until the seller calls it.
    assert [(one["about"], one["credited"], one["retained"], one["open"]) for one in found["invoices"]] == [
        ("North gate", "476.00", "1500.00", "33724.00"),
        ("East gate", "35700.00", "0.00", "0.00"),
        ("Barrier", "0.00", "1500.00", "34200.00"),
        ("East gate (2)", "35700.00", "0.00", "0.00"),
        ("East gate (2)", "0.00", "1500.00", "34200.00"),
        ("Release of retention", "0.00", "0.00", "4500.00"),
    ]
    assert found["invoices"][2]["documents"] == {"Test report": "confirmed"}
    assert '"PO-2"' in Invoice.objects.using("owner").get(number="INV-2026-0001").snapshot
    assert [(one["allocated"], one["reversed"]) for one in found["payments"]] == [
        ("1000.00", "It was of another gate."),
        ("4500.00", "It was of another depot."),
    ]


def test_the_deal_applied_for_again(scratch: str) -> None:
    found = play("applied-for-again")
    assert [(one["state"], one["due"]) for one in found["applications"]][:3] == [
        ("withdrawn", "21800.00"),
        ("returned", "21800.00"),
        ("certified", "20710.00"),
    ]
    # 1,900.00 of 19,000.00 are retained; the 1,000.00 that were not certified stand in the next one.
    (invoice,) = found["invoices"]
    assert {name: invoice[name] for name in ("gross", "retained", "paid", "open")} == {
        "gross": "22610.00",
        "retained": "1900.00",
        "paid": "20710.00",
        "open": "0.00",
    }
    assert [line["claimed"] for line in found["applications"][3]["lines"]] == ["1000.00"]
    passed = GuestGrant.objects.using("owner").filter(passed_from__isnull=False).get()
    assert (passed.email, passed.used_at) == ("cy@betriebshof.example", None)
    assert passed.revoked_at is not None


def test_the_deal_of_money_astray(scratch: str) -> None:
    found = play("money-astray")
    withdrawn, declined, asked = found["financing"]
    assert (withdrawn["state"], declined["state"], asked["state"]) == ("withdrawn", "declined", "accepted")
    # 60,000.00 of 120,000.00 at 18 % for 60 days; before, at 24 %.
    trucks = [(offer["state"], offer["lines"][2]["discount"], offer["lines"][2]["net"]) for offer in asked["offers"]]
    assert trucks == [
        ("revoked", "1800.00", "58200.00"),
        ("declined", "2400.00", "57600.00"),
        ("accepted", "1800.00", "58200.00"),
    ]
    assert [(one["milestone"], one["state"]) for one in asked["tranches"]] == [
        ("Maps", "returned"),
        ("Cranes", "cancelled"),
        ("Trucks", "settled"),
    ]
    shared = [
        tuple(one[name] for name in ("amount", "to_advance", "to_seller", "to_buyer"))
        for one in asked["tranches"][2]["collections"]
    ]
    assert shared == [
        ("20000.00", "20000.00", "0.00", "0.00"),
        ("30000.00", "30000.00", "0.00", "0.00"),
        ("17000.00", "10000.00", "7000.00", "0.00"),
        ("-17000.00", "-10000.00", "-7000.00", "0.00"),
        ("71000.00", "10000.00", "60000.00", "1000.00"),
    ]
    # Of all that moved only the discount of the one advance is left: in cash, and as income.
    left = (
        Line.objects.using("owner")
        .filter(entry__book__purpose="financier")
        .values_list("account__code")
        .annotate(sum=Sum("amount"))
    )
    assert {code: amount for code, amount in left if amount} == {"1000": Decimal(1800), "4000": Decimal(-1800)}
    facility = Facility.objects.using("owner").get()
    assert (facility.limit, facility.closed_at is not None) == (Decimal(400000), True)


@pytest.mark.parametrize("name", ["order-withdrawn", "proposal-withdrawn"])
def test_what_is_withdrawn_before_it_is_signed_ends(scratch: str, name: str) -> None:
    found = play(name)
    assert (found["contract"]["state"], found["invoices"]) == ("withdrawn", [])
    assert not GuestGrant.objects.using("owner").filter(revoked_at__isnull=True).exists()

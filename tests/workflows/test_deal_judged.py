"""A deal whose revenue is judged, played from its file: what stands after every event can be read off."""

from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command

from apps.workflows.deal_file import player
from apps.workflows.deal_file.faults import DealFileRefused
from apps.workflows.deal_file.read import read
from apps.workflows.deal_file.report import plain, report

TEXT = Path(__file__).with_name("deals").joinpath("judged.yaml").read_text(encoding="utf-8")
TODAY = date(2026, 6, 30)


def test_the_deal_judged(scratch: str) -> None:
    deal = read(TEXT, today=TODAY)
    (ref,) = player.play(deal)
    found = report(title=deal.title, contract_ref=ref)
    revenue = found["revenue"]
    # 30,000 by 12,000 and 20,000, and the bonus of 1,500 alike: 11,812.50 and 19,687.50; of the second 40 % are done.
    # Of 1,000 paid a year later at 10 % 90.91 are interest, and no price; seven days of it are 1.74.
    stands = [(row["revenue"], row["contract_asset"], row["contract_liability"]) for row in revenue["balances"]]
    assert stands[:4] == [
        ("7875.00", "7875.00", "0.00"),
        ("19687.50", "9687.50", "0.00"),
        ("19651.14", "9651.14", "0.00"),
        ("19651.14", "9652.88", "0.00"),
    ]
    assert stands[-1][1:] == (revenue["contract_asset"], revenue["contract_liability"])
    assert revenue["balances"][1]["entries"] == ["Invoice INV-2026-0001", "Revenue of NL-2026-071"]
    # Caught up by the rule in April, and taken back when it was judged to be prospective.
    assert [one["periods"] for one in revenue["obligations"]] == [
        {"2026-03": "11812.50", "2026-04": "0.00"},
        {"2026-03": "7838.64", "2026-04": "0.00"},
    ]
    assert [one["counts"] for one in revenue["judgements"]] == ["0.00"] * 2 + ["1500.00", "0.00", "-90.91", "0.00"]
    assert [(one["treatment"], one["reason"]) for one in revenue["changes"]] == [("catch_up", "partly_done")]
    assert "2026-03 7838.64" in plain(found)
    for command in ("verify_audit", "verify_ledger"):
        call_command(command, verbosity=0)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("measure: cost_to_cost", "measure: over_time", "`over_time` is not one of point_in_time"),
        ("treatment: prospective", "treatment: later", "`later` is not one of separate"),
        ("outcomes: [{amount: 3000, percent: 60}", "outcomes: [{amount: 3000, per: 60}", "`percent` is missing"),
        ("    name: Bonus\n", "", "`name` is missing"),
        (", reason: Our list of prices", "", "`reason` is missing"),
        ("milestone: Survey, by: clara, amount", "milestone: Tower, by: clara, amount", "is not in the plan"),
    ],
)
def test_a_judgement_that_is_wrong_is_refused_before_anything_happens(before: str, after: str, message: str) -> None:
    assert before in TEXT
    with pytest.raises(DealFileRefused) as refused:
        read(TEXT.replace(before, after, 1), today=TODAY)
    assert message in str(refused.value)

"""A deal whose milestones are asked about, inspected, passed on and accepted by two, played from its file."""

from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command

from apps.workflows.deal_file import player
from apps.workflows.deal_file.faults import DealFileRefused
from apps.workflows.deal_file.read import read
from apps.workflows.deal_file.report import report

FILE = Path(__file__).with_name("deals") / "bridge-in-steps.yaml"
TODAY = date(2026, 6, 30)


def test_the_deal_of_steps(scratch: str) -> None:
    deal = read(FILE.read_text(encoding="utf-8"), today=TODAY)
    (ref,) = player.play(deal)
    found = report(title=deal.title, contract_ref=ref)
    steel, railing = found["milestones"]
    assert (steel["state"], railing["state"]) == ("accepted", "accepted")
    (cycle,) = steel["cycles"]
    assert cycle["outcome"] == "accepted"
    # From 6 to 14 May nine days of the review were lost; the answer came on the 20th, nine days follow it.
    (asked,) = cycle["questions"]
    assert (asked["by"], asked["stops_clock"], asked["due_after"][:16]) == ("Ines Ilg", True, "2026-05-29T21:59")
    assert [(one["by"], one["is_passed"]) for one in cycle["inspections"]] == [("Ines Ilg", False), ("Ines Ilg", True)]
    assert cycle["first_accepted_by"] == "Bea Berg"
    # Five days of its own; silence accepts what was built on what is accepted.
    (silent,) = railing["cycles"]
    assert (silent["outcome"], silent["review_due_at"][:16]) == ("deemed_accepted", "2026-06-06T21:59")
    assert [one["net"] for one in found["invoices"]] == ["60000.00", "40000.00"]
    call_command("verify_audit", verbosity=0)
    call_command("verify_ledger", verbosity=0)


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("colleague: nobody", "colleague: bea", "colleague"),
        ("question_suspensions: 4", "question_suspensions: 1", "at most 3"),
        ("review_days: 0", "review_days: 5", "at least 1"),
        ("cumulative: perhaps", "cumulative: yes", "not one of"),
    ],
)
def test_what_is_wrong_is_named(wrong: str, right: str, said: str) -> None:
    with pytest.raises(DealFileRefused, match=said):
        read(FILE.read_text(encoding="utf-8").replace(right, wrong), today=TODAY)

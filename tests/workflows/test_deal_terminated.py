"""A deal that ends before it is done, played from its file."""

import io
from datetime import date
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from apps.contracts.models import ContractDocument
from apps.milestones.models import SettlementPaper
from apps.workflows.deal_file import player
from apps.workflows.deal_file.faults import DealFileRefused
from apps.workflows.deal_file.read import read
from apps.workflows.deal_file.report import report
from apps.workflows.deal_file.report_text import plain

FILE = Path(__file__).with_name("deals") / "bridge-terminated.yaml"
TODAY = date(2026, 6, 30)


def test_the_terminated_deal(scratch: str) -> None:
    deal = read(FILE.read_text(encoding="utf-8"), today=TODAY)
    (ref,) = player.play(deal)
    found = report(title=deal.title, contract_ref=ref)
    assert found["contract"]["state"] == "terminated"
    assert [(one["amount"], one["state"]) for one in found["milestones"]] == [
        ("30000.00", "accepted"),
        ("40000.00", "cancelled"),
    ]
    assert [(one["net"], one["gross"]) for one in found["invoices"]] == [("30000.00", "35700.00")]
    withdrawn, settled = found["terminations"]
    assert (withdrawn["state"], settled["state"], settled["side"]) == ("withdrawn", "settled", "buyer")
    assert [(one["side"], one["valued"], one["state"]) for one in settled["settlements"]] == [
        ("seller", "45000.00", "withdrawn"),
        ("seller", "40000.00", "answered"),
        ("buyer", "30000.00", "signed"),
    ]
    assert "for cause, from 2026-05-31  settled" in plain(found)
    _every_paper_is_checked()


def _every_paper_is_checked() -> None:
    """Contract and settlement too: as they are printed they pass, and another byte is found."""
    out = io.StringIO()
    call_command("check_documents", stdout=out)
    papers = (SettlementPaper.objects.using("owner").get(), *ContractDocument.objects.using("owner"))
    assert f"{len(papers)} other papers: all as they were issued." in out.getvalue()
    for paper in papers[:2]:
        with default_storage.open(paper.stored_as) as stored:
            content = stored.read()
        default_storage.delete(paper.stored_as)
        default_storage.save(paper.stored_as, ContentFile(content + b"\n"))
        with pytest.raises(CommandError):
            call_command("check_documents", stdout=(out := io.StringIO()))
        assert f"{paper.ref}: the PDF is not what was stored" in out.getvalue()


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("ground: cause", "ground: whim", "not one of"),
        ("milestone: Steelwork, amount: 45000", "milestone: Deck, amount: 45000", "not in the plan"),
        ("amount: 45000", "amount: -1", "at least"),
        ("do: give_notice, by: olga", "do: give_notice", "`by` is missing"),
    ],
)
def test_what_is_wrong_is_named(right: str, wrong: str, said: str) -> None:
    with pytest.raises(DealFileRefused, match=said):
        read(FILE.read_text(encoding="utf-8").replace(right, wrong), today=TODAY)

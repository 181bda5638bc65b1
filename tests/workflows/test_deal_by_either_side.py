"""A deal in which each side does what is usually the other's, and takes it back, played from its file."""

from datetime import date
from pathlib import Path

from apps.contracts.models import GuestGrant
from apps.invoicing.models import InvoiceLink
from apps.milestones.models import Dispute, Nullification
from apps.workflows.deal_file import player
from apps.workflows.deal_file.read import read
from apps.workflows.deal_file.report import report

FILE = Path(__file__).with_name("deals") / "bridge-by-either-side.yaml"


def test_the_deal_by_either_side(scratch: str) -> None:
    deal = read(FILE.read_text(encoding="utf-8"), today=date(2026, 6, 30))
    (ref,) = player.play(deal)
    found = report(title=deal.title, contract_ref=ref)
    assert [(one["title"], one["net"], one["state"]) for one in found["change_orders"]] == [
        ("Lights", "5000.00", "unpriced"),
        ("Fewer lights", "4500.00", "signed"),
    ]
    assert found["contract"]["price"] == "104500.00"
    disputes = [(one["raised_by"], one["amount"], one["state"]) for one in found["disputes"]]
    assert disputes == [
        ("seller", "10000.00", "withdrawn"),
        ("buyer", "60000.00", "withdrawn"),
        ("buyer", "2000.00", "partly_upheld"),
    ]
    raised = Dispute.objects.using("owner").filter(contract__ref=ref).order_by("pk")
    days = list(raised.values_list("answer_days", flat=True))
    assert days == [5, 7, 3]
    parts = [(one["part"], one["on"], one["amount"], one["open"]) for one in found["retention"]["parts"]]
    assert parts == [(1, "2026-05-03", "2000.00", "2000.00"), (2, "2026-05-05", "1000.00", "0.00")]
    assert found["milestones"][0]["state"] == "accepted"
    asked = Nullification.objects.using("owner").filter(milestone__contract__ref=ref).order_by("pk")
    assert list(asked.values_list("asked_by", "state")) == [("seller", "withdrawn"), ("buyer", "withdrawn")]
    sent = GuestGrant.objects.using("owner").filter(contract__ref=ref, purpose="sign_contract").order_by("pk")
    assert [(link.revoked_at is None, link.used_at is None) for link in sent][:2] == [(False, True), (True, False)]
    pages = InvoiceLink.objects.using("owner").filter(invoice__contract__ref=ref).order_by("pk")
    assert [page.revoked_at is None for page in pages][:2] == [False, False]
    (notice,) = found["terminations"]
    assert [(one["side"], one["valued"], one["state"]) for one in notice["settlements"]] == [
        ("seller", "3000.00", "answered"),
        ("buyer", "1000.00", "withdrawn"),
    ]

"""A deal that is late, early and charged back, played from its file: every sum and every book is right."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from django.core.management import call_command

from apps.invoicing.models import Charge
from apps.workflows.deal_file import player
from apps.workflows.deal_file.read import read
from apps.workflows.deal_file.report import report

FILE = Path(__file__).with_name("deals") / "late-and-early.yaml"


def test_the_deal_late_and_early(scratch: str) -> None:
    deal = read(FILE.read_text(encoding="utf-8"), today=date(2026, 6, 30))
    (ref,) = player.play(deal)
    found = report(title=deal.title, contract_ref=ref)
    charges = Charge.objects.using("owner").order_by("pk").values_list("kind", "state", "asked", "net")
    # Ten days late after two of grace are two weeks that have begun; nineteen less two are three; forty days early.
    assert list(charges) == [
        ("damages", "standing", Decimal(100), Decimal(100)),
        ("bonus", "standing", Decimal(500), Decimal(500)),
        ("back_charge", "withdrawn", Decimal(250), Decimal(250)),
        ("damages", "withdrawn", Decimal(150), Decimal(150)),
    ]
    invoices = [(one["gross"], one["open"]) for one in found["invoices"]]
    assert invoices == [("11900.00", "0.00"), ("11900.00", "11900.00"), ("595.00", "595.00"), ("11900.00", "0.00")]
    notes = [one["gross"] for one in found["credit_notes"]]
    assert notes == ["100.00", "297.50", "-297.50", "150.00", "-150.00", "11900.00"]
    for command in ("verify_audit", "verify_ledger", "check_documents"):
        call_command(command, verbosity=0)

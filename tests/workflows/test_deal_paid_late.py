"""A deal that is paid late and too much, played from its file: reminders, a pause, refunds."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from django.core.management import call_command

from apps.contracts.models import ContractVersion
from apps.invoicing.models import Delivery
from apps.ledger.charts import Seller
from apps.ledger.models import Balance
from apps.workflows.deal_file import player
from apps.workflows.deal_file.read import read
from apps.workflows.deal_file.report import report

FILE = Path(__file__).with_name("deals") / "paid-late-and-too-much.yaml"


def test_the_deal_paid_late_and_too_much(scratch: str) -> None:
    deal = read(FILE.read_text(encoding="utf-8"), today=date(2026, 6, 30))
    (ref,) = player.play(deal)
    found = report(title=deal.title, contract_ref=ref)
    assert [(one["amount"], one["state"], one["paid_on"]) for one in found["refunds"]] == [
        ("300.00", "returned", "2026-04-23"),
        ("50.00", "withdrawn", None),
        ("310.00", "paid", "2026-04-28"),
    ]
    invoice, claim = found["invoices"]
    assert (invoice["gross"], invoice["open"]) == ("1190.00", "0.00")
    # Due on the 20th of March and paid on the 21st of April: 1190.00 at 10.27 % for 32 days, and the fee of 40.00.
    assert (claim["number"], claim["gross"], claim["open"]) == ("LPC-2026-0001", "50.71", "0.00")
    (note,) = found["credit_notes"]
    assert (note["gross"], note["tax"]) == ("10.00", "0.00")
    income = Balance.objects.using("owner").get(account__code=Seller.OTHER_INCOME)
    assert (income.amount, income.key) == (Decimal("-40.71"), f"contract:{ref}")
    call_command("check_documents", verbosity=0)
    reminders = Delivery.objects.using("owner").filter(reminder__gt=0).order_by("reminder")
    days = [(one.reminder, f"{one.requested_at:%m-%d}") for one in reminders]
    assert days == [(1, "03-25"), (2, "04-20")]
    version = ContractVersion.objects.using("owner").get(contract__ref=ref)
    assert version.late_terms is not None
    assert version.late_terms == deal.contract.late_payment
    call_command("verify_audit", verbosity=0)
    call_command("verify_ledger", verbosity=0)

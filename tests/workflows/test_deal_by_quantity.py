"""A deal with a line by quantity, accepted in parts and at last under reservations, played from its file."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from django.core.management import call_command

from apps.core import canonical
from apps.invoicing import documents, inspection, snapshot
from apps.invoicing.inspection import Stored
from apps.invoicing.models import Invoice
from apps.milestones.models import Decision
from apps.workflows.deal_file import player
from apps.workflows.deal_file.read import read
from apps.workflows.deal_file.report import plain, report
from tests.packed import assert_pack_holds

FILE = Path(__file__).with_name("deals") / "facade-by-quantity.yaml"
D = Decimal


def findings(text: str) -> list[str]:
    """What ``check_documents`` says of the document that is made of a snapshot: XML, schematron, page."""
    made = documents.made_of(text)
    kept = Stored(text, made.pdf, canonical.sha256(made.pdf), len(made.pdf), made.xml, "", 0, made.obstacle)
    return inspection.findings(replace(kept, xml_sha256=canonical.sha256(made.xml), xml_size=len(made.xml)))


def test_the_deal_by_quantity(scratch: str, tmp_path: Path) -> None:
    deal = read(FILE.read_text(encoding="utf-8"), today=date(2026, 6, 30))
    (ref,) = player.play(deal)
    found = report(title=deal.title, contract_ref=ref)
    assert_pack_holds(found["contract"]["number"], tmp_path)
    parts = [(one["amount"], one["quantity"]) for one in found["milestones"] if one["title"].startswith("Render")]
    # 299.9 m² at 33.3334 are 9,996.69; 133 m² are 4,433.34, of which 4,000.01 were accepted before.
    assert parts == [("4000.01", "120"), ("433.33", "13"), ("5563.35", "166.9")]
    invoices = list(Invoice.objects.using("owner").order_by("id"))
    lines = [snapshot.read(one.snapshot).lines[0] for one in invoices]
    stated = Decision.objects.using("owner").order_by("id").values_list("statement", flat=True)
    assert ["120 m², " in one for one in stated][:2] == [True, False], list(stated)
    # By itself the last part would be 5,563.34: so its price is that of the whole part (BT-149).
    assert [(one.quantity, one.unit_code, one.net_price, one.base_quantity) for one in lines] == [
        (D(120), "MTK", D("33.3334"), D(1)),
        (D(13), "MTK", D("33.3334"), D(1)),
        (D("166.9"), "MTK", D("5563.35"), D("166.9")),
    ]
    assert findings(invoices[-1].snapshot) == []
    # 449.99 withheld are 535.49 with tax; 238.00 released, 178.50 settled with 95.20 credited, 118.99 still withheld.
    last = found["invoices"][-1]
    assert (last["gross"], last["reserved"], last["credited"]) == ("6620.39", "118.99", "95.20")
    assert last["open"] == "6406.20"
    assert [(one["state"], one["gross"], one["reduced_by"]) for one in found["reservations"]] == [
        ("released", "238.00", None),
        ("reduced", "178.50", "80.00"),
        ("open", "118.99", None),
    ]
    assert "Corner bead" in plain(found)
    call_command("verify_audit", verbosity=0)
    call_command("verify_ledger", verbosity=0)

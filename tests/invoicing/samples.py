"""An invoice as a value, for tests that need no database."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from apps.contracts.exemptions import code_of
from apps.core import money
from apps.invoicing.snapshot import (
    Acceptance,
    Address,
    CreditTransfer,
    Deposit,
    ElectronicAddress,
    Line,
    Party,
    SemanticInvoice,
    TaxRow,
    Totals,
)

D = Decimal
NET = D("120000.00")
ZERO = D(0)
NINETEEN = D(19)


def sample(*, net: Decimal = NET, category: str = "AE", rate: Decimal = ZERO, **changes: Any) -> SemanticInvoice:
    """A German seller bills a Dutch buyer under reverse charge; ``changes`` replace fields."""
    # Outside the scope of tax no VAT numbers stand on an invoice.
    has_vat = category != "O"
    tax = money.half_up(net * rate / 100, changes.get("currency", "EUR"))
    fields: dict[str, Any] = {
        "kind": "milestone",
        "number": "INV-2026-0001",
        "issued_at": datetime(2026, 3, 2, 14, 5, 33, tzinfo=UTC),
        "issue_date": date(2026, 3, 2),
        "time_zone": "Europe/Berlin",
        "language": "en",
        "currency": "EUR",
        "due_date": date(2026, 4, 1),
        "payment_days": 30,
        "contract_number": "NL-2026-014",
        "contract_title": "Warehouse management system",
        "contract_version": 1,
        "contract_version_sha256": "ab" * 32,
        "governing_law": "German law",
        "order_number": "4500017",
        "seller": Party(
            "Nordlicht Software GmbH",
            Address("Speicherstraße 12", "20457", "Hamburg", "DE"),
            "DE136695976" if has_vat else "",
            "",
            "HRB 148801",
            "billing@nordlicht.example",
            ElectronicAddress("billing@nordlicht.example", "EM"),
        ),
        "buyer": Party(
            "Meridian Logistics B.V.",
            Address("Maasboulevard 100", "3011 TX", "Rotterdam", "NL"),
            "NL004495445B01" if has_vat else "",
            "",
            "KvK 24301122",
            "payables@meridian.example",
            ElectronicAddress("payables@meridian.example", "EM"),
        ),
        "payee": None,
        "credit_transfer": CreditTransfer(
            "Nordlicht Software GmbH", "DE89370400440532013000", "COBADEFFXXX", "", "", "Commerzbank"
        ),
        "acceptance": Acceptance(
            datetime(2026, 3, 2, 14, 5, 33, tzinfo=UTC),
            date(2026, 3, 2),
            "Mila de Vries",
            "Meridian Logistics B.V.",
            "k7f2m9q4x8h3n6pz",
            "3f2a8b1c9d0e4f5a" * 4,
        ),
        "lines": (Line("1", "Prototype", "Clickable on real master data.", D(1), "C62", net, net, category, rate),),
        "taxes": (TaxRow(net, tax, category, rate, code_of(category)),),
        "totals": Totals(net, net, tax, net + tax, net + tax),
    }
    return SemanticInvoice(**(fields | changes))


def deducting(*given: str, net: Decimal = NET, rate: Decimal = NINETEEN, **changes: Any) -> SemanticInvoice:
    """The same with German tax, giving back so much of deposits that were invoiced before, net of tax."""
    parts = [D(one) for one in given]
    whole = sample(net=net, category="S", rate=rate, **changes)
    rest = net - sum(parts, ZERO)
    tax = money.half_up(rest * rate / 100, whole.currency)
    deposits = tuple(
        Deposit(f"INV-2026-09{number:02}", date(2026, 1, number), part) for number, part in enumerate(parts, start=1)
    )
    lines = (
        Line(str(place), f"Deposit {one.number} of {one.issue_date.day} January 2026 deducted", "Advance", D(-1), "C62",
             one.net, -one.net, "S", rate)
        for place, one in enumerate(deposits, start=2)
    )  # fmt: skip
    return replace(
        whole,
        lines=(*whole.lines, *lines),
        deposits=deposits,
        taxes=(TaxRow(rest, tax, "S", rate, ""),),
        totals=Totals(rest, rest, tax, rest + tax, rest + tax),
    )

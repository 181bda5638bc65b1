"""Reading a snapshot back from its canonical text."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apps.contracts.rules import read_release
from apps.core import canonical
from apps.invoicing.snapshot.causes import Acceptance, Application, Instalment
from apps.invoicing.snapshot.kept_back import Reserved, ReservedItem, Retained, RetainedKind
from apps.invoicing.snapshot.model import (
    VERSION,
    Corrects,
    Deposit,
    Line,
    Preceding,
    Replaces,
    SemanticInvoice,
    TaxRow,
    Totals,
)
from apps.invoicing.snapshot.sides import Address, Brand, CreditTransfer, ElectronicAddress, Party, Payee

NUMBERS_OF_A_LINE = ("quantity", "net_price", "net", "tax_rate", "base_quantity")


def read(text: str) -> SemanticInvoice:
    """The invoice that a canonical text says."""
    said = canonical.read(text)
    if said["version"] != VERSION:
        raise ValueError(f"a snapshot of the version {said['version']} cannot be read")
    return SemanticInvoice(
        **{
            **said,
            "issued_at": datetime.fromisoformat(said["issued_at"]),
            "issue_date": date.fromisoformat(said["issue_date"]),
            "due_date": date.fromisoformat(said["due_date"]),
            "seller": read_party(said["seller"]),
            "buyer": read_party(said["buyer"]),
            "payee": Payee(**said["payee"]) if said["payee"] else None,
            "credit_transfer": CreditTransfer(**said["credit_transfer"]) if said["credit_transfer"] else None,
            "acceptance": _acceptance(said["acceptance"]),
            "instalment": _instalment(said.get("instalment")),
            "application": _application(said.get("application")),
            "lines": tuple(
                Line(**_decimals({"base_quantity": "1", **line}, *NUMBERS_OF_A_LINE)) for line in said["lines"]
            ),
            "taxes": _taxes(said["taxes"]),
            "retained": _retained(said.get("retained")),
            "reserved": _reserved(said.get("reserved")),
            "totals": Totals(**_decimals(said["totals"], "lines", "net", "tax", "gross", "due")),
            "documents": tuple(said.get("documents", ())),
            "preceding": _preceding(said.get("preceding")),
            "corrects": _corrects(said.get("corrects")),
            "replaces": _replaces(said.get("replaces")),
            "deposits": tuple(
                Deposit(one["number"], date.fromisoformat(one["issue_date"]), Decimal(one["net"]))
                for one in said.get("deposits", ())
            ),
        }
    )


def _taxes(rows: list[dict[str, Any]]) -> tuple[TaxRow, ...]:
    return tuple(TaxRow(**_decimals(row, "taxable", "tax", "rate")) for row in rows)


def _preceding(said: dict[str, Any] | None) -> Preceding | None:
    if said is None:
        return None
    return Preceding(
        **{
            **said,
            "issue_date": date.fromisoformat(said["issue_date"]),
            "credited": _taxes(said["credited"]),
            "kept_until": date.fromisoformat(until) if (until := said.get("kept_until")) else None,
        }
    )


def _corrects(said: dict[str, Any] | None) -> Corrects | None:
    """Only corrected invoices say what they correct."""
    if said is None:
        return None
    changes = tuple((before, after) for before, after in said["changes"])
    left = said.get("open")
    return Corrects(
        number=said["number"],
        issue_date=date.fromisoformat(said["issue_date"]),
        reason=said["reason"],
        changes=changes,
        open=Decimal(left) if left is not None else None,
        payee=said.get("payee", ""),
    )


def _replaces(said: dict[str, Any] | None) -> Replaces | None:
    """Only what is issued anew says what it replaces."""
    return None if said is None else Replaces(**{**said, "issue_date": date.fromisoformat(said["issue_date"])})


def credit_transfer_of(text: str) -> CreditTransfer | None:
    """Where the document of a snapshot asks to be paid, an invoice or a statement of retention."""
    transfer = canonical.read(text)["credit_transfer"]
    return CreditTransfer(**transfer) if transfer else None


def remittance_of(text: str) -> str:
    """By what a payment on the document of a snapshot is recognised, an invoice or a statement of retention."""
    said = canonical.read(text)
    return str(said.get("payment_reference") or said["number"])


def sides_of(text: str) -> tuple[Party, Party]:
    """Seller and buyer as the document of a snapshot names them."""
    said = canonical.read(text)
    return read_party(said["seller"]), read_party(said["buyer"])


def _retained(said: dict[str, Any] | None) -> Retained | None:
    if said is None:
        return None
    kinds = (
        RetainedKind(one["name"], Decimal(one["withheld"]), tuple(map(read_release, one["releases"])))
        for one in said.get("kinds", ())
    )
    return Retained(
        Decimal(said["withheld"]), Decimal(said["due"]), tuple(map(read_release, said["releases"])), tuple(kinds)
    )


def _reserved(said: dict[str, Any] | None) -> Reserved | None:
    """Invoices from before there were reservations say nothing of them."""
    if said is None:
        return None
    items = (
        ReservedItem(one["title"], date.fromisoformat(one["due_on"]), Decimal(one["amount"])) for one in said["items"]
    )
    return Reserved(Decimal(said["withheld"]), tuple(items))


def _acceptance(said: dict[str, Any] | None) -> Acceptance | None:
    if said is None:
        return None
    return Acceptance(
        **{
            **said,
            "accepted_at": datetime.fromisoformat(said["accepted_at"]),
            "accepted_on": date.fromisoformat(said["accepted_on"]),
            "part_of": Decimal(said["part_of"]) if said.get("part_of") else None,
        }
    )


def _instalment(said: dict[str, Any] | None) -> Instalment | None:
    """Invoices from before there were instalments say nothing of one."""
    if said is None:
        return None
    last = date.fromisoformat(said["last"]) if said["last"] else None
    return Instalment(**{**said, "first": date.fromisoformat(said["first"]), "last": last})


def _application(said: dict[str, Any] | None) -> Application | None:
    """Invoices from before there were applications for payment say nothing of one."""
    if said is None:
        return None
    days = {name: date.fromisoformat(said[name]) for name in ("first", "last", "certified_on")}
    return Application(**{**said, **days})


def read_party(said: dict[str, Any]) -> Party:
    """A party, from a canonical text."""
    electronic = said["electronic_address"]
    return Party(
        **{
            **said,
            "address": Address(**said["address"]),
            "electronic_address": ElectronicAddress(**electronic) if electronic else None,
            # Papers from before there were brands say nothing of one.
            "brand": Brand(**said["brand"]) if said.get("brand") else None,
        }
    )


def _decimals(said: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**said, **{name: Decimal(said[name]) for name in names}}

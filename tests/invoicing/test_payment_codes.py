"""Codes to pay: what they say, where there is none, and that the page and the XML carry the same reference."""

import io
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from stdnum import iso11649

from apps.core import canonical, qr
from apps.invoicing import documents, paying, rules, snapshot
from apps.invoicing.einvoice import reading
from apps.invoicing.page import shown_reference
from apps.invoicing.rules import Place
from apps.invoicing.snapshot import Address, CreditTransfer, Payee, SemanticInvoice
from tests.invoicing.samples import sample

D = Decimal
GERMAN, SWISS = "DE89370400440532013000", "CH9300762011623852957"
ZURICH = Place("Alpen AG", "Bahnhofstrasse 7a", "8001", "Zürich", "CH")
VADUZ = Place("Rhein Anstalt", "Städtle", "9490", "Vaduz", "LI")
BERLIN = Place("Spree GmbH", "Ufer 1", "10115", "Berlin", "DE")


def _code(**changes: Any) -> rules.PaymentCode | None:
    said: dict[str, Any] = {
        "holder": "Nordlicht Software GmbH",
        "iban": GERMAN,
        "bic": "COBADEFFXXX",
        "amount": D("1234.5"),
        "currency": "EUR",
        "reference": "RF16INV20260001",
        "creditor": ZURICH,
        "debtor": BERLIN,
    }
    return rules.payment_code(**(said | changes))


def _payload(**changes: Any) -> list[str]:
    found = _code(**changes)
    assert found is not None
    return found.payload.split("\n")


@given(st.text("ABINRZ0189/-", min_size=1, max_size=16).filter(lambda number: number.strip("/-")))
def test_every_number_has_a_valid_reference(number: str) -> None:
    assert iso11649.is_valid(rules.payment_reference(number, iban=GERMAN))
    assert rules.payment_reference(number, iban="") == number


def test_a_sepa_code_says_the_transfer() -> None:
    assert _payload() == [
        *("BCD", "002", "1", "SCT", "COBADEFFXXX", "Nordlicht Software GmbH", GERMAN, "EUR1234.50"),
        *("", "RF16INV20260001"),
    ]


def test_a_swiss_code_says_the_bill() -> None:
    assert _payload(iban=SWISS, currency="CHF", holder="Alpen AG", debtor=VADUZ) == [
        *("SPC", "0200", "1", SWISS),
        *("S", "Alpen AG", "Bahnhofstrasse", "7a", "8001", "Zürich", "CH"),
        *("",) * 7,
        *("1234.50", "CHF"),
        *("S", "Rhein Anstalt", "Städtle", "", "9490", "Vaduz", "LI"),
        *("SCOR", "RF16INV20260001", "", "EPD"),
    ]


@pytest.mark.parametrize(
    ("changes", "standard"),
    [
        ({"iban": SWISS, "debtor": ZURICH}, rules.SWISS),
        ({"iban": SWISS, "debtor": BERLIN}, "epc"),
        ({"iban": SWISS, "debtor": BERLIN, "currency": "CHF"}, rules.SWISS),
        ({"iban": SWISS, "debtor": ZURICH, "creditor": None}, "epc"),
        ({"iban": SWISS, "debtor": ZURICH, "creditor": None, "bic": ""}, None),
        ({"bic": ""}, "epc"),
        ({"iban": SWISS, "currency": "CHF", "creditor": None}, None),
        ({"iban": SWISS, "currency": "CHF", "creditor": replace(ZURICH, post_code="")}, None),
        ({"iban": SWISS, "currency": "CHF", "creditor": replace(ZURICH, city="Z" * 36)}, None),
        ({"iban": SWISS, "currency": "CHF", "holder": "Αθήνα"}, None),
        ({"iban": "CH4431999123000889012", "currency": "CHF"}, None),
        ({"iban": SWISS, "currency": "USD"}, None),
        ({"currency": "CHF"}, None),
        ({"currency": "USD"}, None),
        ({"iban": ""}, None),
        ({"iban": "TR330006100519786457841326"}, None),
        ({"amount": D(0)}, None),
        ({"amount": D("1.005")}, None),
        ({"amount": D("1000000000")}, None),
        ({"holder": " \n "}, None),
    ],
)
def test_a_code_is_whole_or_not_there(changes: dict[str, Any], standard: str | None) -> None:
    found = _code(**changes)
    assert (found.standard if found is not None else None) == standard


def test_a_debtor_that_a_swiss_code_cannot_bear_is_left_out() -> None:
    parts = _payload(iban=SWISS, currency="CHF", debtor=replace(VADUZ, name="Ωμέγα"))
    assert parts[20:27] == [""] * 7
    assert parts[27] == "SCOR"


@given(st.text(max_size=200), st.decimals(min_value="0.01", max_value="999999999.99", places=2))
def test_no_name_breaks_a_code(name: str, amount: Decimal) -> None:
    for iban, currency in ((GERMAN, "EUR"), (SWISS, "CHF")):
        found = _code(holder=name, iban=iban, amount=amount, currency=currency)
        if found is None:
            continue
        lines = found.payload.split("\n")
        assert len(lines) == (10 if currency == "EUR" else 31)
        assert len(found.payload.encode()) <= (331 if currency == "EUR" else 997 * 2)
        assert not any(sign in found.payload for sign in "\r\x85\u2028")


def test_the_drawing_is_the_code() -> None:
    found = _code()
    assert found is not None
    drawn = qr.drawing(found.payload)
    code = segno.make_qr(found.payload, error="m", boost_error=False, encoding="utf-8")
    dark = {
        (int(x) + step, int(y))
        for x, y, length in (
            (*run.split("h")[0].split(), run.split("h")[1].split("v")[0]) for run in drawn.path.split("M")[1:]
        )
        for step in range(int(length))
    }
    assert dark == {
        (x + qr.QUIET, y + qr.QUIET) for y, row in enumerate(code.matrix) for x, module in enumerate(row) if module
    }
    assert int(code.version) <= 13


def _issued(**changes: Any) -> SemanticInvoice:
    return replace(sample(**changes), payment_reference="RF16INV20260001")


def test_a_code_pays_whom_the_document_says() -> None:
    financed = _issued(
        payee=Payee("Kontor Finanz"),
        credit_transfer=CreditTransfer("Kontor Finanz", "NL91ABNA0417164300", "", "", "", ""),
    )
    found = paying.code_of(financed)
    assert found is not None
    assert found.payload.split("\n")[5:7] == ["Kontor Finanz", "NL91ABNA0417164300"]
    assert paying.code_of(replace(financed, credit_transfer=None)) is None


def test_what_was_issued_before_stays_as_it_was() -> None:
    said = canonical.read(snapshot.write(sample()))
    del said["payment_reference"]
    old = snapshot.read(canonical.text(said))
    assert paying.code_of(old) is None
    assert old.remittance == "INV-2026-0001"
    assert b"ram:PaymentReference>INV-2026-0001<" in documents.made_of(canonical.text(said)).xml


def _figures(element: Any) -> Iterator[str]:
    """The alternative texts of the figures below an element of the structure tree."""
    if element.get("/S") == "/Figure":
        yield str(element.get("/Alt", ""))
    below = element.get("/K", [])
    for one in below if isinstance(below, list) else [below]:
        child = one.get_object()
        if isinstance(child, dict) and "/K" in child:
            yield from _figures(child)


@pytest.mark.parametrize("is_swiss", [False, True])
def test_page_and_xml_carry_reference_and_code(is_swiss: bool) -> None:
    invoice = _issued()
    if is_swiss:
        seller = replace(invoice.seller, address=Address("Bahnhofstrasse 7a", "8001", "Zürich", "CH"))
        account = CreditTransfer("Nordlicht Software GmbH", SWISS, "", "", "", "")
        invoice = replace(invoice, currency="CHF", seller=seller, credit_transfer=account)
    made = documents.made_of(snapshot.write(invoice))
    assert reading.read(made.xml).remittance == "RF16INV20260001"
    file = PdfReader(io.BytesIO(made.pdf))
    text = " ".join(" ".join(page.extract_text().split()) for page in file.pages)
    assert shown_reference("RF16INV20260001").replace("\xa0", " ") in text
    root: Any = file.trailer["/Root"]
    told = list(_figures(root["/StructTreeRoot"]))
    amount = "120,000.00\xa0CHF" if is_swiss else "120,000.00\xa0EUR"
    assert told == [f"QR code to pay {amount} to Nordlicht Software GmbH; all that it contains stands beside it"]

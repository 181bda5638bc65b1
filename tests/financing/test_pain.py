"""The file for the bank holds against the schema of ISO 20022, and carries only what every bank can read."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sepaxml
from lxml import etree

from apps.financing.rules.pain import NAMESPACE, Party, Transfer, credit_transfer, latin

SCHEMA = etree.XMLSchema(file=str(Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.09.xsd"))
PATHS = {"p": NAMESPACE}


def written(*transfers: Transfer, currency: str = "EUR", bic: str = "") -> "etree._Element":
    text = credit_transfer(
        message="k7f2m9x4q3w8r5t6",
        at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        execute_on=date(2026, 3, 3),
        debtor=Party(name="Kontor Capital GmbH", iban="DE02120300000000202051", bic=bic),
        transfers=transfers,
        currency=currency,
    )
    return etree.fromstring(text.encode())


def payment(amount: str = "99790.00", *, name: str = "Nordlicht Software GmbH", bic: str = "") -> Transfer:
    return Transfer(
        end_to_end="a2b3c4d5e6f7g2h3",
        amount=Decimal(amount),
        to=Party(name=name, iban="DE89370400440532013000", bic=bic),
        remittance="2026-0001 k7f2m9x4",
    )


@pytest.mark.parametrize("bic", ["", "BYLADEM1001"])
@pytest.mark.parametrize(("currency", "amount", "shown"), [("EUR", "99790.00", "99790.00"), ("JPY", "5000", "5000")])
def test_the_file_is_valid_and_says_its_sums_twice(bic: str, currency: str, amount: str, shown: str) -> None:
    document = written(payment(amount, bic=bic), payment(amount), currency=currency, bic=bic)
    SCHEMA.assertValid(document)

    def found(path: str) -> list[str]:
        return [str(one.text) for one in document.iterfind(path, PATHS)]

    total = f"{Decimal(shown) * 2:f}"
    assert found(".//p:CtrlSum") == [total, total]
    assert found(".//p:NbOfTxs") == ["2", "2"]
    assert found(".//p:InstdAmt") == [shown, shown]
    assert found(".//p:SvcLvl/p:Cd") == (["SEPA"] if currency == "EUR" else [])
    assert found(".//p:ReqdExctnDt/p:Dt") == ["2026-03-03"]


def test_a_name_of_any_letters_makes_a_valid_file() -> None:
    SCHEMA.assertValid(written(payment(name="Łódź & Sønner <Größe> 北京 //" * 9)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Müller & Söhne GmbH", "Mueller + Soehne GmbH"),
        ("Łódź Straße", "Lodz Strasse"),
        ("  a\n\tb//c/ ", "a b/c"),
        ("北京", ".."),
        ("", "."),
        ("x" * 80, "x" * 70),
    ],
)
def test_texts_are_written_in_letters_that_every_bank_takes(text: str, expected: str) -> None:
    assert latin(text, most=70) == expected

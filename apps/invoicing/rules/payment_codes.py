"""What a QR code to pay says, so that a banking app fills in the whole transfer: for SEPA, and for Switzerland.

Sources: EPC069-12 (Quick Response Code: Guidelines to Enable Data Capture for the Initiation of an SCT, European
Payments Council), version 002 of its data; EPC409-09 (countries of the SEPA schemes); Swiss Implementation Guidelines
for the QR-bill 2.3 (SIX), data of version 0200 with structured addresses; ISO 11649 for the reference.

A code is shown whole or not at all: where a rule of its standard cannot be kept there is none, and no half of one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from apps.core import money
from apps.invoicing.rules.references import creditor_reference

EPC, SWISS = "epc", "swiss"
LONGEST_EPC: Final = 331
"""Bytes of an EPC code at the most, so that it fits version 13 of the QR code at error correction M."""
LONGEST_SWISS: Final = 997
LONGEST_NAME: Final = 70
_MOST_EPC: Final = Decimal("999999999.99")
_MOST_SWISS: Final = Decimal("999999999.99")
_SWISS_COUNTRIES: Final = frozenset({"CH", "LI"})
_SWISS_CURRENCIES: Final = frozenset({"CHF", "EUR"})
_QR_IBANS: Final = range(30_000, 32_000)
"""Bank numbers in accounts (QR-IBAN) that take another sort of reference than ISO 11649."""
_SEPA: Final = (
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE"
    " SI SK SM VA"
)
_IN_SEPA: Final = frozenset(_SEPA.split())
_BY_BIC_TOO: Final = frozenset({"AD", "AL", "CH", "GB", "GI", "MC", "MD", "ME", "MK", "RS", "SM", "VA"})
"""Countries of SEPA outside the European Economic Area: a code for an account there names its bank (EPC069-12)."""
_SWISS_SIGNS: Final = re.compile(r"[\x20-\x7e\xa0-\u017f\u0218-\u021b\u20ac]*")
_HOUSE: Final = re.compile(r"(?P<street>.*\S)[ ,]+(?P<house>[0-9]{1,5} ?[A-Za-z]?([-/][0-9]{1,4} ?[A-Za-z]?)?)")
_LONGEST_HOUSE, _LONGEST_POST_CODE, _LONGEST_TOWN = 16, 16, 35


@dataclass(frozen=True, slots=True)
class Place:
    """Who and where: the creditor or the debtor of a Swiss code."""

    name: str
    street: str
    post_code: str
    city: str
    country: str


@dataclass(frozen=True, slots=True)
class PaymentCode:
    """The text in a QR code, by which standard it is written, and what it asks for."""

    standard: str
    payload: str
    amount: Decimal
    currency: str


def payment_reference(number: str, *, iban: str) -> str:
    """By what a payment is recognised (BT-83): the structured reference where an IBAN is paid, which is where banks
    carry and check it; elsewhere the number of the invoice, which every payer can type."""
    return creditor_reference(number) if iban else number


def payment_code(
    *,
    holder: str,
    iban: str,
    bic: str,
    amount: Decimal,
    currency: str,
    reference: str,
    creditor: Place | None,
    debtor: Place | None,
) -> PaymentCode | None:
    """The code by which this amount is paid into this account, or None where no standard has one for it.

    ``creditor`` is the holder's address, None where it is not known. A Swiss or Liechtenstein account in francs gets
    the Swiss code, and in euros too, unless the debtor is elsewhere: there apps read the EPC code alone.
    """
    if not iban or amount <= 0 or not money.is_exact(amount, currency):
        return None
    is_swiss = iban[:2] in _SWISS_COUNTRIES and currency in _SWISS_CURRENCIES
    is_read_there = currency == "CHF" or debtor is None or debtor.country in _SWISS_COUNTRIES
    payload = None
    if is_swiss and is_read_there and creditor is not None:
        payload = _swiss(
            _address(holder, creditor),
            _address(debtor.name, debtor) if debtor is not None else None,
            iban=iban,
            amount=amount,
            currency=currency,
            reference=reference,
        )
    if payload is not None:
        return PaymentCode(SWISS, payload, amount, currency)
    payload = _epc(holder, iban, bic, amount, reference) if currency == "EUR" else None
    return PaymentCode(EPC, payload, amount, currency) if payload is not None else None


def _epc(holder: str, iban: str, bic: str, amount: Decimal, reference: str) -> str | None:
    """Service tag, version, UTF-8, SEPA credit transfer, bank, name, account, amount, purpose, structured reference."""
    name = _line(holder)[:LONGEST_NAME].rstrip()
    if iban[:2] not in _IN_SEPA or not name or amount > _MOST_EPC:
        return None
    if not bic and iban[:2] in _BY_BIC_TOO:
        return None
    payload = "\n".join(("BCD", "002", "1", "SCT", bic, name, iban, f"EUR{amount:.2f}", "", reference))
    return payload if len(payload.encode()) <= LONGEST_EPC else None


def _swiss(
    of_creditor: tuple[str, ...] | None,
    of_debtor: tuple[str, ...] | None,
    *,
    iban: str,
    amount: Decimal,
    currency: str,
    reference: str,
) -> str | None:
    """Header, account, creditor, nobody beyond it, amount, debtor, structured reference, no message, end."""
    if of_creditor is None or amount > _MOST_SWISS or int(iban[4:9]) in _QR_IBANS:
        return None
    parts: Sequence[str] = (
        *("SPC", "0200", "1", iban, *of_creditor),
        *("",) * 7,
        *(f"{amount:.2f}", currency),
        # A debtor whose address the code cannot bear is left out: the bank knows who pays.
        *(of_debtor or ("",) * 7),
        *("SCOR", reference, "", "EPD"),
    )
    payload = "\n".join(parts)
    return payload if len(payload) <= LONGEST_SWISS else None


def _address(name: str, place: Place) -> tuple[str, ...] | None:
    """A structured address: sort, name, street, house number, post code, town, country."""
    street, house = _line(place.street), ""
    split = _HOUSE.fullmatch(street)
    if split is not None and len(split["house"]) <= _LONGEST_HOUSE:
        street, house = split["street"].rstrip(","), split["house"]
    post_code, city = _line(place.post_code), _line(place.city)
    said = ("S", _line(name)[:LONGEST_NAME].rstrip(), street, house, post_code, city, place.country)
    fits = len(street) <= LONGEST_NAME and len(post_code) <= _LONGEST_POST_CODE and len(city) <= _LONGEST_TOWN
    is_whole = all((said[1], post_code, city, place.country))
    return said if fits and is_whole and all(_SWISS_SIGNS.fullmatch(part) for part in said) else None


def _line(text: str) -> str:
    """In one line: a line break would begin the next field."""
    return " ".join(text.split())

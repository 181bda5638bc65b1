"""A customer credit transfer as banks read it: ISO 20022, pain.001.001.09, as the European Payments Council uses it.

Only characters of the Latin set that every SEPA bank takes are written (EPC217-08); others are replaced.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from lxml import etree

from apps.core import money

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
ALLOWED: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
LONGEST_NAME: Final = 70
LONGEST_REMITTANCE: Final = 140
LETTERS: Final = {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "œ": "oe"}
SPELT: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "&": "+", "_": "-", "–": "-"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Whose account it is. A bank is known by the IBAN; ``bic`` may be empty."""

    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One payment. ``end_to_end`` comes back with it on every statement."""

    end_to_end: str
    amount: Decimal
    to: Party
    remittance: str


def latin(text: str, *, most: int) -> str:
    """The text in the characters that every bank takes, cut where it would be too long; never empty."""
    written = []
    for sign in unicodedata.normalize("NFC", text):
        plain = SPELT.get(sign) or LETTERS.get(sign) or unicodedata.normalize("NFKD", sign)
        written.append("".join(one for one in plain if one in ALLOWED) or ("." if not sign.isspace() else " "))
    # No slash at an edge and no two of them: the rulebook keeps them for itself.
    one_line = " ".join("".join(written).replace("//", "/").split()).strip("/ ")
    return one_line[:most].rstrip("/ ") or "."


def credit_transfer(
    *, message: str, at: datetime, execute_on: date, debtor: Party, transfers: Sequence[Transfer], currency: str
) -> str:
    """The file. Sums and counts stand in its head twice, so a bank finds a damaged one."""
    count, total = str(len(transfers)), _amount(money.total(one.amount for one in transfers), currency)
    document = etree.fromstring(f'<Document xmlns="{NAMESPACE}"/>')
    root = _add(document, "CstmrCdtTrfInitn")
    head = _add(root, "GrpHdr")
    _add(head, "MsgId", message)
    _add(head, "CreDtTm", at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    _add(head, "NbOfTxs", count)
    _add(head, "CtrlSum", total)
    _add(_add(head, "InitgPty"), "Nm", latin(debtor.name, most=LONGEST_NAME))
    batch = _add(root, "PmtInf")
    _add(batch, "PmtInfId", message)
    _add(batch, "PmtMtd", "TRF")
    _add(batch, "BtchBookg", "false")
    _add(batch, "NbOfTxs", count)
    _add(batch, "CtrlSum", total)
    if currency == "EUR":
        _add(_add(_add(batch, "PmtTpInf"), "SvcLvl"), "Cd", "SEPA")
    _add(_add(batch, "ReqdExctnDt"), "Dt", execute_on.isoformat())
    _add(_add(batch, "Dbtr"), "Nm", latin(debtor.name, most=LONGEST_NAME))
    account = _add(batch, "DbtrAcct")
    _add(_add(account, "Id"), "IBAN", debtor.iban)
    _add(account, "Ccy", currency)
    _bank(_add(batch, "DbtrAgt"), debtor.bic)
    _add(batch, "ChrgBr", "SLEV")
    for one in transfers:
        _transfer(batch, one, currency=currency)
    xml: bytes = etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return xml.decode()


def _transfer(batch: "etree._Element", one: Transfer, *, currency: str) -> None:
    entry = _add(batch, "CdtTrfTxInf")
    _add(_add(entry, "PmtId"), "EndToEndId", one.end_to_end)
    amount = _add(_add(entry, "Amt"), "InstdAmt", _amount(one.amount, currency))
    amount.set("Ccy", currency)
    if one.to.bic:
        _bank(_add(entry, "CdtrAgt"), one.to.bic)
    _add(_add(entry, "Cdtr"), "Nm", latin(one.to.name, most=LONGEST_NAME))
    _add(_add(_add(entry, "CdtrAcct"), "Id"), "IBAN", one.to.iban)
    _add(_add(entry, "RmtInf"), "Ustrd", latin(one.remittance, most=LONGEST_REMITTANCE))


def _bank(agent: "etree._Element", bic: str) -> None:
    bank = _add(agent, "FinInstnId")
    if bic:
        _add(bank, "BICFI", bic)
    else:
        _add(_add(bank, "Othr"), "Id", "NOTPROVIDED")


def _amount(amount: Decimal, currency: str) -> str:
    return f"{money.half_up(amount, currency):f}"


def _add(parent: "etree._Element", name: str, text: str = "") -> "etree._Element":
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    if text:
        child.text = text
    return child

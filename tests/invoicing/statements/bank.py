"""A bank for tests: it keeps a ledger, and writes its statements as camt.053, MT940 or CSV. Its writers are by another
hand than the readers of the product: they know only the formats."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

IBAN = "DE89370400440532013000"
OPENING = Decimal("1000.00")


@dataclass(frozen=True)
class Booking:
    """One movement of the account; ``amount`` is negative for money out."""

    on: date
    amount: Decimal
    text: str = ""
    payer: str = "MERIDIAN LOGISTIK AG"
    payer_iban: str = "DE02120300000000202051"
    reference: str = ""
    end_to_end: str = ""
    structured: str = ""


@dataclass
class Bank:
    """The account from its opening on, in the order of the days."""

    bookings: list[Booking] = field(default_factory=list)
    iban: str = IBAN
    currency: str = "EUR"

    def between(self, first: date, last: date) -> "tuple[Decimal, list[Booking], Decimal]":
        """Opening balance, bookings and closing balance of some days."""
        before = sum((one.amount for one in self.bookings if one.on < first), start=OPENING)
        inside = [one for one in self.bookings if first <= one.on <= last]
        return before, inside, before + sum((one.amount for one in inside), start=Decimal(0))


def camt(bank: Bank, first: date, last: date, *, version: str = "08", number: str = "7") -> bytes:
    """One statement in the message camt.053 of ISO 20022."""
    opening, bookings, closing = bank.between(first, last)
    entries = "".join(_entry(one, bank.currency, version=version) for one in bookings)
    space = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{space}"><BkToCstmrStmt>\n'
        f"<GrpHdr><MsgId>M{number}</MsgId><CreDtTm>{last}T23:00:00</CreDtTm></GrpHdr>\n"
        f"<Stmt><Id>S{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>{last}T23:00:00</CreDtTm>\n"
        f"<Acct><Id><IBAN>{bank.iban}</IBAN></Id><Ccy>{bank.currency}</Ccy></Acct>\n"
        f"{_balance('OPBD', opening, first, bank.currency)}{_balance('CLBD', closing, last, bank.currency)}"
        f"{entries}</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


def _balance(code: str, amount: Decimal, on: date, currency: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(amount, currency)}<Dt><Dt>{on}</Dt></Dt></Bal>\n"
    )


def _amount(amount: Decimal, currency: str) -> str:
    side = "CRDT" if amount >= 0 else "DBIT"
    return f'<Amt Ccy="{currency}">{abs(amount):.2f}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def _entry(one: Booking, currency: str, *, version: str) -> str:
    side = "Dbtr" if one.amount > 0 else "Cdtr"
    name = f"<Nm>{escape(one.payer)}</Nm>"
    party = f"<Pty>{name}</Pty>" if version == "08" else name
    status = "<Sts><Cd>BOOK</Cd></Sts>" if version == "08" else "<Sts>BOOK</Sts>"
    reference = f"<AcctSvcrRef>{one.reference}</AcctSvcrRef>" if one.reference else ""
    end_to_end = f"<Refs><EndToEndId>{escape(one.end_to_end or 'NOTPROVIDED')}</EndToEndId></Refs>"
    structured = f"<Strd><CdtrRefInf><Ref>{one.structured}</Ref></CdtrRefInf></Strd>" if one.structured else ""
    account = f"<{side}Acct><Id><IBAN>{one.payer_iban}</IBAN></Id></{side}Acct>" if one.payer_iban else ""
    return (
        f"<Ntry>{_amount(one.amount, currency)}{status}<BookgDt><Dt>{one.on}</Dt></BookgDt>"
        f"<ValDt><Dt>{one.on}</Dt></ValDt>{reference}<BkTxCd><Domn><Cd>PMNT</Cd></Domn></BkTxCd>"
        f"<NtryDtls><TxDtls>{end_to_end}"
        f"<RltdPties><{side}>{party}</{side}>{account}</RltdPties>"
        f"<RmtInf><Ustrd>{escape(one.text)}</Ustrd>{structured}</RmtInf></TxDtls></NtryDtls></Ntry>\n"
    )


def mt940(bank: Bank, first: date, last: date, *, number: str = "00007/001") -> bytes:
    """One statement in the message MT940 with the German structure of field 86."""
    opening, bookings, closing = bank.between(first, last)
    lines = [":20:STARTUMSE", f":25:{bank.iban}", f":28C:{number}", f":60F:{_swift(opening, first, bank.currency)}"]
    for one in bookings:
        mark = "C" if one.amount > 0 else "D"
        reference = f"//{one.reference}" if one.reference else ""
        own = one.end_to_end or "NONREF"
        lines.append(f":61:{one.on:%y%m%d}{one.on:%m%d}{mark}{_comma(abs(one.amount))}NTRF{own}{reference}")
        said = f"SVWZ+{one.text}"
        purpose = "".join(f"?{20 + place}{said[at : at + 27]}" for place, at in enumerate(range(0, len(said), 27)))
        lines.append(f":86:166?00GUTSCHRIFT{purpose}?30COBADEFF?31{one.payer_iban}?32{one.payer[:27]}")
    lines += [f":62F:{_swift(closing, last, bank.currency)}", "-"]
    return "\r\n".join(lines).encode() + b"\r\n"


def _swift(amount: Decimal, on: date, currency: str) -> str:
    return f"{'C' if amount >= 0 else 'D'}{on:%y%m%d}{currency}{_comma(abs(amount))}"


def _comma(amount: Decimal) -> str:
    return f"{amount:.2f}".replace(".", ",")


def csv(bank: Bank, first: date, last: date, *, german: bool = True) -> bytes:
    """The rows of some days, newest first as most banks have them, with the balance after each."""
    opening, bookings, _closing = bank.between(first, last)
    rows, balance = [], opening
    for one in bookings:
        balance += one.amount
        on = f"{one.on:%d.%m.%Y}" if german else one.on.isoformat()
        show = _german if german else _english
        cells = (on, show(one.amount), bank.currency, one.text, one.payer, one.payer_iban, one.reference, show(balance))
        rows.append(";".join(f'"{cell}"' for cell in cells))
    names = (
        "Buchungstag;Betrag;Währung;Verwendungszweck;Auftraggeber;Kontonummer/IBAN;Referenz;Saldo"
        if german
        else "Booking date;Amount;Currency;Remittance information;Payer;Payer IBAN;Bank reference;Balance"
    )
    return "\n".join([names, *reversed(rows)]).encode() + b"\n"


def _german(amount: Decimal) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def _english(amount: Decimal) -> str:
    return f"{amount:,.2f}"

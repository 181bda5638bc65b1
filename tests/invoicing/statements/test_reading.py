"""Every format is read to the same facts; what is wrong is said with its line; nothing is followed, fetched or run."""

import re
from datetime import date
from decimal import Decimal

import pytest

from apps.contracts.rules.schedule.dates import DateOrder
from apps.contracts.rules.schedule.numbers import DecimalSign
from apps.core.child import Child
from apps.core.errors import Refused
from apps.invoicing.statements import reading
from apps.invoicing.statements.parts import ReadFile, ReadTransaction, understood, written
from apps.invoicing.statements.reading import read, read_file
from tests.invoicing.statements.bank import OPENING, Bank, Booking, camt, csv, mt940

D = Decimal
FIRST, LAST = date(2026, 4, 1), date(2026, 4, 3)
BANK = Bank(
    [
        Booking(FIRST, D("14280.00"), "Rechnung INV-2026-0001 vom 3.3.", reference="B1", end_to_end="E2E-1"),
        Booking(date(2026, 4, 2), D("-20.00"), "Gebühr", payer="Commerzbank", payer_iban=""),
        Booking(LAST, D("0.01"), "Müller & Söhne <GmbH>", payer="Müller & Söhne", reference="B3"),
    ]
)
CAMT, SWIFT, TABLE = camt(BANK, FIRST, LAST), mt940(BANK, FIRST, LAST), csv(BANK, FIRST, LAST)


def only(found: ReadFile) -> tuple[ReadTransaction, ...]:
    assert found.problems == ()
    (statement,) = found.statements
    return statement.transactions


def problems(content: bytes, **how: object) -> list[tuple[int, str]]:
    found = read(content, **how)  # type: ignore[arg-type]
    return [(one.line, str(one.refusal)) for one in found.problems]


@pytest.mark.parametrize(
    "content",
    [CAMT, camt(BANK, FIRST, LAST, version="02"), SWIFT, TABLE, csv(BANK, FIRST, LAST, german=False)],
    ids=["camt 08", "camt 02", "MT940", "CSV in German", "CSV in English"],
)
def test_every_format_says_the_same(content: bytes) -> None:
    found = read(content, currency="EUR")
    transactions = sorted(only(found), key=lambda one: one.booked_on)
    assert [(one.booked_on, one.amount) for one in transactions] == [(one.on, one.amount) for one in BANK.bookings]
    first = transactions[0]
    assert (first.text, first.payer, first.payer_account, first.bank_reference) == (
        "Rechnung INV-2026-0001 vom 3.3.",
        "MERIDIAN LOGISTIK AG",
        "DE02120300000000202051",
        "B1",
    )
    (statement,) = found.statements
    assert (statement.currency, statement.opening, statement.closing) == ("EUR", OPENING, OPENING + D("14260.01"))
    assert (statement.opened_on, statement.closed_on) == (FIRST, LAST)


def test_what_the_child_answers_is_what_was_read() -> None:
    for content in (CAMT, SWIFT, TABLE, TABLE.replace(b"1.000", b"x")):
        found = read(content, currency="EUR")
        again = understood(written(found))
        assert (again.statements, again.format, again.columns) == (found.statements, found.format, found.columns)
        assert [str(one.refusal) for one in again.problems] == [str(one.refusal) for one in found.problems]
    assert read_file(CAMT, currency="").statements == read(CAMT).statements


# --- camt.053 ----------------------------------------------------------------------------------------------------


def test_a_statement_that_does_not_add_up_is_refused_with_the_line_of_its_closing_balance() -> None:
    wrong = CAMT.replace(b">0.01<", b">0.02<")
    ((line, words),) = problems(wrong)
    assert b"CLBD" in wrong.split(b"\n")[line - 1]
    assert words == (
        "The statement does not add up: opening balance 1000 and entries of 14260.02 make 15260.02, and the closing"
        " balance is 15260.01. Fetch it from the bank anew."
    )


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', "defines entities of its own"),
        (b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY e "&a;&a;&a;&a;&a;&a;">]>', "defines entities of its own"),
        (b'<!DOCTYPE x SYSTEM "http://198.51.100.1/x.dtd">', "defines entities of its own"),
    ],
    ids=["a file", "a bomb", "another machine"],
)
def test_entities_are_refused_and_nothing_is_fetched(document: bytes, words: str) -> None:
    evil = CAMT.replace(b"<Document", document + b"<Document", 1).replace(b"INV-2026-0001", b"&e;")
    ((_line, said),) = problems(evil)
    assert words in said
    assert "root:" not in said


def test_a_bomb_of_entities_ends_in_a_sentence() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 20}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "lol">{levels}]>'.encode()
    evil = CAMT.replace(b"<Document", bomb + b"<Document", 1).replace(b"Rechnung", b"&l11;")
    ((_line, said),) = problems(evil)
    assert "entities" in said or "no whole XML" in said


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b".053.001.08", b".053.001.04", "This is version 04 of camt.053. Versions 02, 08 are read"),
        (b"camt.053.001.08", b"camt.054.001.08", "a message of the kind camt.054"),
        (b"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08", b"urn:x", "This XML file is no bank statement"),
        (b"</Stmt>", b"", "This is no whole XML file"),
        (b">14280.00<", b">14280,00<", "“14280,00” is no amount."),
        (b">14280.00<", b">1e3<", "“1e3” is no amount."),
        (b">14280.00<", b">NaN<", "“NaN” is no amount."),
        (b">14280.00<", b">0.00<", "The entry has an amount of zero."),
        (b'<Amt Ccy="EUR">14280.00', b'<Amt Ccy="USD">14280.00', "The entry is in USD, and the account is kept in EUR"),
        (b"<BookgDt><Dt>2026-04-01", b"<BookgDt><Dt>2026-02-31", "“2026-02-31” is no day of the calendar."),
        (b"<Cd>OPBD</Cd>", b"<Cd>XXXX</Cd>", "The statement has no opening balance"),
        (b"<Cd>CLBD</Cd>", b"<Cd>XXXX</Cd>", "The statement has no closing balance"),
        (b"<IBAN>DE89370400440532013000</IBAN>", b"", "The statement names no account."),
        (b'Ccy="EUR"', b'Ccy="EUX"', "“EUX” is no currency."),
    ],
)
def test_what_is_wrong_in_camt_is_said(before: bytes, after: bytes, words: str) -> None:
    assert before in CAMT
    found = problems(CAMT.replace(before, after))
    assert found
    assert words in found[0][1]
    assert read(CAMT.replace(before, after)).statements == () or found


def test_a_fault_is_told_with_the_line_of_its_entry() -> None:
    lines = CAMT.split(b"\n")
    number = next(at for at, line in enumerate(lines, start=1) if b"14280.00" in line and b"Ntry" in line)
    assert [line for line, _words in problems(CAMT.replace(b"14280.00", b"x"))] == [number]


def test_what_is_not_booked_yet_is_left_out_and_counted() -> None:
    pending = CAMT.replace(b"<Cd>BOOK</Cd>", b"<Cd>PDNG</Cd>", 1).replace(b"15260.01", b"980.01")
    found = read(pending)
    assert found.problems == ()
    assert (found.statements[0].left_out, len(found.statements[0].transactions)) == (1, 2)


def test_a_batch_becomes_its_transactions_where_they_add_up() -> None:
    part = (
        "<TxDtls><Refs><EndToEndId>{e}</EndToEndId></Refs><Amt Ccy='EUR'>{a}</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
        "<RltdPties><Dbtr><Pty><Nm>{e}</Nm></Pty></Dbtr></RltdPties></TxDtls>"
    )
    details = re.compile(rb"<TxDtls>.*?</TxDtls>", re.DOTALL)

    def batch(*amounts: str) -> bytes:
        inside = "".join(part.format(e=f"P{n}", a=amount) for n, amount in enumerate(amounts))
        return details.sub(inside.encode(), CAMT, count=1)

    several = only(read(batch("14000.00", "280.00")))
    assert [(one.amount, one.payer) for one in several[:2]] == [(D("14000.00"), "P0"), (D("280.00"), "P1")]
    assert only(read(batch("14000.00", "1.00")))[0].amount == D("14280.00")
    # A part of nothing is no transaction: then the batch stays whole.
    assert only(read(batch("14280.00", "0.00")))[0].amount == D("14280.00")


def test_a_return_is_known_as_one() -> None:
    back = CAMT.replace(b"<BookgDt>", b"<RvslInd>true</RvslInd><BookgDt>", 1)
    assert [one.is_return for one in only(read(back))] == [True, False, False]


# --- MT940 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"C14280,00N", b"C14280,0,0N", "Field 61 cannot be read"),
        (b"2604010401C", b"2613010401C", "Field 61 cannot be read"),
        (b"2604010401C", b"2404010401C", "is more than a year away from its statement"),
        (b"C14280,00N", b"C0,00N", "The entry has an amount of zero."),
        (b":62F:C260403EUR15260,01", b":62F:C260403EUR15260,02", "The statement does not add up"),
        (b":62F:C260403EUR15260,01", b":62F:C260403EUR15260,01x", "Field 62F cannot be read"),
        (b":62F:C260403EUR15260,01", b":62F:C260403USD15260,01", "opening balance is in EUR, and the closing"),
        (b":60F:C260401EUR1000,00\r\n", b"", "This statement has no opening balance (field 60F)."),
        (b":28C:00007/001", b":77Z:x", "Field 77Z does not belong into a statement."),
        (b":20:STARTUMSE\r\n", b":21:X\r\n:20:STARTUMSE\r\n", "Field 21 stands before the beginning"),
        (b":28C:", b":25:DE02120300000000202051\r\n:28C:", "This statement has a second account (field 25)."),
    ],
)
def test_what_is_wrong_in_mt940_is_said_with_its_line(before: bytes, after: bytes, words: str) -> None:
    assert before in SWIFT
    wrong = SWIFT.replace(before, after)
    (line, said), *_more = problems(wrong)
    assert words in said
    assert 1 <= line <= wrong.count(b"\n")


def test_envelopes_marks_and_reversals_of_mt940() -> None:
    text = (
        "{1:F01COBADEFFXXXX0000000000}{2:I940COBADEFFXXXXN}{4:\n:20:X\n:25P:37040044/0532013000EUR\nCOBADEFF\n:28C:1/1\n"
        ":60M:D260401EUR5,\n:61:2604010401RC1,00NTRFNONREF\n:86:/NAME/A B//REMI/USTD//INV-2026-0001/EREF/E1/\n"
        ":61:260401RD2,00NRTINONREF//R2\nmore of it\n:86:as it stands\nand goes on\n:62M:D260401EUR4,00\n"
        ":64:D260401EUR4,00\n-}\n"
    )
    first, second = only(read(text.encode()))
    assert (first.amount, first.is_return, first.text, first.payer) == (D("-1.00"), True, "INV-2026-0001", "A B")
    assert (second.amount, second.bank_reference, second.text) == (D("2.00"), "R2", "as it stands and goes on")


def test_an_envelope_without_end_takes_no_longer_than_any_line() -> None:
    """A pattern that tries every way to split it would be at it for ever."""
    (_line, said), *_more = problems(b":20:X\n:25:37040044/0532013000EUR\n" + b"{1:}" * 5_000)
    assert said


def test_a_file_that_is_the_name_of_another_is_not_opened() -> None:
    assert "root:" not in str(read(b"/etc/passwd").problems)


# --- CSV ---------------------------------------------------------------------------------------------------------


def table(*rows: str, names: str = "Booking date;Amount;Text") -> bytes:
    return "\n".join((names, *rows)).encode()


@pytest.mark.parametrize(
    ("written_", "amount"),
    [
        ("1.234,50", D("1234.50")),
        ("-1.234,50", D("-1234.50")),
        ("1.234,50-", D("-1234.50")),
        ("+0,01", D("0.01")),
        ("1 234,50 EUR", D("1234.50")),
        ("(12,00)", D("-12.00")),
    ],
)
def test_amounts_with_a_decimal_comma(written_: str, amount: Decimal) -> None:
    found = read(table(f"2026-04-01;{written_};x", "2026-04-01;0,10;y"), currency="EUR")
    assert only(found)[0].amount == amount


@pytest.mark.parametrize("day", ["2026-04-03", "03.04.2026", "3.4.26", "20260403", "03/04/2026", "2026-04-03 14:05"])
def test_dates_of_several_forms(day: str) -> None:
    found = read(table(f"{day};1.50;x", "31.03.2026;2.50;y"), currency="EUR", dates=DateOrder.DAY_FIRST)
    assert only(found)[0].booked_on == LAST


def test_what_can_be_read_in_two_ways_is_asked() -> None:
    eur = {"currency": "EUR"}
    assert "Every amount can be read with a decimal point" in problems(table("2026-04-01;1.234;x"), **eur)[0][1]
    assert "Every date can be read day first and month first" in problems(table("03/04/2026;1.50;x"), **eur)[0][1]
    assert "nor in which currency" in problems(table("2026-04-01;1.50;x"))[0][1]
    read_so = read(table("03/04/2026;1.234;x"), currency="EUR", decimal=DecimalSign.COMMA, dates=DateOrder.MONTH_FIRST)
    assert (only(read_so)[0].amount, only(read_so)[0].booked_on) == (D(1234), date(2026, 3, 4))


def test_credit_and_debit_in_two_columns_or_beside_a_word() -> None:
    two = read(table("2026-04-01;5.50;;x", "2026-04-01;;2.25;y", names="Date;Credit;Debit;Text"), currency="EUR")
    assert [one.amount for one in only(two)] == [D("5.50"), D("-2.25")]
    word = read(
        table("2026-04-01;5.50;H;x", "2026-04-01;2.25;S;y", names="Date;Amount;Soll/Haben;Text"), currency="EUR"
    )
    assert [one.amount for one in only(word)] == [D("5.50"), D("-2.25")]


def test_every_wrong_row_is_told_with_its_line() -> None:
    rows = ("2026-04-01;1.50;x", "x;1.50;x", "2026-04-01;;x", "2026-04-01;0.00;x", "2026-04-01;1.2.3;x", ";1.00;x")
    assert problems(table(*rows), currency="EUR") == [
        (3, "“x” is no date. Write it as 2026-12-31."),
        (4, "A row needs one amount: money in or money out."),
        (5, "The amount is zero."),
        (6, "“1.2.3” is no amount."),
        (7, "The day is missing. Rows without a day are no transactions: delete them."),
    ]


def test_amounts_that_no_book_holds_are_refused() -> None:
    rows = [f"2026-04-01;{'9' * 20}.00;x"]
    assert [said for _line, said in problems(table(*rows), currency="EUR")] == [
        "This statement has amounts that are too large. Fetch it anew."
    ]


def test_balances_of_rows_have_to_go_on() -> None:
    wrong = TABLE.replace(b'"15.260,00"', b'"15.260,05"')
    assert wrong != TABLE
    ((line, words),) = problems(wrong, currency="EUR")
    assert "The balances do not add up" in words
    assert line in (2, 3)


def test_accounts_and_currencies_of_a_table_are_statements_of_their_own() -> None:
    found = read(
        table("2026-04-01;1.50;DE89;EUR", "2026-04-01;2.50;DE89;USD", names="Date;Amount;Auftragskonto;Currency")
    )
    assert [(one.account, one.currency) for one in found.statements] == [("DE89", "EUR"), ("DE89", "USD")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_letters_are_read_in_every_usual_encoding(encoding: str) -> None:
    text = table("2026-04-01;1.50;Müller").decode()
    assert only(read(text.encode(encoding), currency="EUR"))[0].text == "Müller"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "No row names the columns"),
        (b"\x00\x01\x02", "no text"),
        (b"a;b\n1;2", "No row names the columns"),
        (b'Date;Amount\n"2026-04-01;1.00', "cannot be split into cells"),
        (b"Date;Amount\n", "There is no transaction"),
        (b"Date;Amount;Betrag\n2026-04-01;1.50;1.50", "Two columns mean the same"),
    ],
)
def test_what_is_no_table_is_said(content: bytes, words: str) -> None:
    assert words in problems(content, currency="EUR")[0][1]


def test_texts_lose_what_nobody_sees_and_are_cut() -> None:
    found = read(table(f"2026-04-01;1.50;a\u202eb\u200b{'c' * 2000}"), currency="EUR")
    text = only(found)[0].text
    assert text.startswith("a b c")
    assert len(text) == 1000


# --- limits ------------------------------------------------------------------------------------------------------


def test_too_much_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    with pytest.raises(Refused, match="larger than 0 MB"):
        read_file(CAMT, currency="")


def test_what_breaks_the_reader_breaks_the_child_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    small = Child("apps.invoicing.statements.reading", memory=1, seconds=10)
    monkeypatch.setattr(reading, "_child", small)
    with pytest.raises(Refused, match="Fetch"):
        read_file(CAMT, currency="")
    slow = Child("tests.core.working", memory=None, seconds=0.01)
    monkeypatch.setattr(reading, "_child", slow)
    with pytest.raises(Refused, match="too long"):
        read_file(CAMT, currency="")
    slow.close()


def test_more_transactions_than_a_file_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_TRANSACTIONS", 2)
    assert "more than 2 transactions" in problems(CAMT)[0][1]

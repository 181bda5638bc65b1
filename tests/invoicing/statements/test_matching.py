"""What is certain, what is likely, and why: the rules of matching, without a database."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iso11649

from apps.invoicing.rules import (
    Bill,
    Bills,
    Fingerprint,
    MoneyIn,
    Proposal,
    Reason,
    Why,
    are_alike,
    creditor_reference,
    exact_bill,
    is_account,
    numbered,
    possible_numbers,
    proposals,
)

D = Decimal
IBAN = "DE89370400440532013000"
DAY = date(2026, 4, 2)


def bill(position: int, open_: str = "100.00", **changes: Any) -> Bill:
    values: dict[str, Any] = {
        "ref": f"ref{position}",
        "number": f"INV-2026-{position:04d}",
        "currency": "EUR",
        "open": D(open_),
        "buyer": 1,
        "buyer_name": "Meridian Logistik AG",
        "issued_on": date(2026, 3, 1),
        "due_on": date(2026, 3, position % 28 + 1),
        "account": IBAN,
    }
    return Bill(**(values | changes))


def arrived(amount: str, *texts: str, **changes: Any) -> MoneyIn:
    values: dict[str, Any] = {
        "amount": D(amount),
        "currency": "EUR",
        "received_on": DAY,
        "account": "DE89 3704 0044 0532 0130 00",
        "texts": texts,
        "payer": "MERIDIAN LOGISTIK",
    }
    return MoneyIn(**(values | changes))


def found(money: MoneyIn, *bills: Bill) -> tuple[list[Proposal], list[Reason]]:
    return proposals(money, Bills.of(bills))


def whys(proposal: Proposal) -> list[Why]:
    return [reason.why for reason in proposal.reasons]


def test_number_amount_currency_and_account_together_are_certain() -> None:
    one = bill(1)
    for text in ("INV-2026-0001", "Rg. inv 2026/0001, danke", "INV20260001", creditor_reference("INV-2026-0001")):
        assert exact_bill(arrived("100.00", text), Bills.of([one, bill(2)])) == one


@pytest.mark.parametrize(
    ("money", "changes"),
    [
        (arrived("99.99", "INV-2026-0001"), {}),
        (arrived("100.00", "INV-2026-00011"), {}),
        (arrived("100.00", "INV-2026-0001 INV-2026-0002"), {}),
        (arrived("100.00", "INV-2026-0001", "INV-2026-0003"), {}),
        (arrived("100.00", "INV-2026-0001", currency="USD"), {}),
        (arrived("100.00", "INV-2026-0001", account="DE02120300000000202051"), {}),
        (arrived("100.00", "INV-2026-0001", is_return=True), {}),
        (arrived("100.00", "INV-2026-0001", received_on=date(2026, 2, 28)), {}),
        (arrived("100.00", "INV-2026-0001"), {"payee": "Kontor Capital GmbH"}),
        (arrived("100.00", "INV-2026-0001"), {"account": ""}),
        (arrived("100.00", "INV-2026-0001"), {"paid": D("100.00")}),
        (arrived("100.00", "RF00INV20260001"), {}),
        (arrived("100.00", "danke"), {}),
    ],
)
def test_everything_less_is_not(money: MoneyIn, changes: dict[str, Any]) -> None:
    paid = bill(3, "0.00")
    assert exact_bill(money, Bills.of([bill(1, **changes), bill(2), paid])) is None


def test_a_bill_that_is_taken_is_not_taken_again() -> None:
    bills = Bills.of([bill(1)])
    first = exact_bill(arrived("100.00", "INV-2026-0001"), bills)
    assert first is not None
    bills.paid(first)
    assert exact_bill(arrived("100.00", "INV-2026-0001"), bills) is None


def test_what_is_not_in_dispute_is_certain_too_and_nothing_else_of_a_disputed_invoice_is() -> None:
    one = bill(1, disputed=D("30.00"))
    for amount in ("70.00", "100.00"):
        assert exact_bill(arrived(amount, "INV-2026-0001"), Bills.of([one, bill(2)])) == one
    assert exact_bill(arrived("30.00", "INV-2026-0001"), Bills.of([one])) is None
    whole = bill(1, disputed=D("100.00"))
    assert exact_bill(arrived("70.00", "INV-2026-0001"), Bills.of([whole])) is None
    (proposed,), _notes = found(arrived("70.00", "INV-2026-0001", is_return=True), one)
    assert whys(proposed)[:2] == [Why.NAMED, Why.EQUAL]


def test_a_number_with_another_amount_says_the_difference() -> None:
    (short,), _notes = found(arrived("98.00", "INV-2026-0001"), bill(1))
    assert whys(short) == [Why.NAMED, Why.SHORT, Why.ALIKE]
    assert short.reasons[1].amount == D("2.00")
    assert [(part.invoice_ref, part.amount) for part in short.parts] == [("ref1", D("98.00"))]
    (over,), _notes = found(arrived("150.00", "INV-2026-0001"), bill(1))
    assert whys(over)[1] is Why.OVER
    assert over.parts[0].amount == D("150.00")
    assert over.score < short.score


def test_several_numbers_are_filled_in_their_order() -> None:
    (exact,), _notes = found(arrived("150.00", "INV-2026-0002 und INV-2026-0001"), bill(1), bill(2, "50.00"))
    assert (exact.score, whys(exact)[:2]) == (95, [Why.NAMED, Why.ADDS_UP])
    assert [(part.number, part.amount) for part in exact.parts] == [
        ("INV-2026-0002", D("50.00")),
        ("INV-2026-0001", D("100.00")),
    ]
    (short,), _notes = found(arrived("60.00", "INV-2026-0002 und INV-2026-0001"), bill(1), bill(2, "50.00"))
    assert [part.amount for part in short.parts] == [D("50.00"), D("10.00")]


def test_the_same_amount_counts_more_with_the_payers_name() -> None:
    (alike,), _notes = found(arrived("100.00"), bill(1), bill(2, "70.00", buyer=2, buyer_name="Hafen KG"))
    assert whys(alike) == [Why.EQUAL, Why.ALIKE, Why.ONLY_ONE]
    (strange,), _notes = found(arrived("100.00", payer="Unbekannt"), bill(1))
    assert whys(strange) == [Why.EQUAL, Why.ONLY_ONE]
    assert strange.score < alike.score
    twins, _notes = found(arrived("100.00", payer="Unbekannt"), bill(1), bill(2, buyer=2, buyer_name="Hafen KG"))
    assert [whys(one)[-1] for one in twins] == [Why.ONE_OF_SEVERAL] * 2


def test_several_invoices_of_the_payer_that_add_up() -> None:
    offered, _notes = found(arrived("130.00"), bill(1), bill(2, "30.00"), bill(3, "77.00"))
    assert whys(offered[0]) == [Why.ADDS_UP, Why.ALIKE]
    assert [part.invoice_ref for part in offered[0].parts] == ["ref1", "ref2"]


def test_only_the_payers_name_proposes_what_is_due_longest() -> None:
    (weak,), _notes = found(arrived("12.00"), bill(1), bill(2, "30.00"))
    assert whys(weak) == [Why.ALIKE, Why.OLDEST, Why.SHORT]
    assert weak.score < 45


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"open": D(0)}, Why.PAID),
        ({"payee": "Kontor Capital GmbH"}, Why.ASSIGNED),
        ({"currency": "USD"}, Why.OTHER_CURRENCY),
    ],
)
def test_what_cannot_take_the_money_is_told_and_not_proposed(changes: dict[str, Any], why: Why) -> None:
    offered, notes = found(arrived("100.00", "INV-2026-0001"), bill(1, **changes))
    assert offered == []
    assert [note.why for note in notes] == [why]


def test_the_wrong_account_makes_it_a_proposal() -> None:
    (doubtful,), _notes = found(arrived("100.00", "INV-2026-0001", account="DE02120300000000202051"), bill(1))
    assert Why.OTHER_ACCOUNT in whys(doubtful)
    assert doubtful.score == 80


@given(
    amount=st.decimals("0.01", "500", places=2),
    opens=st.lists(st.decimals("0.01", "300", places=2), min_size=1, max_size=8),
    named=st.sets(st.integers(1, 8)),
    payer=st.sampled_from(["Meridian Logistik", "Somebody", ""]),
)
def test_whatever_is_proposed_comes_to_what_arrived_and_at_most_once_to_each(
    amount: Decimal, opens: list[Decimal], named: set[int], payer: str
) -> None:
    bills = [bill(number, str(open_)) for number, open_ in enumerate(opens, start=1)]
    text = " ".join(f"INV-2026-{number:04d}" for number in named)
    offered, _notes = found(arrived(str(amount), text, payer=payer), *bills)
    by_ref = {one.ref: one for one in bills}
    for proposal in offered:
        assert 1 <= proposal.score <= 100
        assert sum(part.amount for part in proposal.parts) == amount
        assert len({part.invoice_ref for part in proposal.parts}) == len(proposal.parts)
        # Only the last takes more than is open on it.
        assert all(0 < part.amount <= by_ref[part.invoice_ref].open for part in proposal.parts[:-1])


@given(st.from_regex(r"[A-Z]{1,4}-20[0-9]{2}-[0-9]{4,6}", fullmatch=True))
def test_structured_references_are_valid_and_lead_back(number: str) -> None:
    reference = creditor_reference(number)
    assert iso11649.is_valid(reference)
    grouped = " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))
    for text in (reference, grouped, f"{reference} {number}"):
        assert Bills.of([bill(1, number=number)]).named(arrived("1.00", text))
    assert number in set(possible_numbers(f"Rechnung {number} vom 3.3."))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("MERIDIAN LOGISTIK AG", "Meridian Logistik", True),
        ("Mueller Bau", "Müller Bau GmbH & Co. KG", True),
        ("Hafen Sped. KG", "Hafen Spedition KG", True),
        ("Meridan Logistik", "Meridian Logistik AG", True),
        ("Meridian Logistik AG", "Hafen Spedition KG", False),
        ("GmbH", "AG", False),
        ("", "Meridian", False),
        ("AB", "ABC Handel", False),
    ],
)
def test_names_of_companies(one: str, other: str, alike: bool) -> None:
    assert are_alike(one, other) is alike
    assert are_alike(other, one) is alike


@pytest.mark.parametrize(
    ("named", "is_it"),
    [
        (IBAN, True),
        ("DE89 3704 0044 0532 0130 00", True),
        (f"{IBAN}EUR", True),
        ("37040044/0532013000", True),
        ("37040044/532013000EUR", True),
        ("37040044/0532013001", False),
        ("532013000", False),
        ("", False),
    ],
)
def test_ways_to_write_a_german_account(named: str, is_it: bool) -> None:
    assert is_account(named, iban=IBAN, account_number="", routing_number="") is is_it


def test_a_national_account_with_and_without_its_bank() -> None:
    known = {"iban": "", "account_number": "000123456", "routing_number": "021000021"}
    assert is_account("000123456", **known)
    assert is_account("021000021/000123456", **known)
    assert not is_account("123456", **known)


def fingerprint(**changes: Any) -> Fingerprint:
    values: dict[str, Any] = {
        "account": IBAN,
        "booked_on": DAY,
        "amount": D("10.00"),
        "currency": "EUR",
        "bank_reference": "",
        "text": "Rechnung 1",
    }
    return Fingerprint(**(values | changes))


def test_a_transaction_is_known_by_its_reference_or_by_everything_and_counted_within_the_statement() -> None:
    assert numbered([fingerprint(text="Rech nung 1")]) == numbered([fingerprint(text="RECHNUNG1")])
    assert numbered([fingerprint(bank_reference="A", text="x")]) == numbered([fingerprint(bank_reference="A")])
    for changes in ({"booked_on": date(2026, 4, 3)}, {"amount": D("-10.00")}, {"bank_reference": "B"}, {"text": "2"}):
        assert numbered([fingerprint(**changes)]) != numbered([fingerprint()])
    twice = numbered([fingerprint(), fingerprint()])
    assert len(set(twice)) == 2
    assert numbered([fingerprint()])[0] == twice[0]
    counts: dict[str, int] = {}
    assert [numbered([fingerprint()], counts=counts)[0] for _ in range(2)] == twice

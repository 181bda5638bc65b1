"""What posting does, and what it refuses in words."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from apps.core.errors import Refused
from apps.ledger import batches
from apps.ledger import services as ledger
from apps.ledger.charts import CHARTS, Financier, Seller
from apps.ledger.models import Account, Balance, Book, Entry
from apps.ledger.services import Leg, Purpose, credit, debit
from apps.parties.actor import Actor
from apps.parties.models import Organisation

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ON = date(2026, 3, 2)
D = Decimal
INVOICE = [
    debit(Seller.RECEIVABLES, amount=D("14280.00"), key="invoice:a"),
    credit(Seller.CONTRACT_BALANCE, amount=D("12000.00"), key="contract:c"),
    credit(Seller.OUTPUT_TAX, amount=D("2280.00")),
]


def _post(organisation: Organisation, legs: list[Leg], cause: str = "invoice:a", on: date = ON) -> Entry:
    return ledger.post(
        organisation_id=organisation.pk,
        currency="EUR",
        purpose=Purpose.SELLER,
        cause=cause,
        description="Invoice INV-2026-0001",
        booked_on=on,
        legs=legs,
        at=AT,
    )


def _balance(organisation: Organisation, account: str, key: str | None = None) -> Decimal:
    return ledger.balance(
        organisation_id=organisation.pk, currency="EUR", purpose=Purpose.SELLER, account=account, key=key
    )


def test_a_book_opens_once_with_its_whole_chart(organisation: Organisation) -> None:
    books = [
        ledger.open_book(organisation_id=organisation.pk, currency="EUR", purpose=purpose)
        for purpose in (Purpose.SELLER, Purpose.FINANCIER, Purpose.SELLER)
    ]
    assert books[0] == books[2] != books[1]
    assert Book.objects.count() == 2
    codes = Account.objects.filter(book=books[1]).values_list("code", flat=True)
    assert list(codes) == sorted(plan.code for plan in CHARTS[Purpose.FINANCIER])


def test_the_financiers_chart_keeps_the_sign_of_what_belongs_to_an_advance(organisation: Organisation) -> None:
    book = ledger.open_book(organisation_id=organisation.pk, currency="EUR", purpose=Purpose.FINANCIER)
    one_sided = dict(Account.objects.filter(book=book).exclude(one_sided="").values_list("code", "one_sided"))
    assert one_sided == {
        "1100": "debit",
        "1150": "debit",
        "1200": "debit",
        "1210": "debit",
        "2000": "credit",
        "2100": "credit",
        "2110": "credit",
    }


def test_posting_writes_the_lines_and_moves_the_balances(organisation: Organisation) -> None:
    entry = _post(organisation, INVOICE)
    assert [(line.account.code, line.key, line.amount) for line in entry.lines.order_by("id")] == [
        ("1100", "invoice:a", D("14280.00")),
        ("2000", "contract:c", D("-12000.00")),
        ("2100", "", D("-2280.00")),
    ]
    assert _balance(organisation, Seller.RECEIVABLES) == D("14280.00")
    assert _balance(organisation, Seller.CONTRACT_BALANCE, "contract:c") == D("-12000.00")
    assert _balance(organisation, Seller.CONTRACT_BALANCE, "contract:other") == 0


def test_a_one_sided_balance_may_go_down_to_zero(organisation: Organisation) -> None:
    _post(organisation, INVOICE)
    paid = [debit(Seller.BANK, amount=D(14280)), credit(Seller.RECEIVABLES, amount=D(14280), key="invoice:a")]
    _post(organisation, paid, cause="payment:p")
    assert _balance(organisation, Seller.RECEIVABLES, "invoice:a") == 0
    assert _balance(organisation, Seller.BANK) == D(14280)


def test_two_legs_on_one_account_and_key_are_two_lines_and_one_balance(organisation: Organisation) -> None:
    entry = _post(
        organisation,
        [
            debit(Seller.BANK, amount=D(5)),
            debit(Seller.BANK, amount=D(7)),
            credit(Seller.CONTRACT_BALANCE, amount=D(12), key="contract:c"),
        ],
    )
    assert entry.lines.count() == 3
    assert Balance.objects.get(account__code=Seller.BANK).amount == 12


def test_a_leg_of_zero_is_left_out(organisation: Organisation) -> None:
    entry = _post(
        organisation,
        [
            debit(Seller.RECEIVABLES, amount=D(12), key="invoice:a"),
            credit(Seller.CONTRACT_BALANCE, amount=D(12), key="contract:c"),
            credit(Seller.OUTPUT_TAX, amount=D(0)),
        ],
    )
    assert entry.lines.count() == 2


def test_the_same_cause_posts_once(organisation: Organisation) -> None:
    first = _post(organisation, INVOICE)
    second = _post(organisation, INVOICE[::-1])
    assert first == second
    assert Entry.objects.count() == 1
    assert _balance(organisation, Seller.RECEIVABLES) == D("14280.00")


@pytest.mark.parametrize(
    ("legs", "on"),
    [
        (INVOICE, date(2026, 3, 3)),
        ([debit(Seller.BANK, amount=D(1)), credit(Seller.OUTPUT_TAX, amount=D(1))], ON),
    ],
)
def test_the_same_cause_with_another_content_is_refused(organisation: Organisation, legs: list[Leg], on: date) -> None:
    _post(organisation, INVOICE)
    with pytest.raises(Refused, match="booked differently"):
        _post(organisation, legs, on=on)
    assert _balance(organisation, Seller.RECEIVABLES) == D("14280.00")


@pytest.mark.parametrize(
    "legs",
    [
        [],
        [debit(Seller.BANK, amount=D(0)), credit(Seller.OUTPUT_TAX, amount=D(0))],
        [debit(Seller.BANK, amount=D(2)), credit(Seller.OUTPUT_TAX, amount=D(1))],
        [debit(Seller.BANK, amount=D("0.001")), credit(Seller.OUTPUT_TAX, amount=D("0.001"))],
        [debit("9999", amount=D(1)), credit(Seller.OUTPUT_TAX, amount=D(1))],
    ],
)
def test_legs_that_cannot_be_right_are_a_bug_and_leave_nothing(organisation: Organisation, legs: list[Leg]) -> None:
    with pytest.raises(ValueError, match=r"differ|rounded|no such account"):
        _post(organisation, legs)
    assert not Entry.objects.exists()


def test_a_negative_debit_is_a_bug() -> None:
    with pytest.raises(ValueError, match="negative debit"):
        debit(Seller.BANK, amount=D(-1))


def test_a_reversal_is_the_exact_negation_and_happens_once(organisation: Organisation) -> None:
    entry = _post(organisation, INVOICE)
    reversal = ledger.reverse(entry, cause="undo:a", booked_on=date(2026, 3, 5), at=AT)
    assert reversal.reverses == entry
    assert sorted(reversal.lines.values_list("account__code", "key", "amount")) == [
        ("1100", "invoice:a", D("-14280.00")),
        ("2000", "contract:c", D("12000.00")),
        ("2100", "", D("2280.00")),
    ]
    assert ledger.reverse(entry, cause="undo:a", booked_on=date(2026, 3, 5), at=AT) == reversal
    with pytest.raises(Refused, match="already reversed"):
        ledger.reverse(entry, cause="undo:again", booked_on=date(2026, 3, 5), at=AT)
    assert _balance(organisation, Seller.RECEIVABLES) == 0


def test_a_closed_period_refuses_and_stays_closed(organisation: Organisation) -> None:
    entry = _post(organisation, INVOICE)
    closing = {"organisation_id": organisation.pk, "currency": "EUR", "purpose": Purpose.SELLER}
    ledger.close_period(**closing, through=date(2026, 3, 31))  # type: ignore[arg-type]
    with pytest.raises(Refused, match="closed through 2026-03-31"):
        _post(organisation, INVOICE, cause="invoice:b", on=date(2026, 3, 31))
    with pytest.raises(Refused, match="closed through 2026-03-31"):
        ledger.reverse(entry, cause="undo:a", booked_on=date(2026, 3, 31), at=AT)
    with pytest.raises(Refused, match="not opened again"):
        ledger.close_period(**closing, through=date(2026, 2, 28))  # type: ignore[arg-type]
    _post(organisation, INVOICE, cause="invoice:b", on=date(2026, 4, 1))
    assert ledger.reverse(entry, cause="undo:a", booked_on=date(2026, 4, 1), at=AT).reverses == entry


def test_each_organisation_reads_its_own_book_only(organisation: Organisation) -> None:
    _post(organisation, INVOICE)
    stranger = Actor.system(organisation_id=organisation.pk + 1)
    owner = Actor.system(organisation_id=organisation.pk)
    for rows in (Entry.objects, Balance.objects, Account.objects, Book.objects):
        assert not rows.visible_to(stranger).exists()
        assert rows.visible_to(owner).exists()


def test_the_financing_chart_of_an_advance_posts_as_the_guide_shows(organisation: Organisation) -> None:
    ledger.post(
        organisation_id=organisation.pk,
        currency="EUR",
        purpose=Purpose.FINANCIER,
        cause="fund:t",
        description="Advance",
        booked_on=ON,
        legs=[
            debit(Financier.PURCHASED_RECEIVABLES, amount=D(120_000), key="tranche:t"),
            credit(Financier.RESERVE_DUE_TO_SELLER, amount=D(18_000), key="tranche:t"),
            credit(Financier.UNEARNED_DISCOUNT, amount=D(1_700), key="tranche:t"),
            credit(Financier.UNEARNED_FEE, amount=D(510), key="tranche:t"),
            credit(Financier.CASH, amount=D(99_790)),
        ],
        at=AT,
    )
    book = {"organisation_id": organisation.pk, "currency": "EUR", "purpose": Purpose.FINANCIER}
    assert ledger.balance(**book, account="2000", key="tranche:t") == D(-18_000)  # type: ignore[arg-type]
    assert ledger.balance(**book, account="1000") == D(-99_790)  # type: ignore[arg-type]


def test_many_entries_are_written_as_each_would_be_alone(organisation: Organisation) -> None:
    def post(*said: tuple[str, str, date]) -> list[Entry]:
        postings = [
            batches.Posting(
                cause=cause,
                description="Revenue",
                booked_on=on,
                legs=[
                    debit(Seller.CONTRACT_BALANCE, amount=D(amount), key=f"contract:{cause}"),
                    credit(Seller.REVENUE, amount=D(amount), key=f"contract:{cause}"),
                    debit(Seller.REVENUE, amount=D(0)),
                ],
            )
            for cause, amount, on in said
        ]
        batches.post_all(
            organisation_id=organisation.pk, currency="EUR", purpose=Purpose.SELLER, postings=postings, at=AT
        )
        return [posting.entry for posting in postings]

    first, second = post(("a", "10.00", ON), ("b", "5.00", ON))
    # A book that is not there yet is opened; what is known is not posted again.
    again, third = post(("b", "5.00", ON), ("c", "1.00", ON))
    assert (again.pk, Entry.objects.count()) == (second.pk, 3)
    assert sorted(line.amount for line in third.lines.all()) == [D(-1), D(1)]
    assert (first.description, first.booked_on, first.posted_at) == ("Revenue", ON, AT)
    assert _balance(organisation, Seller.REVENUE) == D(-16)
    assert _balance(organisation, Seller.REVENUE, "contract:a") == D(-10)
    with pytest.raises(Refused, match="booked differently"):
        post(("d", "1.00", ON), ("a", "11.00", ON))
    with pytest.raises(ValueError, match="one cause has one entry"):
        post(("d", "1.00", ON), ("d", "1.00", ON))
    ledger.close_period(organisation_id=organisation.pk, currency="EUR", purpose=Purpose.SELLER, through=ON)
    with pytest.raises(Refused, match="closed through"):
        post(("d", "1.00", date(2026, 3, 3)), ("e", "1.00", ON))

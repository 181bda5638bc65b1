"""However an invoice is credited, its credits never exceed it, and the last one returns exactly the rest."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import money
from apps.core.errors import Refused
from apps.invoicing import rules
from apps.invoicing.rules import Creditable, OfLine, Share

D = Decimal
WHOLE = [Creditable(D("12000.00"), D(0), "S", D(19))]


@pytest.mark.parametrize(
    ("share", "amount"),
    [
        (Share(), "12000"),
        (Share(amount=D("0.01")), "0.01"),
        (Share(percent=D(25)), "3000"),
        (Share(percent=D("33.3333")), "4000.00"),
        (Share(percent=D(100)), "12000"),
    ],
)
def test_a_share_is_the_rest_or_an_amount_or_a_percentage_of_the_invoice(share: Share, amount: str) -> None:
    assert rules.credited_amount(share, lines=WHOLE, currency="EUR") == D(amount)


@pytest.mark.parametrize(
    ("share", "field"),
    [
        (Share(amount=D("12000.01")), "amount"),
        (Share(amount=D(0)), "amount"),
        (Share(amount=D("-1")), "amount"),
        (Share(amount=D("0.001")), "amount"),
        (Share(amount=D("NaN")), "amount"),
        (Share(amount=D(1), percent=D(1)), "amount"),
        (Share(percent=D(0)), "percent"),
        (Share(percent=D("100.01")), "percent"),
        (Share(percent=D("NaN")), "percent"),
        (Share(percent=D("0.00001")), "percent"),
    ],
)
def test_what_cannot_be_credited_is_refused_at_its_field(share: Share, field: str) -> None:
    with pytest.raises(Refused) as refused:
        rules.credited_amount(share, lines=WHOLE, currency="EUR")
    assert refused.value.field == field


def test_of_a_credited_invoice_only_the_rest_is_left() -> None:
    half = [Creditable(D("12000.00"), D("7000.00"), "S", D(19))]
    assert rules.credited_amount(Share(), lines=half, currency="EUR") == D(5000)
    with pytest.raises(Refused, match="5,000"):
        rules.credited_amount(Share(percent=D(50)), lines=half, currency="EUR")
    with pytest.raises(Refused, match="in full"):
        rules.credited_amount(Share(), lines=[Creditable(D(1), D(1), "S", D(19))], currency="EUR")


def test_one_cent_three_times_bears_the_tax_of_three_cents() -> None:
    """19 % on a cent is nothing, on three cents it is one: the cents come when the sum reaches them."""
    taxes = [rules.credit_tax(D("0.01"), before=D(n) / 100, rate=D(19), currency="EUR") for n in range(3)]
    assert taxes == [D(0), D(0), D("0.01")]


CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])
RATES = st.sampled_from([D(0), D(5), D("7.7"), D("8.25"), D(19), D("25.5")])


def _share(data: st.DataObject, lines: list[Creditable], unit: Decimal) -> Share:
    """By line, an amount of all, or, rarely, the rest."""
    if data.draw(st.integers(0, 9)) == 0:
        return Share()
    if data.draw(st.booleans()):
        return Share(amount=data.draw(st.integers(1, int(money.total(line.left for line in lines) / unit))) * unit)
    open_ones = [number for number, line in enumerate(lines, start=1) if line.left]
    chosen = data.draw(st.lists(st.sampled_from(open_ones), min_size=1, unique=True))
    most = {number: int(lines[number - 1].left / unit) for number in chosen}
    return Share(lines=tuple(OfLine(one, data.draw(st.integers(1, most[one])) * unit) for one in chosen))


@given(data=st.data(), currency=CURRENCIES)
def test_whatever_is_credited_in_whatever_parts_adds_up_to_the_invoice(data: st.DataObject, currency: str) -> None:
    unit = money.unit(currency)
    nets = data.draw(st.lists(st.integers(1, 10_000_000), min_size=1, max_size=4))
    rates = data.draw(st.lists(RATES, min_size=len(nets), max_size=len(nets)))
    lines = [Creditable(net * unit, D(0), "S" if rate else "Z", rate) for net, rate in zip(nets, rates, strict=True)]
    invoice = rules.tax_breakdown([rules.TaxedAmount(line.net, *line.kind) for line in lines], currency=currency)
    total = rules.totals(invoice)
    credited_net = credited_tax = D(0)
    for _part in range(data.draw(st.integers(0, 6))):
        left = money.total(line.left for line in lines)
        if not left:
            break
        share = _share(data, lines, unit)
        amount = rules.credited_amount(share, lines=lines, currency=currency)
        credit = rules.credit(amount, lines=lines, currency=currency, chosen=share.lines)
        assert money.total(credit.lines) == amount
        assert all(0 <= part <= line.left for part, line in zip(credit.lines, lines, strict=True))
        assert money.total(row.taxable for row in credit.before) == credited_net
        for row in credit.breakdown:
            assert row.tax >= 0
            assert abs(row.tax - row.taxable * row.rate / 100) <= unit
        credited_net += amount
        credited_tax += rules.totals(credit.breakdown).tax
        assert credited_tax <= total.tax
        lines = [
            Creditable(line.net, line.credited + part, line.category, line.rate)
            for line, part in zip(lines, credit.lines, strict=True)
        ]
    left = money.total(line.left for line in lines)
    if left:
        rest = rules.totals(rules.credit(left, lines=lines, currency=currency).breakdown)
        assert (credited_net + rest.net, credited_tax + rest.tax) == (total.net, total.tax)
    else:
        assert credited_tax == total.tax


@pytest.mark.parametrize(
    ("gross", "open_", "retained", "taken"),
    [
        ("100", "100", "10", ("100", "0", "0")),
        ("105", "100", "10", ("100", "5", "0")),
        ("110", "100", "10", ("100", "10", "0")),
        ("150", "100", "10", ("100", "10", "40")),
        ("5", "0", "10", ("0", "5", "0")),
        ("5", "0", "0", ("0", "0", "5")),
    ],
)
def test_what_is_open_is_taken_first_then_what_is_retained_then_what_was_paid(
    gross: str, open_: str, retained: str, taken: tuple[str, str, str]
) -> None:
    found = rules.taken(Decimal(gross), open_=Decimal(open_), retained=Decimal(retained))
    assert (found.open, found.retained, found.freed) == tuple(map(Decimal, taken))

"""What is owed at the end of a contract: values between nothing and what is unbilled, and the text that says so."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import canonical
from apps.core.errors import Refused
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.rules import GivenValue, NotBilled, Valued

D = Decimal
OPEN = [Valued("a", 1, 1, "Prototype", D("12000.00")), Valued("b", 2, 2, "Integration", D("500.00"))]


@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 100)), min_size=1, max_size=30))
def test_values_and_what_is_cancelled_come_to_what_was_unbilled(cents: list[tuple[int, int]]) -> None:
    open_ones = [Valued(str(n), n, 1, "M", D(whole) / 100) for n, (whole, _share) in enumerate(cents, start=1)]
    given_ones = [
        GivenValue(str(n), (D(whole) * share / 100).to_integral_value() / 100)
        for n, (whole, share) in enumerate(cents, start=1)
    ]
    values = rules.values_of(open_ones, given_ones, currency="EUR")
    assert sum(one.amount + one.cancelled for one in values) == sum(one.unbilled for one in open_ones)
    assert all(0 <= one.amount <= one.unbilled and one.cancelled >= 0 for one in values)


@pytest.mark.parametrize(
    ("given_ones", "said"),
    [
        ([GivenValue("a", D(0))], "“Integration” is worth; 0 if nothing"),
        ([GivenValue("a", D(0)), GivenValue("b", D("500.01"))], "only 500.00 EUR are not billed"),
        ([GivenValue("a", D(-1)), GivenValue("b", D(0))], "above zero"),
        ([GivenValue("a", D("NaN")), GivenValue("b", D(0))], "above zero"),
        ([GivenValue("a", D("0.001")), GivenValue("b", D(0))], "decimals"),
        ([GivenValue("a", D(0)), GivenValue("b", D(0)), GivenValue("c", D(1))], "open now"),
        ([GivenValue("a", D(0)), GivenValue("a", D(1))], "open now"),
    ],
)
def test_what_is_no_value_is_refused_in_words(given_ones: list[GivenValue], said: str) -> None:
    with pytest.raises(Refused, match=said):
        rules.values_of(OPEN, given_ones, currency="EUR")


def test_the_text_says_everything_and_both_statements_say_what_is_owed() -> None:
    values = rules.values_of(OPEN, [GivenValue("a", D(5000), "One of two."), GivenValue("b", D(0))], currency="EUR")
    text = canonical.read(
        rules.settlement_text(
            contract={"number": "N-1"},
            notice={"ref": "n"},
            number=2,
            currency="EUR",
            values=values,
            not_billed=[NotBilled("Support", 3, D(1500))],
            note="Agreed on site.",
        )
    )
    assert (D(text["accepted_and_invoiced"]), D(text["cancelled"])) == (D(5000), D(7500))
    assert [D(one["cancelled"]) for one in text["milestones"]] == [7000, 500]
    assert text["billed_no_more"] == [{"title": "Support", "count": 3, "amount": "1500"}]
    for side, owes in (("buyer", "We accept the work in progress"), ("seller", "We claim 5,000.00 EUR")):
        for is_answer in (True, False):
            said = rules.settlement_statement(
                side, organisation="X", number="N-1", settlement=2, valued=Money(D(5000), "EUR"), is_answer=is_answer
            )
            assert owes in str(said)
            assert len(said.version) <= 20

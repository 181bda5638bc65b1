"""A refusal is told in the reader's language; what somebody typed is told as it was typed."""

from decimal import Decimal

from django.utils import translation

from apps.core.errors import Refused
from apps.core.money import Money
from apps.core.percent import Percent
from apps.portals.forms import explain


def test_a_company_that_is_called_like_a_word_of_the_product_keeps_its_name() -> None:
    refused = Refused("You already belong to {name}.", name="Open")
    with translation.override("de"):
        assert translation.gettext("Open") != "Open"
        assert "Open" in explain(refused)


def test_words_of_the_product_are_translated() -> None:
    refused = Refused("This contract is {state}. Only a draft can be changed.", state="accepted")
    with translation.override("de"):
        assert "angenommen" in explain(refused)


def test_sums_are_written_as_the_reader_writes_them() -> None:
    refused = Refused("Nothing is open on {number}.", number=Money(Decimal("12666.67"), "EUR"))
    with translation.override("de"):
        assert "12.666,67 EUR" in explain(refused)
    assert "12,666.67 EUR" in explain(refused)


def test_a_percentage_in_a_refusal_is_written_as_the_reader_writes_it() -> None:
    refused = Refused(
        "A tax of {rate} is higher than any where {name} is: {highest} at most. Check the rate.",
        rate=Percent(Decimal("28.50")),
        highest=Percent(Decimal(27)),
        name="Berlin",
    )
    assert "A tax of 28.5% is higher than any where Berlin is: 27% at most" in str(refused)
    with translation.override("en"):
        assert "28.5%" in explain(refused)
    with translation.override("de"):
        said = explain(refused)
    assert ("28,5\N{NO-BREAK SPACE}%" in said, "27\N{NO-BREAK SPACE}%" in said) == (True, True)

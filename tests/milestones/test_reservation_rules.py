"""What may be listed and withheld, to what the buyer agrees, and what is withheld with its tax."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import money
from apps.core.errors import Refused
from apps.core.money import Money
from apps.invoicing import rules as billing
from apps.milestones import rules
from apps.milestones.rules import Defect

WHOLE = Money(Decimal("12000.00"), "EUR")
CRITERIA = {1: "The protocol shows no open defect.", 2: "Two users were shown how to use it."}
TODAY, BY = date(2026, 4, 2), date(2026, 4, 20)


def checked(*defects: Defect) -> list[Defect]:
    return rules.checked_defects(defects, whole=WHOLE, criteria=CRITERIA, today=TODAY)


def test_a_list_is_kept_trimmed_and_may_withhold_all_of_it_or_nothing() -> None:
    found = checked(Defect("  A  dent ", BY, Decimal(7000)), Defect("A stain", TODAY, Decimal(5000), text=" left "))
    assert [(one.title, one.text) for one in found] == [("A dent", ""), ("A stain", "left")]
    assert checked(Defect("A dent", BY))[0].amount == 0


@pytest.mark.parametrize(
    ("defects", "words"),
    [
        ([], "at least one"),
        ([Defect("A dent", BY)] * 51, "at most 50"),
        ([Defect("  ", BY)], "what it is"),
        ([Defect("A dent", date(2026, 4, 1))], "which is past"),
        ([Defect("A dent", BY, Decimal(-1))], "above zero"),
        ([Defect("A dent", BY, Decimal("0.005"))], "decimals"),
        ([Defect("A dent", BY, Decimal("NaN"))], "above zero"),
        ([Defect("A dent", BY, Decimal(12000)), Defect("A stain", BY, Decimal("0.01"))], "at most all of it"),
        ([Defect("A dent", BY, criterion_id=3)], "Reload the page"),
    ],
)
def test_what_cannot_be_listed_is_refused_in_words(defects: list[Defect], words: str) -> None:
    with pytest.raises(Refused, match=words):
        checked(*defects)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (Defect("  ", BY), "title"),
        (Defect("A stain", date(2026, 4, 1)), "due_on"),
        (Defect("A stain", BY, Decimal("0.005")), "amount"),
        (Defect("A stain", BY, text="x" * 5_000), "text"),
    ],
)
def test_a_refusal_says_which_defect_and_which_of_its_values(wrong: Defect, field: str) -> None:
    with pytest.raises(Refused, match=r"^Defect 2: ") as refused:
        checked(Defect("A dent", BY), wrong)
    assert (refused.value.field, refused.value.parts["number"]) == (field, 2)


def test_a_criterion_that_a_defect_names_is_not_met_and_every_other_one_is() -> None:
    listed = [Defect("A dent", BY, criterion_id=1), Defect("A stain", BY, criterion_id=1), Defect("Loose", BY)]
    verdicts = rules.verdicts_under(listed, criteria=CRITERIA)
    assert [(one.criterion_id, one.is_passed, one.reason) for one in verdicts] == [
        (1, False, "A dent; A stain"),
        (2, True, ""),
    ]


def test_the_statement_says_what_is_withheld_and_what_is_due() -> None:
    said = rules.reserving_statement(
        organisation="Aurora", title="Facade", cycle=2, amount=WHOLE, count=2, withheld=Money(Decimal(600), "EUR")
    )
    assert "the defects that I list, 2 in number," in str(said)
    assert "600.00 EUR net of tax are withheld" in str(said)
    assert "11,400.00 EUR are due" in str(said)


@given(
    nets=st.lists(st.decimals(min_value="0.01", max_value="99999", places=2), min_size=1, max_size=50),
    rate=st.sampled_from([Decimal(0), Decimal(7), Decimal(19), Decimal("8.125")]),
)
def test_all_of_an_invoice_withheld_is_its_total(nets: list[Decimal], rate: Decimal) -> None:
    found = billing.withheld_gross(nets, rate=rate, currency="EUR")
    net = money.total(nets)
    assert money.total(found) == net + money.half_up(net * rate / 100, "EUR")
    assert all(gross >= one for gross, one in zip(found, nets, strict=True))

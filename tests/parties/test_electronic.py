"""Electronic addresses and references: the right form passes and is normalised, the wrong one is refused."""

import pytest

from apps.core.errors import Refused
from apps.parties import electronic


@pytest.mark.parametrize(
    ("written", "scheme", "kept"),
    [
        ("", "", ("", "")),
        ("  ", "", ("", "")),
        (" Billing@Nordlicht.example ", "EM", ("billing@nordlicht.example", "EM")),
        ("04011000-1234512345-06", "0204", ("04011000-1234512345-06", "0204")),
        ("4012345 000009", "0088", ("4012345000009", "0088")),
        ("DE 136 695 976", "9930", ("DE136695976", "9930")),
        ("BE 0403.170.701", "0208", ("0403170701", "0208")),
        ("24301122", "0106", ("24301122", "0106")),
    ],
)
def test_an_address_is_kept_with_its_scheme(written: str, scheme: str, kept: tuple[str, str]) -> None:
    assert electronic.electronic_address(written, scheme=scheme) == kept


@pytest.mark.parametrize(
    ("written", "scheme", "field", "words"),
    [
        ("24301122", "", "electronic_scheme", "Choose what sort"),
        ("24301122", "4711", "electronic_scheme", "no address of this sort"),
        ("", "0106", "electronic_address", "Enter the address"),
        ("1" * 101, "0106", "electronic_address", "too long"),
        ("2430\u202e1122", "0106", "electronic_address", "cannot be seen"),
        ("billing@nordlicht", "EM", "electronic_address", "E-mail"),
        ("04011000-1234512345-07", "0204", "electronic_address", "digit by digit"),
        ("4012345000008", "0088", "electronic_address", "digit by digit"),
    ],
)
def test_an_address_that_would_not_arrive_is_refused(written: str, scheme: str, field: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        electronic.electronic_address(written, scheme=scheme)
    assert refused.value.field == field
    assert words in str(refused.value)


def test_peppol_knows_every_sort_that_can_be_chosen_but_the_mailbox() -> None:
    assert set(electronic.SCHEMES) - electronic.ON_PEPPOL == {"EM"}
    assert electronic.SELDOM.isdisjoint(electronic.SCHEMES)
    assert set(electronic.CHECKS) <= set(electronic.SCHEMES)


def test_a_reference_and_a_telephone_number_are_one_line_each() -> None:
    assert electronic.buyer_reference(" PO\n4711 ") == "PO 4711"
    assert electronic.phone(" +49  40 123") == "+49 40 123"
    assert electronic.phone("") == ""
    for wrong in ("none", "12", "1" * 61):
        with pytest.raises(Refused) as refused:
            electronic.phone(wrong)
        assert refused.value.field == "phone"

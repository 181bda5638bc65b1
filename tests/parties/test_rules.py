"""What an organisation may write about itself: the right form passes and is normalised, the wrong one is refused."""

from decimal import Decimal

import pytest

from apps.core.errors import Refused
from apps.parties import rules
from apps.parties.roles import FINANCIER_ROLES, TRADING_ROLES, Role


@pytest.mark.parametrize(
    ("number", "country", "kept"),
    [
        ("DE136695976", "DE", "DE136695976"),
        (" de 136 695 976 ", "DE", "DE136695976"),
        ("136695976", "DE", "DE136695976"),
        ("EL 094259216", "GR", "EL094259216"),
        ("094259216", "GR", "EL094259216"),
        ("GB 980 7806 84", "GB", "GB980780684"),
        ("CHE-107.787.577 IVA", "CH", "CHE107787577IVA"),
        ("12-3456789", "US", "12-3456789"),
        ("", "DE", ""),
        ("   ", "DE", ""),
    ],
)
def test_a_vat_number_is_kept_with_its_country_and_without_blanks(number: str, country: str, kept: str) -> None:
    assert rules.vat_number(number, country=country) == kept


@pytest.mark.parametrize(
    ("number", "country"),
    [("DE136695977", "DE"), ("ATU12345678", "AT"), ("GB980780685", "GB"), ("CHE107787578MWST", "CH"), ("１２３", "DE")],
)
def test_a_vat_number_with_wrong_digits_is_refused_at_its_field(number: str, country: str) -> None:
    with pytest.raises(Refused, match="not a valid VAT number") as refusal:
        rules.vat_number(number, country=country)
    assert refusal.value.field == "vat_number"


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        ("529900T8BM49AURSDO55", "529900T8BM49AURSDO55"),
        (" 5493 001k-jtii gc8y-1r12 ", "5493001KJTIIGC8Y1R12"),
        (" ", ""),
    ],
)
def test_an_lei_is_kept_without_blanks_and_hyphens(number: str, kept: str) -> None:
    assert rules.lei(number) == kept


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("529900T8BM49AURSDO56", "check digits of 529900T8BM49AURSDO56 do not fit"),
        ("529900T8BM49AURSD055", "check digits"),
        ("97", "not a valid LEI"),
        ("１２３", "not a valid LEI"),
    ],
)
def test_an_lei_with_wrong_characters_is_refused_at_its_field(number: str, why: str) -> None:
    with pytest.raises(Refused, match=why) as refusal:
        rules.lei(number)
    assert refusal.value.field == "lei"


def test_an_iban_is_kept_without_blanks_and_a_wrong_digit_is_refused() -> None:
    assert rules.iban("DE89 3704 0044 0532 0130 00") == "DE89370400440532013000"
    with pytest.raises(Refused, match="not a valid IBAN"):
        rules.iban("DE89 3704 0044 0532 0130 01")


def test_a_bic_has_eight_or_eleven_signs_or_is_left_out() -> None:
    assert rules.bic("cobadeffxxx") == "COBADEFFXXX"
    assert rules.bic("") == ""
    with pytest.raises(Refused, match="not a valid BIC"):
        rules.bic("COBADE")


def test_a_routing_number_has_a_right_check_digit() -> None:
    assert rules.routing_number("111000025") == "111000025"
    with pytest.raises(Refused, match="nine digits"):
        rules.routing_number("111000026")


@pytest.mark.parametrize("number", ["123", "12345678901234567890", "12a4567", "１２３４５"])
def test_an_account_number_is_four_to_seventeen_digits(number: str) -> None:
    with pytest.raises(Refused, match="4 to 17 digits"):
        rules.account_number(number)


def test_an_account_number_loses_its_dashes() -> None:
    assert rules.account_number("12-34 567") == "1234567"


def test_countries_currencies_and_time_zones_are_the_official_ones() -> None:
    assert rules.country("de") == "DE"
    assert {"EU", "ZZ", "UN"}.isdisjoint(rules.countries())
    assert len(rules.countries()) == 250
    assert rules.currency("eur") == "EUR"
    with pytest.raises(Refused):
        rules.country("EU")
    with pytest.raises(Refused):
        rules.currency("DEM")
    with pytest.raises(Refused):
        rules.time_zone("Mars/Base")


def test_a_legal_name_is_one_line_and_not_empty() -> None:
    assert rules.legal_name("  Nordlicht \n Software  GmbH ") == "Nordlicht Software GmbH"
    with pytest.raises(Refused, match="legal name"):
        rules.legal_name("   ")


def test_a_mailbox_is_written_in_lower_case() -> None:
    assert rules.mailbox(" Sina@Nordlicht.Example ") == "sina@nordlicht.example"


def test_a_member_has_a_role_that_exists_in_the_organisation() -> None:
    assert rules.team_roles({Role.OWNER, Role.BILLING}, allowed=TRADING_ROLES) == ["billing", "owner"]
    with pytest.raises(Refused, match="at least one role"):
        rules.team_roles(frozenset(), allowed=TRADING_ROLES)
    with pytest.raises(Refused, match="does not exist"):
        rules.team_roles({Role.TREASURY}, allowed=TRADING_ROLES)
    with pytest.raises(Refused, match="does not exist"):
        rules.team_roles({Role.DELIVERY}, allowed=FINANCIER_ROLES)


def _limit(amount: str | None, role: str) -> Decimal | None:
    limit = None if amount is None else Decimal(amount)
    return rules.approval_limit(limit, roles={role}, signing={Role.OWNER, Role.APPROVER}, currency="EUR")


def test_only_who_signs_off_has_a_limit() -> None:
    assert _limit("5000", Role.APPROVER) == Decimal("5000.00")
    assert _limit(None, Role.DELIVERY) is None
    with pytest.raises(Refused, match="Only owners and approvers"):
        _limit("5000", Role.DELIVERY)


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "NaN", "10000000000000"])
def test_a_limit_is_an_amount_that_can_be_paid(amount: str) -> None:
    with pytest.raises(Refused) as refusal:
        _limit(amount, Role.APPROVER)
    assert refusal.value.field == "approval_limit"

"""Completeness, deadlines, limits and texts of sign-off, without a database."""

from decimal import Decimal

import pytest

from apps.core.errors import NotAllowed, Refused
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.rules import CriterionText, CriterionVerdict, FileText

FILE = FileText("protocol.pdf", "application/pdf", 10, "0" * 64)


def criterion(*, needs_evidence: bool = False, is_met: bool = True, files: tuple[FileText, ...] = ()) -> CriterionText:
    return CriterionText(1, "It works.", needs_evidence, is_met, "", files)


def test_a_submission_is_complete_when_everything_is_met_and_shown() -> None:
    rules.check_complete([criterion(), criterion(needs_evidence=True, files=(FILE,))])


def test_an_unmet_criterion_is_named() -> None:
    with pytest.raises(Refused, match=r"“It works\.” is not marked as met\."):
        rules.check_complete([criterion(is_met=False)])


def test_missing_evidence_is_named() -> None:
    with pytest.raises(Refused, match=r"“It works\.” needs evidence: attach a file to it\."):
        rules.check_complete([criterion(needs_evidence=True)])


CRITERIA = {1: "It works.", 2: "It is shown."}


def test_one_defect_with_its_reason_is_enough_to_refuse() -> None:
    rules.checked_verdicts([CriterionVerdict(1, is_passed=False, reason="It does not.")], criteria=CRITERIA)


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ([], "Name at least one criterion"),
        ([CriterionVerdict(1, is_passed=True), CriterionVerdict(2, is_passed=True)], "Name at least one criterion"),
        ([CriterionVerdict(1, is_passed=False, reason="  ")], r"Say what is missing for “It works\.”"),
        ([CriterionVerdict(3, is_passed=False, reason="No.")], "not the criteria of this milestone"),
        ([CriterionVerdict(1, is_passed=False, reason="No.")] * 2, "not the criteria of this milestone"),
        ([CriterionVerdict(1, is_passed=False, reason="x" * 2_001)], "longer than 2000"),
    ],
)
def test_refusing_work_without_a_named_defect_is_refused(verdicts: list[CriterionVerdict], words: str) -> None:
    with pytest.raises(Refused, match=words):
        rules.checked_verdicts(verdicts, criteria=CRITERIA)


def test_a_sign_off_within_the_limit_is_permitted_to_the_cent() -> None:
    rules.check_limit(Money(Decimal("12000.00"), "EUR"), limit=Decimal("12000.00"), limit_currency="EUR")
    rules.check_limit(Money(Decimal("12000.00"), "EUR"), limit=None, limit_currency="USD")


def test_a_sign_off_one_cent_above_the_limit_is_refused() -> None:
    with pytest.raises(NotAllowed, match=r"comes to 12,000\.01 EUR; you sign off up to 12,000\.00 EUR"):
        rules.check_limit(Money(Decimal("12000.01"), "EUR"), limit=Decimal("12000.00"), limit_currency="EUR")


def test_a_limit_in_another_currency_permits_nothing() -> None:
    with pytest.raises(NotAllowed, match="Your limit is in USD, this milestone in EUR"):
        rules.check_limit(Money(Decimal("1.00"), "EUR"), limit=Decimal("12000.00"), limit_currency="USD")


def test_the_statements_say_what_is_agreed_to() -> None:
    statement = rules.acceptance_statement(
        organisation="Meridian", title="Prototype", cycle=2, amount=Money(Decimal("12000.00"), "EUR")
    )
    assert statement.version == "acceptance-1"
    assert "An invoice for 12,000.00 EUR net of tax is issued on my acceptance." in str(statement)

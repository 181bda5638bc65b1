"""What holds for one line: the terms of its contract, with those of its own in their place."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import pytest

from apps.contracts import line_wording, wording
from apps.contracts.charges import BonusTerms, ChargeTerms, DamageTerms, Rate
from apps.contracts.drafts import ContractDraft, DraftCriterion, DraftLine, Due, LineTerms
from apps.contracts.exemptions import Exemption
from apps.contracts.retention import RetentionTerms
from apps.contracts.rules import Agreed, CashTerms, ReviewTerms, check_proposal, expected_cash
from apps.contracts.rules.checks import check_line
from apps.contracts.rules.difference import PaperLine
from apps.contracts.rules.plan_texts import plan_text, read_plan
from apps.contracts.rules.texts import all_terms, own_text
from apps.core import canonical
from apps.core.errors import Refused

DAMAGES = DamageTerms(Rate(amount=Decimal(100), days=7, cap=Decimal(10)), grace_days=3)
CHARGES = ChargeTerms(DAMAGES, BonusTerms(Rate(percent=Decimal("0.5"))), "outside")
ALL_OF_ITS_OWN = LineTerms(
    payment_days=0,
    partial_acceptance=False,
    needs_inspection=True,
    two_acceptors=True,
    question_suspensions=1,
    damages_percent=Decimal("0.25"),
    bonus_percent=Decimal(0),
    tax_category="E",
    tax_rate=Decimal(0),
    exemption_code="VATEX-EU-132-1I",
    exemption_reason="Section 4 no. 21 of the German VAT act",
)


@dataclass(frozen=True)
class Terms:
    payment_days: int = 30
    payment_basis: str = "net"
    partial_acceptance: bool = True
    needs_inspection: bool = False
    second_acceptor_above: Decimal | None = Decimal(10000)
    question_suspensions: int = 3
    charge_terms: ChargeTerms | None = CHARGES
    tax_category: str = "AE"
    tax_rate: Decimal = Decimal(0)
    exemption_code: str = "VATEX-FR-AE"
    exemption_reason: str = ""


def test_a_line_that_says_nothing_has_the_terms_of_its_contract() -> None:
    agreed = Agreed(Terms(), LineTerms())
    assert (agreed.due_on(date(2026, 4, 1)), agreed.partial_acceptance) == (date(2026, 5, 1), True)
    assert (agreed.needs_inspection, agreed.question_suspensions, agreed.charges) == (False, 3, CHARGES)
    assert [agreed.needs_second(Decimal(amount)) for amount in (10000, 10001)] == [False, True]
    assert (agreed.tax_category, agreed.tax_rate) == ("AE", Decimal(0))


def test_its_own_stand_in_their_place() -> None:
    agreed = Agreed(Terms(), ALL_OF_ITS_OWN)
    assert (agreed.due_on(date(2026, 4, 1)), agreed.partial_acceptance) == (date(2026, 4, 1), False)
    assert (agreed.needs_inspection, agreed.question_suspensions) == (True, 1)
    assert (agreed.tax_category, agreed.tax_rate) == ("E", Decimal(0))
    assert agreed.exemption == Exemption(
        exemption_code="VATEX-EU-132-1I", exemption_reason="Section 4 no. 21 of the German VAT act"
    )
    assert Agreed(Terms(), LineTerms(payment_days=7)).exemption == Exemption(exemption_code="VATEX-FR-AE")
    reduced = LineTerms(tax_category="S", tax_rate=Decimal(7))
    assert Agreed(Terms(), reduced).exemption == Exemption(), "the contract's reason is of the contract's treatment"
    exempt = Agreed(Terms(tax_category="S", tax_rate=Decimal(19)), LineTerms(tax_category="E", tax_rate=Decimal(0)))
    assert (exempt.tax_category, exempt.tax_rate) == ("E", Decimal(0))
    assert agreed.needs_second(Decimal("0.01")), "whatever it comes to"
    assert not Agreed(Terms(), LineTerms(two_acceptors=False)).needs_second(Decimal(99999))
    charges = agreed.charges
    assert charges is not None
    assert charges.damages == replace(DAMAGES, rate=Rate(percent=Decimal("0.25"), days=7, cap=Decimal(10)))
    assert (charges.bonus, charges.back_charges) == (None, "outside"), "0: none of it"
    assert Agreed(Terms(charge_terms=None), ALL_OF_ITS_OWN).charges is None
    # Days to pay of its own are counted as the contract counts its.
    assert Agreed(Terms(payment_basis="month_end"), ALL_OF_ITS_OWN).due_on(date(2026, 4, 1)) == date(2026, 4, 30)


def test_old_texts_stay_as_they_were_and_new_terms_are_named_only_where_they_are_agreed() -> None:
    old = LineTerms(review_days=3)
    assert own_text(old) == {"review_days": 3, "silence": "", "is_cumulative": False}
    assert list(all_terms(old)) == [
        *("review_days", "silence", "is_cumulative", "retention_rate", "is_materials", "condition", "documents")
    ]
    said = own_text(ALL_OF_ITS_OWN)
    assert said is not None
    assert (said["payment_days"], said["two_acceptors"], said["bonus_percent"]) == (0, True, Decimal(0))
    line = DraftLine("Prototype", own=ALL_OF_ITS_OWN)
    assert read_plan(plan_text([line])) == (line,)
    assert read_plan(canonical.text([{**canonical.read(plan_text([line]))[0], "own": said}])) == (line,)


def test_what_a_line_cannot_have_is_refused() -> None:
    def kept(own: LineTerms, **more: object) -> DraftLine:
        line = DraftLine("One", basis="remainder", own=own)
        return check_line(replace(line, **more), position=1, currency="EUR")  # type: ignore[arg-type]

    for own, why in (
        (LineTerms(payment_days=366), "days to pay of line 1"),
        (LineTerms(question_suspensions=4), "At most 3 questions"),
        (LineTerms(damages_percent=Decimal(101)), "damages and bonus of line 1"),
        (LineTerms(bonus_percent=Decimal("0.00001")), "damages and bonus of line 1"),
    ):
        with pytest.raises(Refused) as refused:
            kept(own)
        assert why in str(refused.value)
    assert kept(ALL_OF_ITS_OWN).own == ALL_OF_ITS_OWN
    deposit = kept(ALL_OF_ITS_OWN, kind="deposit", due=Due())
    assert deposit.own == LineTerms(
        payment_days=0,
        tax_category="E",
        tax_rate=Decimal(0),
        exemption_code="VATEX-EU-132-1I",
        exemption_reason="Section 4 no. 21 of the German VAT act",
    ), "nobody signs a deposit off"


def draft(own: LineTerms, **more: object) -> ContractDraft:
    lines = (DraftLine("All", basis="remainder", criteria=(DraftCriterion("Works."),), own=own),)
    said = ContractDraft(
        "1", "Deal", "buyer", "EUR", Decimal(1000), signatory_name="Bea", signatory_email="b@x.example"
    )
    return replace(said, lines=lines, **{"tax_rate": Decimal(19), **more})  # type: ignore[arg-type]


def test_own_terms_that_mean_nothing_in_their_contract_are_refused_at_the_proposal() -> None:
    for own, more, why in (
        (LineTerms(damages_percent=Decimal(0)), {}, "damages for delay of its own"),
        (LineTerms(bonus_percent=Decimal(1)), {"charges": ChargeTerms(DAMAGES)}, "a bonus of its own"),
        (LineTerms(payment_days=7), {"bills_by": "application"}, "days to pay of its own"),
        (
            LineTerms(partial_acceptance=True),
            {"retention": RetentionTerms(Decimal(0), payable_most=Decimal(90))},
            "Take acceptance in part out",
        ),
    ):
        with pytest.raises(Refused) as refused:
            check_proposal(draft(own, **more))
        assert why in str(refused.value), own
    with pytest.raises(Refused) as refused:
        check_proposal(draft(ALL_OF_ITS_OWN))
    assert ("damages for delay of its own" in str(refused.value), "a bonus of its own" in str(refused.value)) == (
        True,
        True,
    ), "all at once"
    assert check_proposal(draft(ALL_OF_ITS_OWN, charges=CHARGES)) == [Decimal(1000)]


def test_what_a_plan_brings_counts_the_days_of_each_line() -> None:
    day, amount = date(2026, 4, 1), Decimal(500)
    lines = [
        PaperLine("A", "", "amount", None, amount, day, (), LineTerms(payment_days=7)),
        PaperLine("B", "", "amount", None, amount, day, ()),
        PaperLine("C", "", "amount", None, amount, None, (), LineTerms(payment_days=0), "deposit", Due()),
    ]
    terms = CashTerms(review=ReviewTerms(10, "calendar", "DE", "", "Europe/Berlin", "accepted"), payment_days=30)
    found = expected_cash(lines, signed_on=day, terms=terms, currency="EUR")
    assert [one.on for one in found] == [date(2026, 4, 18), date(2026, 5, 11), day]


def test_it_is_said_in_plain_words() -> None:
    said = " ".join(wording.own_terms(ALL_OF_ITS_OWN))
    for words in (
        *("Days to pay of its invoice: 0", "It is accepted whole.", "inspects it first", "Two people of the buyer"),
        *("One question about a submission of it", "Its delay costs 0.25%", "Being early earns no bonus."),
        "Its invoice bears another tax: Exempt: Section 4 no. 21 of the German VAT act (VATEX-EU-132-1I).",
    ):
        assert words in said, words
    review = ReviewTerms(10, "calendar", "DE", "", "Europe/Berlin", "accepted")
    holds = dict(line_wording.holds(Agreed(Terms(), LineTerms(payment_days=7)), review, currency="EUR"))
    assert holds["Payment"] == "within 7 days of the invoice's date"
    assert holds["Steps of acceptance"].startswith("No inspection comes before its acceptance. Above 10,000.00")
    assert holds["Damages for delay"].startswith("A milestone that is accepted late costs the seller")

"""What can be written into a draft, what a proposal needs, and whose mailbox may sign for the buyer."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.contracts import rules
from apps.contracts.drafts import ContractDraft, DraftCriterion, DraftLine
from apps.contracts.retention import RetentionRelease, RetentionTerms
from apps.core import canonical
from apps.core.errors import Refused

FIVE = RetentionTerms(Decimal(5), name="performance", releases=(RetentionRelease(Decimal(100)),))
LINE = DraftLine(title="All of it", basis="remainder", criteria=(DraftCriterion("It works."),))
DRAFT = ContractDraft(
    number="7",
    title="Deal",
    buyer_ref="b",
    currency="EUR",
    price=Decimal("100.00"),
    tax_rate=Decimal(19),
    signatory_name="Bea",
    signatory_email="bea@buyer.example",
    lines=(LINE,),
)


def test_a_draft_has_a_canonical_text() -> None:
    assert canonical.read(canonical.text(DRAFT))["lines"][0]["criteria"][0]["text"] == "It works."


def test_a_draft_is_kept_trimmed_and_its_mailbox_in_lower_case() -> None:
    checked = rules.check_draft(replace(DRAFT, title="  Deal ", signatory_email=" Bea@Buyer.Example "))
    assert (checked.title, checked.signatory_email) == ("Deal", "bea@buyer.example")


def test_a_draft_may_lack_its_signatory_its_lines_and_their_amounts() -> None:
    rules.check_draft(replace(DRAFT, signatory_name="", signatory_email="", lines=()))
    rules.check_draft(replace(DRAFT, lines=(DraftLine(title="Later", basis="amount"),)))


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"number": " "}, "number", "The contract number is missing."),
        ({"title": "x" * 161}, "title", "The title is longer than 160 characters."),
        ({"title": "a\x00b"}, "title", "The title contains signs that cannot be seen. Type it anew."),
        ({"currency": "XXY"}, "currency", "XXY is not a currency in use."),
        ({"price": Decimal(0)}, "price", "Enter an amount above zero."),
        ({"price": Decimal("0.001")}, "price", "EUR has 2 decimals; this amount has more. Round it first."),
        ({"price": Decimal("Infinity")}, "price", "Enter an amount above zero."),
        ({"payment_basis": "weeks"}, "payment_basis", "Choose from when the days to pay count."),
        ({"payment_days": -1}, "payment_days", "The days to pay are between 0 and 365."),
        ({"review_days": 0}, "review_days", "The days to review are between 1 and 365."),
        ({"tax_category": "Q"}, "tax_category", "Choose a tax treatment from the list."),
        ({"tax_category": "AE"}, "tax_rate", "Only the standard rate bears tax. Enter 0 for this treatment."),
        (
            {"tax_rate": Decimal(101)},
            "tax_rate",
            "The tax rate is a percentage between 0 and 100 with at most three decimals.",
        ),
        (
            {"retention": replace(FIVE, further=(replace(FIVE, name="defects", rate=Decimal(51)),))},
            "second_retention_rate",
            "The rate of retention is a percentage between 0 and 50 with at most three decimals.",
        ),
        ({"signatory_email": "bea"}, "signatory_email", "bea is not an e-mail address."),
        ({"signatory_email": "b@a@c.de"}, "signatory_email", "b@a@c.de is not an e-mail address."),
        ({"lines": (LINE, LINE)}, "lines", "Only one line of the plan can be the remainder."),
        ({"lines": (LINE,) * 10_001}, "lines", "A plan has at most 10000 lines."),
        ({"lines": (replace(LINE, title=""),)}, "lines", "The name of a milestone is missing."),
        (
            {"lines": (replace(LINE, criteria=(DraftCriterion(" "),)),)},
            "lines",
            "The acceptance criterion is missing.",
        ),
        (
            {"lines": (replace(LINE, basis="guess"),)},
            "lines",
            "Line 1 of the plan must be an amount, a percentage or the remainder.",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_field(changes: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        rules.check_draft(replace(DRAFT, **changes))
    assert (refused.value.field, str(refused.value)) == (field, words)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"signatory_name": ""}, "signatory_name", "Name the person who signs off for the buyer."),
        (
            {"signatory_email": ""},
            "signatory_email",
            "Give the e-mail of the person who signs off for the buyer.",
        ),
        (
            {"tax_rate": Decimal(0)},
            "tax_rate",
            "The standard rate is above zero. Choose another tax treatment for no tax.",
        ),
        ({"lines": ()}, "lines", "Add at least one milestone to the plan."),
        (
            {"lines": (replace(LINE, criteria=()),)},
            "lines",
            "Say what makes “All of it” complete: add at least one acceptance criterion.",
        ),
    ],
)
def test_a_proposal_lacks_nothing(changes: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        rules.check_proposal(replace(DRAFT, **changes))
    assert (refused.value.field, str(refused.value)) == (field, words)


def test_a_complete_draft_gives_the_amounts_of_its_lines() -> None:
    assert rules.check_proposal(DRAFT) == [Decimal("100.00")]


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_kept_or_refused_in_words(text: str) -> None:
    try:
        kept = rules.check_draft(replace(DRAFT, terms=text, signatory_email=text, number=text)).number
    except Refused as refused:
        kept = str(refused)
    assert kept


SELLERS = [
    "sina@nordlicht.example",
    "sina.privat@gmail.com",
    "office@nordlicht.example",
    "ben@me.com",
    "cara@fastmail.com",
    "pia@proton.me",
    "dario@münchen.example",
]


@pytest.mark.parametrize(
    "mailbox",
    [
        "bea@meridian.example",
        "bea@gmail.com",
        "sina@anders-nordlicht.example",
        "ben@outlook.com",
        "s.ina@icloud.com",
        "bea@fastmail.com",
        "+@meridian.example",
        "bea@..",
    ],
)
def test_a_mailbox_of_the_buyer_may_sign(mailbox: str) -> None:
    rules.check_signatory(mailbox, sellers=SELLERS)


@pytest.mark.parametrize(
    "mailbox",
    [
        "sina@nordlicht.example",
        "SINA.Privat@GMAIL.com",
        "somebody@nordlicht.example",
        "somebody@mail.nordlicht.example",
        "Somebody@NORDLICHT.example",
        pytest.param("sina+buyer@nordlicht.example", id="a tag in the own mailbox"),
        pytest.param("sina.privat+buyer@gmail.com", id="a tag with a public provider"),
        pytest.param("s.i.n.a.privat@gmail.com", id="dots that the provider ignores"),
        pytest.param("sinaprivat@googlemail.com", id="another domain of the provider"),
        pytest.param("ben@icloud.com", id="yet another domain of a provider"),
        pytest.param("pia@protonmail.ch", id="an old domain of a provider"),
        pytest.param("buyer@cara.fastmail.com", id="the name as a sub-domain"),
        pytest.param("\uff33ina@nordlicht.example", id="a wide letter"),
        pytest.param("x@\uff4eordlicht.example", id="a wide letter in the domain"),
        pytest.param("sina@nordlicht.example.", id="a dot at the end"),
        pytest.param("x@xn--mnchen-3ya.example", id="the domain as name servers write it"),
    ],
)
def test_a_mailbox_of_the_seller_never_signs_for_the_buyer(mailbox: str) -> None:
    with pytest.raises(Refused, match="belongs to the seller"):
        rules.check_signatory(mailbox, sellers=SELLERS)


def test_having_a_public_mail_provider_in_common_says_nothing() -> None:
    assert rules.domain_of("x@gmail.com") == ""
    assert rules.domain_of("x@Nordlicht.Example") == "nordlicht.example"

"""Why a supply bears no tax: the list VATEX whole, each code with its treatment, and a reason where one is needed."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import translation

from apps.contracts import exemption_wording
from apps.contracts.drafts import ChangedTerms, ContractDraft, DraftCriterion, DraftLine, LineTerms
from apps.contracts.exemptions import CATEGORY_OF, CODES, Exemption, code_of
from apps.contracts.rules import check_proposal, with_terms
from apps.contracts.rules.checks import check_draft
from apps.contracts.rules.exemptions import check_exemption
from apps.core.errors import Refused
from apps.invoicing.einvoice import standard

D = Decimal
EDUCATION = "VATEX-EU-132-1I"


def draft(*owns: LineTerms, **more: object) -> ContractDraft:
    """A contract that is exempt, with a milestone of 1,000.00 for each of the own terms."""
    lines = tuple(
        DraftLine(f"M{place}", basis="amount", amount=D(1000), criteria=(DraftCriterion("Works."),), own=own)
        for place, own in enumerate(owns, start=1)
    )
    price = D(1000) * max(len(owns), 1)
    said = ContractDraft("1", "Deal", "b", "EUR", price, signatory_name="Bea", signatory_email="b@x.example")
    return replace(said, **{"lines": lines, "tax_category": "E", **more})  # type: ignore[arg-type]


def test_the_codes_are_those_that_the_published_rules_let_pass() -> None:
    rules = standard.folder() / "ubl-2.1" / "EN16931-UBL-validation.xslt"
    published = {code.upper() for code in re.findall("VATEX-[A-Z0-9-]+", rules.read_text(), re.IGNORECASE)}
    assert published == set(CATEGORY_OF)
    assert sum(map(len, CODES.values())) == len(CATEGORY_OF), "each code belongs to one treatment"


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_code_says_something_of_its_own(language: str) -> None:
    with translation.override(language):
        said = [exemption_wording.named(code) for code in CATEGORY_OF]
        assert len(set(said)) == len(said)
        picked = [code for _group, codes in exemption_wording.choices() for code, _words in codes]
    assert sorted(picked) == sorted(code for code, category in CATEGORY_OF.items() if category in ("E", "AE"))
    with translation.override("en"):
        assert exemption_wording.named(EDUCATION) == (
            "article 132(1)(i) of Directive 2006/112/EC (education, vocational training or retraining)"
        )
        assert exemption_wording.named("VATEX-FR-CGI261-4") == "article 261, 4 of the French tax code"


def test_a_reason_is_kept_as_it_is_meant() -> None:
    def kept(code: str, words: str, category: str) -> tuple[str, str]:
        said = Exemption(exemption_code=code, exemption_reason=words)
        return check_exemption(said, category=category, field="exemption_code")

    assert kept(" vatex-eu-132-1i ", "  Section 4\n no. 21 ", "E") == (EDUCATION, "Section 4 no. 21")
    assert kept("VATEX-EU-AE", "", "AE") == ("", ""), "what the treatment says already"
    assert kept("VATEX-FR-AE", "", "AE") == ("VATEX-FR-AE", "")
    assert kept("", "", "S") == ("", "")
    for code, words, category, why in (
        ("VATEX-EU-999", "", "E", "VATEX-EU-999 is no code of the list VATEX"),
        ("VATEX-EU-AE", "", "E", "VATEX-EU-AE belongs to another tax treatment"),
        (EDUCATION, "", "AE", "belongs to another tax treatment"),
        ("VATEX-EU-G", "", "K", "belongs to another tax treatment"),
        (EDUCATION, "", "S", "Only what bears no tax has a reason"),
        ("", "Small business", "Z", "Only what bears no tax has a reason"),
        ("", "x" * 201, "E", "longer than 200"),
        ("", "Section\u200b4", "E", "cannot be seen"),
    ):
        with pytest.raises(Refused) as refused:
            kept(code, words, category)
        assert why in str(refused.value), (code, category)
    assert [code_of(category) for category in ("AE", "K", "G", "O", "E", "S")] == [
        *("VATEX-EU-AE", "VATEX-EU-IC", "VATEX-EU-G", "VATEX-EU-O"),
        *("", ""),
    ]


def test_what_is_exempt_says_why_before_it_is_proposed() -> None:
    check_draft(draft(LineTerms()))  # A draft may be unfinished.
    for said, field, why in (
        (draft(LineTerms()), "exemption_reason", "An invoice of an exempt supply must say why"),
        (
            draft(LineTerms(tax_category="E", tax_rate=D(0)), tax_category="S", tax_rate=D(19)),
            "lines",
            "“M1” is exempt from tax, and its invoice must say why",
        ),
    ):
        with pytest.raises(Refused) as refused:
            check_proposal(said)
        assert (refused.value.field, why in str(refused.value)) == (field, True)
    check_proposal(draft(LineTerms(), exemption_reason="Small business"))
    check_proposal(draft(LineTerms(), exemption_code=EDUCATION))
    check_proposal(draft(LineTerms(tax_category="S", tax_rate=D(19))))  # No line is taxed as the contract.
    own = LineTerms(tax_category="E", tax_rate=D(0), exemption_code=EDUCATION)
    check_proposal(draft(own, LineTerms(), tax_category="S", tax_rate=D(19)))
    with pytest.raises(Refused, match="Line 1 says why it is exempt, and not that it is"):
        check_draft(draft(LineTerms(exemption_reason="Small business"), exemption_code=EDUCATION))


def test_in_a_change_order_the_reason_goes_with_its_treatment() -> None:
    exempt = draft(LineTerms(), exemption_code=EDUCATION, exemption_reason="Section 4 no. 21")
    taxed = with_terms(exempt, ChangedTerms(tax_category="S", tax_rate=D(19)))
    assert (taxed.tax_category, taxed.exemption_code, taxed.exemption_reason) == ("S", "", "")
    other = with_terms(exempt, ChangedTerms(exemption_code="", exemption_reason="Small business"))
    assert (other.tax_category, other.exemption_code, other.exemption_reason) == ("E", "", "Small business")
    again = with_terms(taxed, ChangedTerms(tax_category="E", exemption_code="VATEX-EU-135-1"))
    assert (again.tax_rate, again.exemption_code) == (D(0), "VATEX-EU-135-1")
    with pytest.raises(Refused, match="Only what bears no tax has a reason"):
        with_terms(taxed, ChangedTerms(exemption_code=EDUCATION))

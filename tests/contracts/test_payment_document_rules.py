"""Documents before payment: which an invoice waits for, when it is due then, and how the term is written down."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from apps.contracts import rules
from apps.contracts.drafts import ContractDraft, DraftCriterion, DraftLine, LineTerms
from apps.contracts.payment_documents import PaymentDocuments, Wanted
from apps.contracts.rules import payment_documents as documents
from apps.contracts.rules.schedule import read_schedule, written_schedule
from apps.core.errors import Refused

WAIVER, BOND, TAX = "Conditional waiver of lien", "Performance bond", "Tax clearance"
TERMS = PaymentDocuments(each=(WAIVER,), once=(BOND,))


def test_an_invoice_waits_for_what_the_contract_and_its_line_ask_for_each_once() -> None:
    own = LineTerms(documents=(TAX, WAIVER.upper()))
    assert documents.wanted(TERMS, own) == (Wanted(WAIVER), Wanted(BOND, is_once=True), Wanted(TAX))
    assert documents.wanted(None, own) == (Wanted(TAX), Wanted(WAIVER.upper()))
    assert documents.wanted(TERMS, None) == (Wanted(WAIVER), Wanted(BOND, is_once=True))
    assert documents.wanted(None, None) == ()


@pytest.mark.parametrize(
    ("days", "confirmed_on", "due_on"),
    [
        ("begin", date(2026, 3, 20), date(2026, 4, 19)),
        ("begin", date(2026, 3, 1), date(2026, 4, 1)),  # confirmed where it is a day earlier: never before the invoice
        ("run", date(2026, 3, 20), date(2026, 4, 1)),
        ("run", date(2026, 5, 4), date(2026, 5, 4)),
    ],
)
def test_when_it_is_due_then(days: str, confirmed_on: date, due_on: date) -> None:
    found = documents.due_with_documents(
        days, issued_on=date(2026, 3, 2), confirmed_on=confirmed_on, payment_days=30, payment_basis="net"
    )
    assert found == due_on


@pytest.mark.parametrize(
    "terms",
    [
        PaymentDocuments(each=(WAIVER, WAIVER.lower())),
        PaymentDocuments(each=(WAIVER,), once=(WAIVER,)),
        PaymentDocuments(each=("x" * 121,)),
        PaymentDocuments(each=tuple(f"Paper {n}" for n in range(11))),
        PaymentDocuments(each=(WAIVER,), days="whenever"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(terms: PaymentDocuments) -> None:
    with pytest.raises(Refused):
        documents.check_payment_documents(terms)


def test_a_term_without_names_asks_for_nothing() -> None:
    assert documents.check_payment_documents(PaymentDocuments(each=("  ",))) is None
    assert documents.check_payment_documents(PaymentDocuments(once=(f"  {BOND} ",))) == PaymentDocuments(once=(BOND,))


def test_it_is_in_the_text_that_is_signed_in_templates_and_in_sheets() -> None:
    line = DraftLine(
        "Shell",
        basis="amount",
        amount=Decimal(1000),
        criteria=(DraftCriterion("It stands."),),
        own=LineTerms(documents=(TAX, BOND)),
    )
    draft = ContractDraft("C-1", "Hall", "", "EUR", Decimal(1000), payment_documents=TERMS, lines=(line,))
    kept = rules.read_template(rules.template_text(draft))
    assert (kept.payment_documents, kept.lines) == (TERMS, (line,))
    plain = rules.read_template(rules.template_text(replace(draft, payment_documents=None)))
    assert plain.payment_documents is None
    for language in ("en", "de"):
        rows = list(written_schedule([line], amounts=[line.amount], language=language))
        read = read_schedule(rows, currency="EUR")
        assert [one.own for one in read.lines] == [line.own]

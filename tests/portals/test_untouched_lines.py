"""A page of a change order as a browser sends it: every field, with nothing in those that nobody touched."""

from dataclasses import replace
from decimal import Decimal

from django.forms import BooleanField, Form

from apps.contracts.drafts import DraftCriterion, DraftLine, Due, LineTerms
from apps.contracts.rules import PlacedLine
from apps.portals.changing.lines import CalendarLineForm, LineForm, NewLineForm
from apps.portals.drafting import plan

UNTOUCHED = {
    "new-0-kind": "milestone",
    "new-0-period": "month",
    "new-0-start": "signature",
    **{f"new-0-{name}": "" for name in ("title", "amount", "recovery", "own_silence", "condition", "documents")},
}


def test_a_new_line_that_nobody_touched_is_none() -> None:
    assert not NewLineForm(UNTOUCHED, prefix="new-0", currency="EUR").has_changed()


def test_documents_and_conditions_that_cannot_be_read_are_refused_in_words() -> None:
    typed = {**UNTOUCHED, "new-0-documents": "x" * 1_000, "new-0-condition": "from: never"}
    form = NewLineForm(typed, prefix="new-0", currency="EUR")
    assert form.has_changed()
    assert form.errors["documents"] == ["Name a document in at most 120 characters."]
    assert form.errors["condition"] == ["“never” is no day. Write it as 2027-03-01."]


OWN = LineTerms(
    payment_days=0,
    partial_acceptance=False,
    needs_inspection=True,
    two_acceptors=False,
    question_suspensions=0,
    damages_percent=Decimal("0.25"),
    bonus_percent=Decimal(0),
    tax_category="S",
    tax_rate=Decimal(7),
)


CRITERIA = (
    DraftCriterion("Works.", nature="objective"),
    DraftCriterion("It pleases.", nature="subjective"),
    DraftCriterion("Shown [in May]", needs_evidence=True),
)


def sent(form: Form) -> dict[str, str]:
    """What a browser sends back of a form that it was shown."""
    shown = {one.html_name: one.value() for one in form if not isinstance(one.field, BooleanField)}
    return {name: "" if value is None else str(value) for name, value in shown.items()}


def test_own_terms_come_back_as_they_were_shown_and_untouched_ones_are_no_change() -> None:
    line = DraftLine("Prototype", basis="amount", amount=Decimal(100), criteria=CRITERIA, own=OWN)
    placed = PlacedLine(1, line, Decimal(100))
    form = LineForm(sent(LineForm(placed=placed, currency="EUR")), placed=placed, currency="EUR")
    assert form.is_valid(), form.errors
    assert form.changed() is None
    typed = sent(LineForm(placed=placed, currency="EUR"))
    assert typed["line-1-criteria"] == "Works. [objective]\nIt pleases. [subjective]\nShown [in May] *"
    typed |= {
        "line-1-two_acceptors": "",
        "line-1-payment_days": "14",
        "line-1-criteria": f"{typed['line-1-criteria']} ",
    }
    form = LineForm(typed, placed=placed, currency="EUR")
    assert form.is_valid(), form.errors
    changed = form.changed()
    assert changed is not None
    assert changed.line is not None
    assert changed.line.own == replace(OWN, two_acceptors=None, payment_days=14)
    assert changed.line.criteria == CRITERIA
    rows = plan.rows_of([line])
    posted = {"plan-count": "1", "plan-0-count": "3", "plan-0-c-2-needs_evidence": "on"}
    (shown,) = plan.shown(rows, currency="EUR")
    assert shown.form.has_own
    posted |= sent(shown.form)
    for criterion in shown.criteria:
        posted |= sent(criterion)
    (read,) = plan.checked(plan.read(posted), currency="EUR")
    assert read.is_valid, read.form.errors
    assert (read.draft().own, read.draft().criteria) == (OWN, CRITERIA)


def test_a_deposit_has_days_to_pay_in_a_change_order() -> None:
    deposit = DraftLine("Deposit", basis="amount", amount=Decimal(50), kind="deposit", due=Due())
    placed = PlacedLine(2, deposit, Decimal(50))
    typed = sent(CalendarLineForm(placed=placed, currency="EUR")) | {
        "line-2-payment_days": "7",
        "line-2-tax_category": "E",
    }
    form = CalendarLineForm(typed, placed=placed, currency="EUR")
    assert form.is_valid(), form.errors
    changed = form.changed()
    assert changed is not None
    assert changed.line == replace(deposit, own=LineTerms(payment_days=7, tax_category="E"))

"""A page of a change order as a browser sends it: every field, with nothing in those that nobody touched."""

from apps.portals.changing.lines import NewLineForm

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

"""Silence that lets interest run counts an invoice as due before it is: not where something else makes it due.

An application for payment is due by its certificate, and what waits for documents not before them, so there the term
would say nothing.
"""

from apps.contracts.billing import BY_APPLICATION
from apps.contracts.drafts import MILESTONE, ContractDraft
from apps.contracts.payment_documents import PaymentDocuments
from apps.contracts.rules.review import INTEREST
from apps.core.errors import Refused


def check_interest(draft: ContractDraft, *, before: ContractDraft | None = None) -> None:
    """Refuse a term that means nothing, by the milestone; ``before`` a change order, what was signed so stays so."""
    found = _without_meaning(draft)
    if not found or (before is not None and found <= _without_meaning(before)):
        return
    if draft.bills_by == BY_APPLICATION:
        raise Refused(
            "Where applications for payment are billed, interest counts from their certificate, and not from the end of"
            " a review. Choose something else for when the buyer says nothing.",
            field="silence",
        )
    raise Refused(
        "“{milestone}” is not due before its documents are confirmed, so silence lets no interest run. Choose something"
        " else for when the buyer says nothing, or leave the documents out.",
        field="silence",
        milestone=sorted(found)[0],
    )


def _without_meaning(draft: ContractDraft) -> set[str]:
    """The milestones of every plan, by title, of which silence would let interest run, and cannot."""
    terms = draft.payment_documents or PaymentDocuments()
    lines = [*draft.lines, *(line for option in draft.options for line in option.lines)]
    return {
        line.title
        for line in lines
        if line.kind == MILESTONE
        and (line.own.silence or draft.silence) == INTEREST
        and (draft.bills_by == BY_APPLICATION or terms.each or terms.once or line.own.documents)
    }

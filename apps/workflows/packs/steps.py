"""What came before a decision, as an evidence pack tells it: questions, inspections, the first of two acceptances."""

from typing import Any, Final

from apps.core import canonical
from apps.milestones.models import FirstAcceptance, Inspection, Question, Submission

RELATED: Final = ("questions", "inspections__verdicts__criterion")
"""What is read along with the submissions."""


def steps_of(submission: Submission) -> dict[str, Any] | None:
    """All that happened to a submission before it was decided; None when nothing did."""
    first: FirstAcceptance | None = getattr(submission, "first_acceptance", None)
    questions, inspections = list(submission.questions.all()), list(submission.inspections.all())
    if not questions and not inspections and first is None:
        return None
    return {
        "submission": submission.ref,
        "questions": [_question(one) for one in questions],
        "inspections": [_inspection(one) for one in inspections],
        "first_acceptance": _first(first) if first is not None else None,
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "ref": question.ref,
        "number": question.number,
        "name": question.name,
        "email": question.email,
        "asked_at": question.asked_at,
        "text": question.text,
        "stops_clock": question.stops_clock,
        "due_before": question.due_before,
        "answered_at": question.answered_at,
        "answered_by": question.answered_name,
        "answer": question.answer,
        "due_after": question.due_after,
    }


def _inspection(inspection: Inspection) -> dict[str, Any]:
    verdicts = sorted(inspection.verdicts.all(), key=lambda one: one.criterion.position)
    return {
        "name": inspection.name,
        "email": inspection.email,
        "inspected_at": inspection.inspected_at,
        "is_passed": inspection.is_passed,
        "comment": inspection.comment,
        "sha256": inspection.sha256,
        "verdicts": [
            {"criterion": one.criterion.text, "is_passed": one.is_passed, "reason": one.reason} for one in verdicts
        ],
    }


def _first(first: FirstAcceptance) -> dict[str, Any]:
    return {
        "name": first.name,
        "email": first.email,
        "organisation": first.organisation_name,
        "accepted_at": first.accepted_at,
        "amount": first.amount,
        **({"quantity": first.quantity} if first.quantity is not None else {}),
        **({"reservations": _listed(first)} if first.defects else {}),
        "comment": first.comment,
        "statement": first.statement,
        "statement_version": first.statement_version,
        "statement_sha256": canonical.sha256(first.statement),
        "proved_by": first.proved_by,
        "proved_at": first.proved_at,
        **({"circumstances": first.circumstances} if first.circumstances is not None else {}),
        "sha256": first.sha256,
    }


def _listed(first: FirstAcceptance) -> list[dict[str, Any]]:
    """The defects that the first listed, in the words of which the chain has the hash."""
    return [{part: value for part, value in one.items() if part != "criterion_id"} for one in first.defects or ()]

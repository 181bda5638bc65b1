"""The guards of a review clock that may stand still: for a question that stops it, and while it is disputed."""

from typing import Final

from apps.core.database import guards

CLOCK_GUARDS: Final = (
    guards.refused_when(
        "the_clock_stops_for_question_or_dispute",
        guards.UPDATE,
        "OLD.suspended_at IS NOT NULL OR (NOT EXISTS (SELECT 1 FROM milestones_question q"
        " WHERE q.submission_id = NEW.id AND q.stops_clock AND q.answered_at IS NULL AND q.asked_at = NEW.suspended_at"
        " AND q.due_before = OLD.review_due_at) AND NOT EXISTS (SELECT 1 FROM milestones_dispute d"
        " WHERE d.submission_id = NEW.id AND d.state IN ('open', 'proposed') AND d.stopped_at = NEW.suspended_at"
        " AND d.due_before = OLD.review_due_at))",
        only="NEW.suspended_at IS NOT NULL AND NEW.suspended_at IS DISTINCT FROM OLD.suspended_at",
    ),
    guards.refused_when(
        "a_deadline_told_moves_for_answer_or_settlement",
        guards.UPDATE,
        "(NOT EXISTS (SELECT 1 FROM milestones_question q WHERE q.submission_id = NEW.id AND q.stops_clock"
        " AND q.asked_at = OLD.suspended_at AND NEW.suspended_at IS NULL AND q.answered_at = NEW.resumed_at"
        " AND q.due_after = NEW.review_due_at) OR EXISTS (SELECT 1 FROM milestones_dispute d"
        " WHERE d.submission_id = NEW.id AND d.state IN ('open', 'proposed')))"
        " AND NOT EXISTS (SELECT 1 FROM milestones_dispute d WHERE d.submission_id = NEW.id"
        " AND d.stopped_at = OLD.suspended_at AND NEW.suspended_at IS NULL AND d.settled_at = NEW.resumed_at"
        " AND d.due_after = NEW.review_due_at)",
        only="OLD.notified_at IS NOT NULL AND ((NEW.review_due_at, NEW.resumed_at) IS DISTINCT FROM"
        " (OLD.review_due_at, OLD.resumed_at) OR (OLD.suspended_at IS NOT NULL AND NEW.suspended_at IS NULL))",
    ),
)
"""A question stops the clock, its answer starts it again and moves the deadline to the one that the answer names. So
does a dispute, and its end; while it lasts no answer starts the clock."""

"""The guards of a notice by mail: it stands, unless the mail came back within 24 hours; and silence waits so long."""

from typing import Final

from apps.core.database import guards

_CAME_BACK: Final = (
    "EXISTS (SELECT 1 FROM contracts_mailfailure f WHERE f.mail_id = {row}.notice_id"
    " AND f.received_at <= {row}.notified_at + interval '24 hours')"
)

NOTICE_GUARDS: Final = (
    guards.refused_when(
        "a_notice_stands_unless_it_came_back",
        guards.UPDATE,
        "NEW.notified_at IS NOT NULL OR NOT " + _CAME_BACK.format(row="OLD"),
        only="OLD.notified_at IS NOT NULL AND (NEW.notified_at, NEW.notified_by, NEW.notice_id)"
        " IS DISTINCT FROM (OLD.notified_at, OLD.notified_by, OLD.notice_id)",
    ),
    guards.refused_when(
        "only_what_came_back_came_back",
        guards.UPDATE,
        "(CASE WHEN NEW.came_back_at IS NULL THEN NOT (OLD.notified_at IS NULL AND NEW.notified_at IS NOT NULL)"
        " ELSE OLD.notified_at IS NULL OR NOT " + _CAME_BACK.format(row="OLD") + " END)",
        only="NEW.came_back_at IS DISTINCT FROM OLD.came_back_at",
    ),
)
"""Taken away, and not moved: the next proof is written where none stands."""

SILENCE_WAITS_FOR_THE_NOTICE: Final = guards.refused_when(
    "silence_decides_nothing_of_what_came_back",
    guards.INSERT,
    "EXISTS (SELECT 1 FROM milestones_submission s WHERE s.id = NEW.submission_id AND (s.came_back_at IS NOT NULL"
    " OR (s.notified_by = 'mail' AND (coalesce(NEW.recorded_at, NEW.decided_at) < s.notified_at + interval '24 hours'"
    f" OR {_CAME_BACK.format(row='s')}))))",
    only="NEW.rule <> '' OR NEW.accepted_for_interest_at IS NOT NULL",
).seeing_all()
"""What silence decides, also for interest alone, rests on a notice that has stood for 24 hours."""

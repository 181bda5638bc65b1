"""What must have happened before an acceptance is written down, as the database checks it of every decision."""

from typing import Final

import pgtrigger

from apps.contracts.models.readers import reader
from apps.core.database import guards

_VERSION: Final = (
    "contracts_contract c JOIN milestones_submission s ON s.id = NEW.submission_id"
    " JOIN milestones_milestone m ON m.id = s.milestone_id JOIN contracts_planline l ON l.id = m.line_id"
    " JOIN contracts_contractversion v ON v.id = l.version_id"
)
_ABOVE: Final = "CASE WHEN l.two_acceptors IS NULL THEN v.second_acceptor_above WHEN l.two_acceptors THEN 0 END"
"""The amount above which two people accept the milestone, as :class:`apps.contracts.rules.Agreed` reads it."""
_NEWEST: Final = (
    "NOT EXISTS (SELECT 1 FROM milestones_inspection j WHERE j.submission_id = i.submission_id AND j.id > i.id)"
)

_STEPS: Final = guards.Guard(
    name="steps_before_an_acceptance",
    operation=guards.INSERT,
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("NEW.outcome IN ('accepted', 'partly_accepted', 'deemed_accepted')"),
    declare=[("agreed", "record")],
    func=(
        # One look at what was agreed of it; most contracts agree on none of the three, and nothing more is asked.
        "SELECT coalesce(l.needs_inspection, v.needs_inspection) AS needs_inspection, l.is_cumulative,"
        f" {_ABOVE} AS above INTO agreed FROM milestones_submission s"
        " JOIN milestones_milestone m ON m.id = s.milestone_id JOIN contracts_planline l ON l.id = m.line_id"
        " JOIN contracts_contractversion v ON v.id = l.version_id WHERE s.id = NEW.submission_id;"
        " IF agreed.is_cumulative THEN IF EXISTS (SELECT 1 FROM milestones_submission s"
        " JOIN milestones_milestone m ON m.id = s.milestone_id"
        " JOIN milestones_milestone p ON p.contract_id = m.contract_id AND p.position < m.position"
        " WHERE s.id = NEW.submission_id"
        " AND (p.state NOT IN ('accepted', 'nullified', 'cancelled') OR p.accepted_at > NEW.decided_at))"
        " THEN RAISE EXCEPTION 'accepted after everything above it' USING ERRCODE = 'check_violation'; END IF; END IF;"
        " IF NEW.outcome IN ('accepted', 'partly_accepted') THEN"
        " IF agreed.needs_inspection THEN IF NOT EXISTS (SELECT 1 FROM milestones_inspection i"
        " WHERE i.submission_id = NEW.submission_id"
        f" AND i.user_id IS DISTINCT FROM NEW.user_id AND {reader('i.email')} <> {reader('NEW.email')}"
        f" AND (i.is_passed OR NEW.outcome = 'partly_accepted') AND {_NEWEST})"
        " THEN RAISE EXCEPTION 'inspected before it is accepted' USING ERRCODE = 'check_violation'; END IF; END IF;"
        # What waited is read of the text that was shown: an acceptance in part has lowered the amount by now.
        " IF agreed.above IS NOT NULL THEN IF EXISTS (SELECT 1 FROM milestones_submission s"
        " WHERE s.id = NEW.submission_id"
        " AND (s.canonical_text::jsonb -> 'milestone' ->> 'amount')::numeric > agreed.above)"
        " AND NOT EXISTS (SELECT 1 FROM milestones_firstacceptance f WHERE f.submission_id = NEW.submission_id"
        " AND (f.user_id IS NULL OR f.user_id IS DISTINCT FROM NEW.user_id)"
        f" AND {reader('f.email')} <> {reader('NEW.email')})"
        " THEN RAISE EXCEPTION 'two people accept what is large' USING ERRCODE = 'check_violation'; END IF; END IF;"
        " END IF; RETURN NEW;"
    ),
).seeing_all()
"""The milestones above, an inspection, two people: each where the line, or else its version, asks for it."""

STEP_GUARDS: Final = (
    _STEPS,
    guards.refused_when(
        "silence_decides_what_was_agreed",
        guards.INSERT,
        f"NOT EXISTS (SELECT 1 FROM {_VERSION}"
        " WHERE c.id = NEW.contract_id AND s.contract_id = NEW.contract_id AND s.notified_at IS NOT NULL"
        " AND s.suspended_at IS NULL AND s.review_due_at = NEW.decided_at"
        " AND NEW.outcome = 'deemed_' || coalesce(nullif(l.silence, ''), v.silence)"
        " AND NOT (NEW.outcome = 'deemed_accepted' AND EXISTS (SELECT 1 FROM milestones_inspection i"
        f" WHERE i.submission_id = s.id AND NOT i.is_passed AND {_NEWEST})))",
        only="NEW.rule <> ''",
    ),
    guards.refused_when(
        "for_interest_it_counts_from_the_deadline",
        guards.INSERT,
        f"NOT EXISTS (SELECT 1 FROM {_VERSION}"
        " WHERE c.id = NEW.contract_id AND NEW.outcome IN ('accepted', 'partly_accepted')"
        " AND s.notified_at IS NOT NULL AND s.suspended_at IS NULL AND NEW.decided_at > s.review_due_at"
        " AND s.review_due_at = NEW.accepted_for_interest_at"
        " AND coalesce(nullif(l.silence, ''), v.silence) = 'interest')",
        only="NEW.accepted_for_interest_at IS NOT NULL",
    ),
    guards.refused_when(
        "silence_accepts_nothing_that_is_disputed",
        guards.INSERT,
        "EXISTS (SELECT 1 FROM milestones_dispute d WHERE d.submission_id = NEW.submission_id"
        " AND (d.state IN ('open', 'proposed')"
        " OR (NEW.outcome = 'deemed_accepted' AND d.state IN ('upheld', 'partly_upheld'))))",
        only="NEW.rule <> ''",
    ),
    guards.refused_when(
        "nobody_accepts_what_the_same_side_disputes",
        guards.INSERT,
        "EXISTS (SELECT 1 FROM milestones_dispute d"
        " WHERE d.submission_id = NEW.submission_id AND d.raised_by = 'buyer' AND d.state IN ('open', 'proposed'))",
        only="NEW.outcome = 'accepted'",
    ).seeing_all(),
)
"""Inspection, two people, predecessors; silence, which never accepts what was found defective; and disputes."""

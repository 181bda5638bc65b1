"""What a milestone waits for, as the database checks it of every submission."""

from typing import Final

from apps.core.database import guards

_PARTS: Final = (
    "SELECT 1 FROM contracts_planline p JOIN milestones_milestone a"
    " ON a.contract_id = m.contract_id AND a.position = p.position"
    " WHERE p.version_id = l.version_id AND p.kind = 'milestone' AND p.title = x.value"
)
_TRIGGERS: Final = (
    f"SELECT EXISTS ({_PARTS} AND a.state = 'accepted') AND NOT EXISTS ({_PARTS}"
    " AND a.state NOT IN ('accepted', 'nullified', 'cancelled')) AS met"
    " FROM jsonb_array_elements_text(l.condition -> 'milestones') x"
    " UNION ALL SELECT (l.condition ->> 'on')::date <= (NEW.submitted_at AT TIME ZONE o.time_zone)::date"
    " WHERE l.condition ->> 'on' IS NOT NULL"
    " UNION ALL SELECT EXISTS (SELECT 1 FROM milestones_confirmedevent e"
    " WHERE e.contract_id = m.contract_id AND e.event = y.value AND e.confirmed_at <= NEW.submitted_at)"
    " FROM jsonb_array_elements_text(l.condition -> 'events') y"
)

SUBMITTED_ONCE_MET: Final = guards.refused_when(
    "submitted_once_what_it_waits_for_has_happened",
    guards.UPDATE,
    "EXISTS (SELECT 1 FROM milestones_milestone m JOIN contracts_planline l ON l.id = m.line_id"
    " JOIN contracts_contract c ON c.id = m.contract_id JOIN parties_organisation o ON o.id = c.seller_id"
    " WHERE m.id = NEW.milestone_id AND l.condition IS NOT NULL AND NOT coalesce((SELECT CASE l.condition ->> 'needs'"
    f" WHEN 'any' THEN bool_or(t.met) ELSE bool_and(t.met) END FROM ({_TRIGGERS}) t), false))",
    only="OLD.state = 'draft' AND NEW.state = 'submitted'",
).seeing_all()
"""Mirrors :func:`apps.contracts.rules.conditions.is_met`."""

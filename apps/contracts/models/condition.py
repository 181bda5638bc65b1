"""What the database checks of a milestone that waits for something before it can be submitted."""

from typing import Final

from apps.core.database import guards

OF_CONDITION: Final = guards.refused_when(
    "a_condition_names_what_it_waits_for",
    guards.INSERT_OR_UPDATE,
    "NOT coalesce(NEW.kind = 'milestone' AND NEW.condition ->> 'needs' IN ('all', 'any')"
    " AND jsonb_typeof(NEW.condition -> 'milestones') = 'array' AND jsonb_typeof(NEW.condition -> 'events') = 'array'"
    " AND jsonb_array_length(NEW.condition -> 'milestones') + jsonb_array_length(NEW.condition -> 'events')"
    " + ((NEW.condition ->> 'on')::date IS NOT NULL)::int > 0, false)",
    only="NEW.condition IS NOT NULL",
)
"""Of one line, also while its version is a draft."""

NAMED_ONCE: Final = guards.at_commit(
    "what_a_milestone_waits_for_is_in_its_plan",
    guards.INSERT_OR_UPDATE,
    "IF EXISTS (SELECT 1 FROM contracts_planline l, jsonb_array_elements_text(l.condition -> 'milestones') t"
    " WHERE l.version_id = NEW.id AND l.condition IS NOT NULL AND 1 <> (SELECT count(*) FROM contracts_planline m"
    " WHERE m.version_id = NEW.id AND m.kind = 'milestone' AND m.title = t.value))"
    " THEN RAISE EXCEPTION 'a milestone of version % waits for one that is not there once', NEW.id"
    " USING ERRCODE = 'check_violation'; END IF;",
    only="NEW.proposed_at IS NOT NULL",
)
"""Of what is proposed."""

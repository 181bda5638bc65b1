"""What the database checks of the retention that a version agrees on."""

from typing import Final

from apps.core.database import guards

OF_RETENTION: Final = guards.refused_when(
    "retention_has_a_rate_and_ends",
    guards.INSERT_OR_UPDATE,
    "NEW.retention IS NOT NULL AND EXISTS (SELECT 1 FROM jsonb_array_elements(jsonb_build_array(NEW.retention)"
    " || coalesce(NEW.retention -> 'further', '[]')) k WHERE NOT coalesce((k ->> 'rate')::numeric BETWEEN 0 AND 50"
    " AND coalesce((k ->> 'materials_rate')::numeric, 0) BETWEEN 0 AND 50"
    " AND (NEW.proposed_at IS NULL OR (SELECT sum((r ->> 'share')::numeric)"
    " FROM jsonb_array_elements(k -> 'releases') r WHERE NOT coalesce((r ->> 'only')::boolean, false)) = 100),"
    " false))",
)
"""Of each kind a rate, and from the proposal on releases of all that is withheld."""

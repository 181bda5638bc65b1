"""What the database checks of the retention that a version agrees on."""

from typing import Final

from apps.core.database import guards

OF_RETENTION: Final = guards.refused_when(
    "retention_has_a_rate_and_ends",
    guards.INSERT_OR_UPDATE,
    "NEW.retention IS NOT NULL AND NOT coalesce((NEW.retention ->> 'rate')::numeric BETWEEN 0 AND 50"
    " AND (NEW.proposed_at IS NULL OR (SELECT sum((r ->> 'share')::numeric)"
    " FROM jsonb_array_elements(NEW.retention -> 'releases') r) = 100), false)",
)
"""A rate, and from the proposal on releases of all that is withheld."""

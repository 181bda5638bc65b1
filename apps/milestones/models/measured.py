"""What Postgres holds of milestones that are agreed by quantity."""

from typing import Final

from apps.core.database import guards

QUANTITIES_ADD_UP: Final = guards.at_commit(
    "quantities_add_up_to_the_line",
    guards.INSERT_OR_UPDATE,
    "IF EXISTS (SELECT 1 FROM contracts_contract c JOIN contracts_planline l ON l.version_id = c.active_version_id"
    " AND l.position = NEW.position WHERE c.id = NEW.contract_id AND c.state <> 'terminated'"
    " AND (SELECT CASE WHEN l.quantity IS NULL THEN bool_or(m.quantity IS NOT NULL"
    " AND m.state NOT IN ('accepted', 'nullified', 'submitted'))"
    " WHEN bool_and(m.quantity IS NOT NULL AND m.nullified = 0) THEN sum(m.quantity) <> l.quantity END"
    " FROM milestones_milestone m WHERE m.contract_id = c.id AND m.position = NEW.position AND m.state <> 'cancelled'))"
    " THEN RAISE EXCEPTION 'the quantities of milestone % do not add up to what was agreed', NEW.id"
    " USING ERRCODE = 'check_violation'; END IF;",
)
"""The parts of a line add up to its quantity as long as each of them says one; what is open of a lump sum says none."""

"""What Postgres holds of milestones that are agreed by quantity."""

from typing import Final

from apps.core.database import guards

QUANTITIES_ADD_UP: Final = guards.at_commit(
    "quantities_add_up_to_the_line",
    guards.INSERT_OR_UPDATE,
    # What goes on to its acceptance as it stands cannot break it, and that is what most writes are.
    "IF (NEW.contract_id, NEW.position, NEW.quantity, NEW.nullified, NEW.state = 'cancelled')"
    " IS DISTINCT FROM (OLD.contract_id, OLD.position, OLD.quantity, OLD.nullified, OLD.state = 'cancelled')"
    " OR NEW.state NOT IN ('submitted', 'accepted', 'nullified') THEN"
    " IF EXISTS (SELECT 1 FROM contracts_contract c JOIN contracts_planline l ON l.version_id = c.active_version_id"
    " AND l.position = NEW.position WHERE c.id = NEW.contract_id AND c.state <> 'terminated'"
    " AND (SELECT CASE WHEN l.quantity IS NULL THEN bool_or(m.quantity IS NOT NULL"
    " AND m.state NOT IN ('accepted', 'nullified', 'submitted'))"
    " WHEN bool_and(m.quantity IS NOT NULL AND m.nullified = 0) THEN sum(m.quantity) <> l.quantity END"
    " FROM milestones_milestone m WHERE m.contract_id = c.id AND m.position = NEW.position AND m.state <> 'cancelled'))"
    " THEN RAISE EXCEPTION 'the quantities of milestone % do not add up to what was agreed', NEW.id"
    " USING ERRCODE = 'check_violation'; END IF; END IF;",
).seeing_all()
"""The parts of a line add up to its quantity as long as each of them says one; what is open of a lump sum says none."""

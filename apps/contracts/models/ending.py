"""What Postgres holds of a contract that both sides ended before everything was done."""

from typing import Final

from apps.core.database import guards

TERMINATED: Final = guards.at_commit(
    "terminated_by_what_both_sides_settled",
    guards.INSERT_OR_UPDATE,
    # Postgres has no river: what is open is found downstream, where nothing says by itself that the contract ended.
    "IF (SELECT c.state FROM contracts_contract c WHERE c.id = NEW.id) = 'terminated'"
    " AND (NOT EXISTS (SELECT 1 FROM contracts_termination t WHERE t.contract_id = NEW.id AND t.state = 'settled')"
    " OR NOT EXISTS (SELECT 1 FROM milestones_settlement s WHERE s.contract_id = NEW.id AND s.state = 'signed')"
    " OR EXISTS (SELECT 1 FROM milestones_milestone m WHERE m.contract_id = NEW.id"
    " AND m.state NOT IN ('accepted', 'nullified', 'cancelled'))"
    " OR EXISTS (SELECT 1 FROM invoicing_instalment i WHERE i.contract_id = NEW.id"
    " AND i.billed_at IS NULL AND i.cancelled_at IS NULL))"
    " THEN RAISE EXCEPTION 'contract % is terminated and not settled', NEW.id"
    " USING ERRCODE = 'check_violation'; END IF;",
)
"""Of the contract: nothing is left open by its termination."""

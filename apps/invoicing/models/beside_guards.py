"""Guards of an invoice that bills nothing of the plan: a statement, a claim of interest, a bonus say what for."""

from apps.core.database import guards

OF_WHAT_IS_BESIDE = [
    guards.at_commit(
        "a_statement_releases_what_was_retained",
        guards.INSERT,
        "IF NOT EXISTS (SELECT 1 FROM invoicing_retentionrelease l WHERE l.invoice_id = NEW.id)"
        " THEN RAISE EXCEPTION 'statement % releases nothing', NEW.number"
        " USING ERRCODE = 'check_violation'; END IF;",
        only="NEW.kind = 'retention_release'",
    ),
    guards.at_commit(
        "a_claim_of_interest_says_for_what",
        guards.INSERT,
        "IF (SELECT sum(l.interest + l.fee) FROM invoicing_lateclaim l WHERE l.claim_id = NEW.id)"
        " IS DISTINCT FROM NEW.gross THEN RAISE EXCEPTION 'claim % differs from what it claims', NEW.number"
        " USING ERRCODE = 'check_violation'; END IF;",
        only="NEW.kind = 'late_charge'",
    ),
    guards.at_commit(
        "a_bonus_is_charged",
        guards.INSERT,
        "IF NOT EXISTS (SELECT 1 FROM invoicing_charge c WHERE c.invoice_id = NEW.id AND c.kind = 'bonus'"
        " AND c.net = NEW.net) THEN RAISE EXCEPTION 'bonus % is charged by nobody', NEW.number"
        " USING ERRCODE = 'check_violation'; END IF;",
        only="NEW.kind = 'bonus'",
    ),
]

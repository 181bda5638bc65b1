"""What Postgres asks of a settlement when a milestone ends by it: the value that both sides signed."""

from typing import Final

from apps.core.database import guards

_SIGNED: Final = (
    "EXISTS (SELECT 1 FROM milestones_valuation v JOIN milestones_settlement s ON s.id = v.settlement_id"
    " WHERE v.milestone_id = NEW.id AND s.state = 'signed' AND {how})"
)
VALUED: Final = "OLD.state IN ('planned', 'changes_requested') AND NEW.state = 'accepted' AND " + _SIGNED.format(
    how="v.amount = NEW.amount AND v.unbilled = OLD.amount"
)
"""Whether an update accepts an open milestone at the value that both sides signed at termination."""
VALUED_AT_NOTHING: Final = _SIGNED.format(how="v.amount = 0")
"""Whether a milestone is cancelled because both sides signed that nothing is owed for it."""
NOT_OWED: Final = (
    "(SELECT coalesce(sum(v.unbilled - v.amount), 0) FROM milestones_valuation v JOIN milestones_settlement s"
    " ON s.id = v.settlement_id JOIN milestones_milestone o ON o.id = v.milestone_id WHERE s.state = 'signed'"
    " AND o.contract_id = {contract} AND o.position = {position})"
)
"""What of the milestones at a position both sides signed not to be owed at termination; without it, they add up to less
than was agreed."""

GUARDS: Final = (
    guards.refused_when(
        "accepted_without_submission_only_as_valued",
        guards.UPDATE,
        f"NOT ({VALUED})",
        only="OLD.state IN ('planned', 'changes_requested') AND NEW.state = 'accepted'",
    ),
    guards.refused_when(
        "no_milestone_joins_a_contract_that_ended",
        guards.INSERT,
        "EXISTS (SELECT 1 FROM contracts_contract c WHERE c.id = NEW.contract_id AND c.state = 'terminated')",
    ),
)
"""Of milestones: open ones end by a value that both sides signed, and none comes after the end."""

NOTHING_IS_SENT: Final = guards.refused_when(
    "nothing_is_sent_after_the_end",
    guards.INSERT_OR_UPDATE,
    "EXISTS (SELECT 1 FROM contracts_contract c WHERE c.id = NEW.contract_id AND c.state = 'terminated')",
    only="NEW.state IN ('draft', 'submitted')",
)
"""Of submissions."""

DECIDED: Final = (
    guards.refused_when(
        "nothing_is_decided_after_the_end",
        guards.INSERT,
        "EXISTS (SELECT 1 FROM contracts_contract c WHERE c.id = NEW.contract_id AND c.state = 'terminated')",
    ).seeing_all(),
    guards.refused_when(
        "settled_as_the_buyer_signed",
        guards.INSERT,
        "NOT EXISTS (SELECT 1 FROM milestones_submission u"
        " JOIN milestones_valuation v ON v.milestone_id = u.milestone_id AND v.amount > 0"
        " JOIN milestones_settlement s ON s.id = v.settlement_id AND s.state = 'signed'"
        " JOIN milestones_settlementsignature g ON g.settlement_id = s.id AND g.side = 'buyer'"
        " WHERE u.id = NEW.submission_id AND g.user_id IS NOT DISTINCT FROM NEW.user_id"
        " AND g.grant_id IS NOT DISTINCT FROM NEW.grant_id AND g.statement = NEW.statement"
        " AND g.sha256 = NEW.sha256)",
        only="NEW.outcome = 'settled'",
    ),
)
"""Of decisions: the buyer's signature under the settlement is the sign-off, and the last one."""

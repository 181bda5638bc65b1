"""What may be done with milestones. Workflows call these inside their transaction, with the contract locked."""

from apps.milestones.evidence import StoredFile
from apps.milestones.rules import CriterionAnswer, CriterionVerdict, Part
from apps.milestones.services.deciding import (
    accept,
    acceptance_statement,
    changes_statement,
    decide_by_silence,
    needs_proof,
    request_changes,
)
from apps.milestones.services.files import (
    attach,
    discard_unless_known,
    opened,
    receive,
    remove,
    submission_without,
    sweep_orphans,
    was_removed,
)
from apps.milestones.services.parts import accept_part, part_amount, part_statement
from apps.milestones.services.planning import (
    contract_of_evidence,
    contract_of_milestone,
    lock_contract_of_submission,
    open_milestones,
    plan,
)
from apps.milestones.services.reviewing import (
    SILENCE,
    DueReview,
    deadline_if_notified,
    next_moment,
    note_delivery,
    remind,
    reviews_due,
)
from apps.milestones.services.submitting import open_draft, prepare, preview, submit, withdraw

__all__ = [
    "SILENCE",
    "CriterionAnswer",
    "CriterionVerdict",
    "DueReview",
    "Part",
    "StoredFile",
    "accept",
    "accept_part",
    "acceptance_statement",
    "attach",
    "changes_statement",
    "contract_of_evidence",
    "contract_of_milestone",
    "deadline_if_notified",
    "decide_by_silence",
    "discard_unless_known",
    "lock_contract_of_submission",
    "needs_proof",
    "next_moment",
    "note_delivery",
    "open_draft",
    "open_milestones",
    "opened",
    "part_amount",
    "part_statement",
    "plan",
    "prepare",
    "preview",
    "receive",
    "remind",
    "remove",
    "request_changes",
    "reviews_due",
    "submission_without",
    "submit",
    "sweep_orphans",
    "was_removed",
    "withdraw",
]

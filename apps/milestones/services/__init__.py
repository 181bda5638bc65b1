"""What may be done with milestones. Workflows call these inside their transaction, with the contract locked."""

from apps.milestones.evidence import StoredFile
from apps.milestones.rules import CriterionAnswer, CriterionVerdict, Defect, GivenValue, NotBilled, Part
from apps.milestones.services.accepting import accept
from apps.milestones.services.asking import answer, ask, contract_of_question
from apps.milestones.services.carrying_out import carry_out
from apps.milestones.services.deciding import (
    acceptance_statement,
    changes_statement,
    needs_proof,
    request_changes,
)
from apps.milestones.services.dispute_course import reason_of
from apps.milestones.services.dispute_dates import (
    MissedPosition,
    next_missed,
    positions_missed,
    remind_of_position,
)
from apps.milestones.services.dispute_files import attach_to_dispute, receive_for_dispute
from apps.milestones.services.disputing import (
    contract_of_dispute,
    dispute_billed,
    dispute_submission,
    withdraw_dispute,
    write_position,
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
from apps.milestones.services.lapsing import decide_by_silence
from apps.milestones.services.mending import (
    agree_reduction,
    contract_of_offer,
    contract_of_reservation,
    needs_proof_for,
    offer_reduction,
    reason_of_reduction,
    release_reservation,
    report_mended,
    say_missing,
)
from apps.milestones.services.nullifying import (
    ask_by_change,
    ask_nullification,
    check_may_take_back,
    contract_of_nullification,
    decline_nullification,
    grant_nullification,
    needs_own_proof,
    withdraw_nullification,
)
from apps.milestones.services.parts import accept_part, part_amount, part_statement
from apps.milestones.services.passing import colleagues, pass_to
from apps.milestones.services.planning import (
    contract_of_evidence,
    contract_of_milestone,
    lock_contract_of_submission,
    open_milestones,
    plan,
)
from apps.milestones.services.replanning import Deduction, check_change, deductions, follow_active_version, replan
from apps.milestones.services.reserving import (
    accept_with_reservations,
    checked_defects,
    listed_text,
    reserving_statement,
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
from apps.milestones.services.settlement_texts import SettlementDraft, draft_settlement, open_values, signable
from apps.milestones.services.settlements import (
    contract_of_settlement,
    end_overtaken_settlements,
    end_settlements,
    needs_proof_to_end,
    propose_settlement,
    sign_settlement,
    waiting_settlement,
    withdraw_settlement,
)
from apps.milestones.services.settling import (
    agree_outcome,
    contract_of_proposal,
    needs_proof_to_settle,
    propose_outcome,
)
from apps.milestones.services.silence import agreed_silence
from apps.milestones.services.stepping import Ahead, first_statement, inspect, what_is_ahead
from apps.milestones.services.submitting import open_draft, prepare, preview, submit, withdraw

__all__ = [
    "SILENCE",
    "Ahead",
    "CriterionAnswer",
    "CriterionVerdict",
    "Deduction",
    "Defect",
    "DueReview",
    "GivenValue",
    "MissedPosition",
    "NotBilled",
    "Part",
    "SettlementDraft",
    "StoredFile",
    "accept",
    "accept_part",
    "accept_with_reservations",
    "acceptance_statement",
    "agree_outcome",
    "agree_reduction",
    "agreed_silence",
    "answer",
    "ask",
    "ask_by_change",
    "ask_nullification",
    "attach",
    "attach_to_dispute",
    "carry_out",
    "changes_statement",
    "check_change",
    "check_may_take_back",
    "checked_defects",
    "colleagues",
    "contract_of_dispute",
    "contract_of_evidence",
    "contract_of_milestone",
    "contract_of_nullification",
    "contract_of_offer",
    "contract_of_proposal",
    "contract_of_question",
    "contract_of_reservation",
    "contract_of_settlement",
    "deadline_if_notified",
    "decide_by_silence",
    "decline_nullification",
    "deductions",
    "discard_unless_known",
    "dispute_billed",
    "dispute_submission",
    "draft_settlement",
    "end_overtaken_settlements",
    "end_settlements",
    "first_statement",
    "follow_active_version",
    "grant_nullification",
    "inspect",
    "listed_text",
    "lock_contract_of_submission",
    "needs_own_proof",
    "needs_proof",
    "needs_proof_for",
    "needs_proof_to_end",
    "needs_proof_to_settle",
    "next_missed",
    "next_moment",
    "note_delivery",
    "offer_reduction",
    "open_draft",
    "open_milestones",
    "open_values",
    "opened",
    "part_amount",
    "part_statement",
    "pass_to",
    "plan",
    "positions_missed",
    "prepare",
    "preview",
    "propose_outcome",
    "propose_settlement",
    "reason_of",
    "reason_of_reduction",
    "receive",
    "receive_for_dispute",
    "release_reservation",
    "remind",
    "remind_of_position",
    "remove",
    "replan",
    "report_mended",
    "request_changes",
    "reserving_statement",
    "reviews_due",
    "say_missing",
    "sign_settlement",
    "signable",
    "submission_without",
    "submit",
    "sweep_orphans",
    "waiting_settlement",
    "was_removed",
    "what_is_ahead",
    "withdraw",
    "withdraw_dispute",
    "withdraw_nullification",
    "withdraw_settlement",
    "write_position",
]

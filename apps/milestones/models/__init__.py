from apps.milestones.models.certificate import Certificate
from apps.milestones.models.comment import MilestoneComment
from apps.milestones.models.confirmed_event import ConfirmedEvent
from apps.milestones.models.decision import Decision, Verdict
from apps.milestones.models.dispute import Dispute
from apps.milestones.models.dispute_words import DisputeFile, DisputePosition, DisputeProposal, DisputeReminder
from apps.milestones.models.event_certificate import EventCertificate
from apps.milestones.models.evidence import EvidenceFile
from apps.milestones.models.first_acceptance import FirstAcceptance
from apps.milestones.models.hand_over import HandOver
from apps.milestones.models.inspection import Inspection, InspectionVerdict
from apps.milestones.models.milestone import Milestone
from apps.milestones.models.nullification import Nullification
from apps.milestones.models.question import Question
from apps.milestones.models.reminder import Reminder
from apps.milestones.models.reservation import Reservation, ReservationWord
from apps.milestones.models.reservation_file import ReservationFile
from apps.milestones.models.settlement import Settlement, SettlementSignature, Valuation
from apps.milestones.models.settlement_paper import SettlementPaper
from apps.milestones.models.submission import CriterionNote, Submission

__all__ = [
    "Certificate",
    "ConfirmedEvent",
    "CriterionNote",
    "Decision",
    "Dispute",
    "DisputeFile",
    "DisputePosition",
    "DisputeProposal",
    "DisputeReminder",
    "EventCertificate",
    "EvidenceFile",
    "FirstAcceptance",
    "HandOver",
    "Inspection",
    "InspectionVerdict",
    "Milestone",
    "MilestoneComment",
    "Nullification",
    "Question",
    "Reminder",
    "Reservation",
    "ReservationFile",
    "ReservationWord",
    "Settlement",
    "SettlementPaper",
    "SettlementSignature",
    "Submission",
    "Valuation",
    "Verdict",
]

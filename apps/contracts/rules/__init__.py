"""The arithmetic and the texts of contracts: no database, no Django."""

from apps.contracts.rules.changes import (
    Moved,
    PlacedLine,
    change_statement,
    change_text,
    changed_plan,
    check_change,
    moved,
    price_of,
)
from apps.contracts.rules.checks import (
    check_answer_until,
    check_comment,
    check_draft,
    check_proposal,
    check_reason,
)
from apps.contracts.rules.difference import Difference, LineChange, Paper, PaperLine, Placed, Term, difference
from apps.contracts.rules.dues import Period, per_period, period_amounts, periods, portion_of
from apps.contracts.rules.mailboxes import check_signatory, domain_of
from apps.contracts.rules.papers import (
    DRAFT_TERMS,
    check_template_name,
    party_in_words,
    read_template,
    read_version_text,
    template_text,
)
from apps.contracts.rules.plan import Portion, known_amounts, plan_amounts
from apps.contracts.rules.plan_texts import plan_text, read_plan
from apps.contracts.rules.retention import plain_retention, read_release, read_retention
from apps.contracts.rules.review import ReviewTerms, calendars, check_calendar, end_of_day, review_deadline
from apps.contracts.rules.steps import MOST_SUSPENSIONS, needs_second
from apps.contracts.rules.suspension import moved_deadline
from apps.contracts.rules.termination import check_notice
from apps.contracts.rules.texts import (
    LineText,
    PartyText,
    Statement,
    answering_statement,
    proposing_statement,
    version_text,
)

__all__ = [
    "DRAFT_TERMS",
    "MOST_SUSPENSIONS",
    "Difference",
    "LineChange",
    "LineText",
    "Moved",
    "Paper",
    "PaperLine",
    "PartyText",
    "Period",
    "Placed",
    "PlacedLine",
    "Portion",
    "ReviewTerms",
    "Statement",
    "Term",
    "answering_statement",
    "calendars",
    "change_statement",
    "change_text",
    "changed_plan",
    "check_answer_until",
    "check_calendar",
    "check_change",
    "check_comment",
    "check_draft",
    "check_notice",
    "check_proposal",
    "check_reason",
    "check_signatory",
    "check_template_name",
    "difference",
    "domain_of",
    "end_of_day",
    "known_amounts",
    "moved",
    "moved_deadline",
    "needs_second",
    "party_in_words",
    "per_period",
    "period_amounts",
    "periods",
    "plain_retention",
    "plan_amounts",
    "plan_text",
    "portion_of",
    "price_of",
    "proposing_statement",
    "read_plan",
    "read_release",
    "read_retention",
    "read_template",
    "read_version_text",
    "review_deadline",
    "template_text",
    "version_text",
]

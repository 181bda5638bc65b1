"""The arithmetic and the texts of contracts: no database, no Django."""

from apps.contracts.drafts import Recovery
from apps.contracts.rules.agreed import Agreed
from apps.contracts.rules.cash import Ahead, Expected, ahead, by_month, expected_cash, gains, kind_of_plan, undated
from apps.contracts.rules.changed_terms import (
    CHANGEABLE,
    NOTHING,
    TEXTS,
    check_assigned,
    check_introduced_retention,
    check_unfinanced_terms,
    introduced_retention,
    terms_text,
    with_terms,
)
from apps.contracts.rules.changes import change_text, changed_plan, check_change, price_of
from apps.contracts.rules.charges import plain_charges, read_charges
from apps.contracts.rules.checks import (
    check_answer_until,
    check_comment,
    check_draft,
    check_proposal,
    check_reason,
)
from apps.contracts.rules.difference import (
    Difference,
    LineChange,
    OptionChange,
    Paper,
    PaperLine,
    PaperOption,
    Placed,
    Term,
    TermChange,
    difference,
)
from apps.contracts.rules.dues import Period, per_period, period_amounts, periods, portion_of
from apps.contracts.rules.interest import check_interest
from apps.contracts.rules.late_payment import plain_late_payment, read_late_payment
from apps.contracts.rules.mailboxes import (
    check_colleague,
    check_sellers_person,
    check_signatory,
    domain_of,
    reader_of,
)
from apps.contracts.rules.measures import UNITS, read_measure, worth
from apps.contracts.rules.moved import Moved, PlacedLine, moved
from apps.contracts.rules.options import (
    MOST_OPTIONS,
    by_period,
    check_draft_with_options,
    check_offer,
    discount_of,
    option_price,
    periods_of_plan,
    upfront,
)
from apps.contracts.rules.own_tax import check_scope_stays
from apps.contracts.rules.papers import (
    DRAFT_TERMS,
    check_template_name,
    party_in_words,
    read_template,
    read_version_text,
    template_text,
)
from apps.contracts.rules.payment import due_on
from apps.contracts.rules.payment_documents import plain_payment_documents, read_payment_documents
from apps.contracts.rules.people_needed import missing
from apps.contracts.rules.plan import Portion, known_amounts, plan_amounts, sum_of
from apps.contracts.rules.plan_texts import SaidPlans, plan_text, plans_text, read_own, read_plan, read_plans
from apps.contracts.rules.recovery import Advance, is_recoverable, recovered
from apps.contracts.rules.retention import plain_retention, read_release, read_retention
from apps.contracts.rules.review import ReviewTerms, check_calendar, end_of_day, review_deadline
from apps.contracts.rules.steps import MOST_SUSPENSIONS, needs_second
from apps.contracts.rules.suspension import moved_deadline
from apps.contracts.rules.termination import (
    CONVENIENCE,
    LONGEST_PERIOD_OF_NOTICE,
    check_notice,
    earliest_end,
)
from apps.contracts.rules.texts import (
    LATER_TERMS,
    LineText,
    OptionText,
    PartyText,
    Pick,
    answering_statement,
    change_statement,
    proposing_statement,
    version_text,
)

__all__ = [
    "CHANGEABLE",
    "CONVENIENCE",
    "DRAFT_TERMS",
    "LATER_TERMS",
    "LONGEST_PERIOD_OF_NOTICE",
    "MOST_OPTIONS",
    "MOST_SUSPENSIONS",
    "NOTHING",
    "TEXTS",
    "UNITS",
    "Advance",
    "Agreed",
    "Ahead",
    "Difference",
    "Expected",
    "LineChange",
    "LineText",
    "Moved",
    "OptionChange",
    "OptionText",
    "Paper",
    "PaperLine",
    "PaperOption",
    "PartyText",
    "Period",
    "Pick",
    "Placed",
    "PlacedLine",
    "Portion",
    "Recovery",
    "ReviewTerms",
    "SaidPlans",
    "Term",
    "TermChange",
    "ahead",
    "answering_statement",
    "by_month",
    "by_period",
    "change_statement",
    "change_text",
    "changed_plan",
    "check_answer_until",
    "check_assigned",
    "check_calendar",
    "check_change",
    "check_colleague",
    "check_comment",
    "check_draft",
    "check_draft_with_options",
    "check_interest",
    "check_introduced_retention",
    "check_notice",
    "check_offer",
    "check_proposal",
    "check_reason",
    "check_scope_stays",
    "check_sellers_person",
    "check_signatory",
    "check_template_name",
    "check_unfinanced_terms",
    "difference",
    "discount_of",
    "domain_of",
    "due_on",
    "earliest_end",
    "end_of_day",
    "expected_cash",
    "gains",
    "introduced_retention",
    "is_recoverable",
    "kind_of_plan",
    "known_amounts",
    "missing",
    "moved",
    "moved_deadline",
    "needs_second",
    "option_price",
    "party_in_words",
    "per_period",
    "period_amounts",
    "periods",
    "periods_of_plan",
    "plain_charges",
    "plain_late_payment",
    "plain_payment_documents",
    "plain_retention",
    "plan_amounts",
    "plan_text",
    "plans_text",
    "portion_of",
    "price_of",
    "proposing_statement",
    "read_charges",
    "read_late_payment",
    "read_measure",
    "read_own",
    "read_payment_documents",
    "read_plan",
    "read_plans",
    "read_release",
    "read_retention",
    "read_template",
    "read_version_text",
    "reader_of",
    "recovered",
    "review_deadline",
    "sum_of",
    "template_text",
    "terms_text",
    "undated",
    "upfront",
    "version_text",
    "with_terms",
    "worth",
]

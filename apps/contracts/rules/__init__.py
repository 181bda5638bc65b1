"""The arithmetic and the texts of contracts: no database, no Django."""

from apps.contracts.rules.checks import check_draft, check_proposal, check_reason
from apps.contracts.rules.mailboxes import check_signatory, domain_of
from apps.contracts.rules.plan import Portion, known_amounts, plan_amounts
from apps.contracts.rules.texts import (
    LineText,
    PartyText,
    Statement,
    buyer_statement,
    seller_statement,
    version_text,
)

__all__ = [
    "LineText",
    "PartyText",
    "Portion",
    "Statement",
    "buyer_statement",
    "check_draft",
    "check_proposal",
    "check_reason",
    "check_signatory",
    "domain_of",
    "known_amounts",
    "plan_amounts",
    "seller_statement",
    "version_text",
]

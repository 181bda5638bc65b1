"""Versions and templates as text, read back as the plain values that the other rules compare and start from."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from apps.contracts.billing import BY_MILESTONE
from apps.contracts.drafts import ContractDraft
from apps.contracts.rules.charges import read_charges
from apps.contracts.rules.difference import Paper, PaperLine, PaperOption
from apps.contracts.rules.dues import read_due, undated
from apps.contracts.rules.late_payment import read_late_payment
from apps.contracts.rules.measures import read_measure
from apps.contracts.rules.payment import NET
from apps.contracts.rules.payment_documents import read_payment_documents
from apps.contracts.rules.plan_texts import read_criteria, read_lines, read_option, read_own
from apps.contracts.rules.retention import read_retention, undated_retention
from apps.contracts.rules.review import CALENDAR, ESCALATES
from apps.contracts.rules.words import required
from apps.core import canonical

_NO_TERMS: Final = ("buyer_ref", "seller_ref", "seller_email", "lines", "options")
DRAFT_TERMS: Final = tuple(one.name for one in fields(ContractDraft) if one.name not in _NO_TERMS)
"""What a draft says besides its plans and its parties."""
_DECIMALS: Final = ("price", "tax_rate")


def read_version_text(text: str, *, option: int = 0) -> Paper:
    """What a version says, from its canonical text (``contract-1``): all of it, or with one option in force alone."""
    said: dict[str, Any] = canonical.read(text)
    # Texts before these were terms: silence decided nothing, every day counted, milestones were
    # accepted whole, and nothing was withheld.
    unsaid = {
        "review_unit": CALENDAR,
        "review_country": said["buyer"]["country"],
        "review_subdivision": "",
        "silence": ESCALATES,
        "partial_acceptance": False,
        "question_suspensions": 0,
        "needs_inspection": False,
        "second_acceptor_above": None,
        "notice_days": 0,
        "answer_until": None,
        "retention": None,
        "late_payment": None,
        "payment_documents": None,
        "charges": None,
        "payment_basis": NET,
        "exemption_code": "",
        "exemption_reason": "",
        "bills_by": BY_MILESTONE,
    }
    terms = {
        **unsaid,
        **{name: said["contract"][name] for name in ("title", "number", "currency")},
        **{name: value for name, value in said["terms"].items() if name != "further"},
        "terms": said["terms"]["further"],
        "signatory_name": said["signs_for_buyer"]["name"],
        "signatory_email": said["signs_for_buyer"]["email"],
        "seller": party_in_words(said["seller"]),
        "buyer": party_in_words(said["buyer"]),
        "plan_name": said.get("plan_name", "") if not option else "",
    }
    terms |= {name: Decimal(terms[name]) for name in _DECIMALS}
    terms["second_acceptor_above"] = _amount(terms["second_acceptor_above"])
    terms["retention"] = read_retention(terms["retention"])
    terms["late_payment"] = read_late_payment(terms["late_payment"])
    terms["payment_documents"] = read_payment_documents(terms["payment_documents"])
    terms["charges"] = read_charges(terms["charges"])
    until = terms["answer_until"]
    terms["answer_until"] = date.fromisoformat(until) if until else None
    options = tuple(_option(one) for one in said.get("options", ()))
    if option:
        picked = options[option - 1]
        return Paper(terms={**terms, "price": picked.price}, lines=picked.lines)
    return Paper(terms=terms, lines=tuple(_line(line) for line in said["plan"]), options=options)


def _option(said: dict[str, Any]) -> PaperOption:
    return PaperOption(
        name=said["name"],
        price=Decimal(said["price"]),
        discount=_amount(said["discount"]),
        discount_percent=_amount(said["discount_percent"]),
        lines=tuple(_line(line) for line in said["plan"]),
    )


def party_in_words(party: Mapping[str, str]) -> str:
    """Who a party is and where, in one line."""
    place = f"{party['postcode']} {party['city']}".strip()
    names = (
        party["legal_name"],
        party["street"],
        place,
        party["country"],
        party["vat_number"],
        party["company_number"],
    )
    return ", ".join(name for name in names if name)


def template_text(draft: ContractDraft) -> str:
    """What of a draft another contract can start from: no parties, no number, no dates."""
    lines = tuple(undated(line) for line in draft.lines)
    options = tuple(replace(one, lines=tuple(undated(line) for line in one.lines)) for one in draft.options)
    kept = replace(draft, answer_until=None, retention=undated_retention(draft.retention), lines=lines, options=options)
    kept = replace(kept, number="", buyer_ref="", seller_ref="", seller_email="", signatory_name="", signatory_email="")
    return canonical.text(kept)


def read_template(text: str) -> ContractDraft:
    """The draft that :func:`template_text` wrote down."""
    said: dict[str, Any] = canonical.read(text)
    said |= {name: Decimal(said[name]) for name in _DECIMALS}
    said["second_acceptor_above"] = _amount(said.get("second_acceptor_above"))
    said["retention"] = read_retention(said.get("retention"))
    said["late_payment"] = read_late_payment(said.get("late_payment"))
    said["payment_documents"] = read_payment_documents(said.get("payment_documents"))
    said["charges"] = read_charges(said.get("charges"))
    # Templates from before there were options say nothing of them.
    options = tuple(read_option(one) for one in said.get("options", ()))
    return ContractDraft(**{**said, "lines": read_lines(said["lines"]), "options": options})


def check_template_name(name: str) -> str:
    """The name of a template, trimmed."""
    return " ".join(required(name, most=120, what="name", field="name").split())


def _amount(said: str | None) -> Decimal | None:
    return None if said is None else Decimal(said)


def _line(said: dict[str, Any]) -> PaperLine:
    kind, due = read_due(said)
    agreed = said.get("per_period")
    return PaperLine(
        title=said["title"],
        scope=said["scope"],
        basis=said["basis"],
        percent=None if said["percent"] is None else Decimal(said["percent"]),
        amount=Decimal(said["amount"]),
        planned_on=date.fromisoformat(said["planned_on"]) if said["planned_on"] else None,
        criteria=read_criteria(said["criteria"]),
        own=read_own(said),
        kind=kind,
        due=due,
        per_period=Decimal(agreed) if agreed else None,
        measure=read_measure(said),
    )

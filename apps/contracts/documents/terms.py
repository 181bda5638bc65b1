"""The terms of a version in plain words, for both sides to read on paper."""

from typing import Any

from django.utils.translation import gettext

from apps.contracts import charges_wording, document_wording, late_wording, own_wording, retention_wording, wording
from apps.contracts.dues_wording import billed_by_the_calendar
from apps.contracts.exemptions import EXEMPTION, Exemption
from apps.contracts.retention import RetentionTerms
from apps.contracts.rules import Paper, ReviewTerms
from apps.core.printing import words
from apps.core.printing.facts import Fact


def terms_of(paper: Paper, *, seller: str, buyer: str) -> list[Fact]:
    """Each term with what it means; further terms stand apart."""
    terms: dict[str, Any] = dict(paper.terms)
    review = ReviewTerms(
        days=terms["review_days"],
        unit=terms["review_unit"],
        country=terms["review_country"],
        subdivision=terms["review_subdivision"],
        time_zone=terms["review_time_zone"],
        silence=terms["silence"],
    )
    names = {"seller": seller, "buyer": buyer}
    facts = [
        (gettext("Price, net of tax"), words.money(terms["price"], terms["currency"])),
        (gettext("Tax"), _tax(terms)),
        (gettext("Payment"), wording.payment(terms["payment_days"], terms["payment_basis"])),
        (
            gettext("Invoices"),
            wording.invoices(terms["bills_by"], **names),
        ),
        (
            gettext("Deposits and recurring lines"),
            billed_by_the_calendar() if any(line.due is not None for line in paper.lines) else "",
        ),
        (
            gettext("Review period"),
            gettext("{buyer} has {period} from the day on which a submission reached it (time zone: {zone})").format(
                **names, period=wording.review_period(review), zone=wording.place(review.time_zone)
            ),
        ),
        (gettext("If the buyer says nothing until then"), wording.silence_means(review.silence)),
        (gettext("A long review"), wording.thirty_days() if review.may_exceed_usual_most else ""),
        (gettext("Acceptance in part"), wording.partial_acceptance(terms["partial_acceptance"])),
        (gettext("Questions"), wording.question_suspensions(terms["question_suspensions"])),
        (gettext("Steps of acceptance"), _steps(terms)),
        *_retention(terms["retention"], currency=terms["currency"]),
        (gettext("Termination"), wording.notice(terms["notice_days"])),
        (gettext("Late payment"), _late(terms)),
        (gettext("Documents before payment"), _documents(terms)),
        *(charges_wording.parts(terms["charges"], currency=terms["currency"]) if terms["charges"] else []),
        (gettext("Financing"), _financing(terms["is_assignable"], seller=seller)),
        (
            gettext("Signs off for the buyer"),
            f"{terms['signatory_name']}, {terms['signatory_email']}",
        ),
        (gettext("Governing law"), terms["governing_law"]),
        (gettext("Can be signed until"), words.day(terms["answer_until"]) if terms["answer_until"] else ""),
    ]
    return [(term, value) for term, value in facts if value]


def _steps(terms: dict[str, Any]) -> str:
    above = terms["second_acceptor_above"]
    amount = words.money(above, terms["currency"]) if above is not None else ""
    return wording.acceptance_steps(needs_inspection=terms["needs_inspection"], second_above=amount)


def _tax(terms: dict[str, Any]) -> str:
    why = Exemption(**{name: terms[name] for name in EXEMPTION})
    return own_wording.tax(terms["tax_category"], terms["tax_rate"], why)


def _late(terms: dict[str, Any]) -> str:
    late = terms["late_payment"]
    return late_wording.whole(late, currency=terms["currency"]) if late is not None else ""


def _documents(terms: dict[str, Any]) -> str:
    wanted = terms["payment_documents"]
    return document_wording.whole(wanted) if wanted is not None else ""


def _retention(terms: RetentionTerms | None, *, currency: str) -> list[Fact]:
    if terms is None:
        return []
    return [
        (gettext("Retention"), retention_wording.withheld(terms, currency=currency)),
        (gettext("Release of the retention"), retention_wording.released(terms)),
    ]


def _financing(is_assignable: bool, *, seller: str) -> str:
    if not is_assignable:
        return gettext("{seller} may not assign invoices").format(seller=seller)
    return gettext("{seller} may assign an invoice to a financier; the buyer is told in writing whom to pay").format(
        seller=seller
    )

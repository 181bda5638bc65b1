"""Terms in change orders: what is different from now on, and never of what was billed. No database, no Django.

A milestone lives by the version to which its line belongs. One that is open moves to the version that a change order
makes, and has its terms; what is under review, accepted or billed stays with the one under which it was submitted.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from apps.contracts.billing import BY_APPLICATION
from apps.contracts.charges import ChargeTerms
from apps.contracts.drafts import ChangedTerms, ContractDraft
from apps.contracts.exemptions import EXEMPTION
from apps.contracts.late_payment import LateTerms
from apps.contracts.retention import RetentionTerms
from apps.contracts.rules.checks import check_draft
from apps.contracts.rules.own_tax import OUTSIDE, another_scope
from apps.contracts.rules.recovery import is_recoverable
from apps.core.errors import Refused

CHANGEABLE: Final = (
    *(
        "payment_days",
        "payment_basis",
        "review_days",
        "silence",
        "retention",
        "partial_acceptance",
        "question_suspensions",
    ),
    *("needs_inspection", "second_acceptor_above", "notice_days", "tax_category", "tax_rate"),
    *(*EXEMPTION, "governing_law", "terms"),
    "payment_documents",
    *("review_unit", "review_country", "review_subdivision", "review_time_zone", "signatory_name", "signatory_email"),
    *("late_payment", "charges", "is_assignable"),
)
"""The terms of the whole contract that a change order may say anew."""


NOTHING: Final[Mapping[str, Any]] = {"late_payment": LateTerms(Decimal(0)), "charges": ChargeTerms()}
"""By what a change order says that nothing of a kind is agreed any more."""
TEXTS: Final = (*EXEMPTION, "governing_law", "terms", "review_subdivision")
BEARS_TAX: Final = "S"
"""The one treatment that has a rate: another one that is chosen without saying the rate has none."""


def with_terms(stands: ContractDraft, terms: ChangedTerms) -> ContractDraft:
    """The contract with the terms that are said anew; refused where one cannot be, or cannot be from now on only."""
    said = {name: value for name in CHANGEABLE if (value := getattr(terms, name)) is not None}
    # Of a choice nothing is said by an empty one; a text is emptied by it.
    said = {name: value for name, value in said.items() if value != "" or name in TEXTS}
    if terms.one_acceptor:
        said["second_acceptor_above"] = None
    said |= {name: None for name, nothing in NOTHING.items() if said.get(name) == nothing}
    if "tax_category" in said and said["tax_category"] != BEARS_TAX:
        said.setdefault("tax_rate", Decimal(0))
    if said.get("tax_category", stands.tax_category) != stands.tax_category:
        # Why it bears no tax belongs to the treatment.
        said = dict.fromkeys(EXEMPTION, "") | said
    if not said:
        return stands
    _check_tax(stands, said)
    if terms.retention is not None:
        _check_retention(stands.retention, terms.retention)
    # The plan was checked line by line; what is checked here are the terms.
    checked = check_draft(replace(stands, lines=(), **said))
    return replace(stands, **{name: getattr(checked, name) for name in said})


def _check_tax(stands: ContractDraft, said: Mapping[str, Any]) -> None:
    """Each deduction of a deposit bears the tax with which the deposit was invoiced: so the work bears it too."""
    stood = stands.tax_category, stands.tax_rate
    if (said.get("tax_category", stood[0]), said.get("tax_rate", stood[1])) == stood:
        return
    if stands.bills_by == BY_APPLICATION and OUTSIDE in (said.get("tax_category", stood[0]), stood[0]):
        raise another_scope(field="tax_category")
    if any(is_recoverable(line) for line in stands.lines):
        raise Refused(
            "A deposit that later invoices give back was invoiced with the tax as it is, so the tax of this contract"
            " stays. Terminate it, or agree on a new one for the rest.",
            field="tax_category",
        )


def terms_text(before: ContractDraft, after: ContractDraft) -> list[dict[str, Any]]:
    """What the canonical text of a changing version says of the terms that differ; nothing where none does."""
    return [
        {"term": name, "before": getattr(before, name), "after": getattr(after, name)}
        for name in CHANGEABLE
        if getattr(before, name) != getattr(after, name)
    ]


def check_unfinanced_terms(changed: Sequence[Mapping[str, Any]], *, financed: Sequence[str]) -> None:
    """Refuse other terms while a financier advances money on a milestone still to be accepted: priced by these.

    ``financed`` are the titles of such milestones.
    """
    if changed and financed:
        raise Refused(
            "A financier advances money on “{milestone}”, priced by the terms of payment, review and retention as they"
            " are. They can be changed once it is accepted, or the advance is cancelled.",
            field="terms",
            milestone=financed[0],
        )


def check_assigned(changed: Sequence[Mapping[str, Any]], *, advanced: Sequence[str]) -> None:
    """Refuse that invoices may be assigned no more while an advance on one is agreed or out.

    ``advanced`` are the titles of such milestones, accepted or not.
    """
    if advanced and any(one["term"] == "is_assignable" and not one["after"] for one in changed):
        raise Refused(
            "A financier advances money on “{milestone}”, so invoices of this contract may go on to be assigned. That"
            " can be changed once the advance is settled or cancelled.",
            field="is_assignable",
            milestone=advanced[0],
        )


def _check_retention(stands: RetentionTerms | None, wanted: RetentionTerms) -> None:
    """What was withheld already is released as it was agreed when it was withheld.

    What is payable at most before the last milestone counts all that was billed since the beginning: agreed later, what
    is billed may be above it already, and changed, one invoice would bear what others were spared.
    """
    limits = stands.payable_most if stands is not None else None, wanted.payable_most
    if limits[0] != limits[1]:
        raise Refused(
            "What is payable at most before the last milestone is accepted counts what is billed from the beginning, so"
            " it is agreed when the contract is signed, and a change order leaves it as it is.",
            field="retention",
        )
    if stands is not None and _as_kept(wanted) != _as_kept(stands):
        raise Refused(
            "What was withheld is released as both sides agreed, so a change order leaves the releases of the"
            " retention, and of what it is taken, as they are. Change its rate, its steps or its caps.",
            field="retention",
        )


def introduced_retention(changed: Sequence[Mapping[str, Any]]) -> RetentionTerms | None:
    """The retention on which terms that differ agree where there was none."""
    found = [one["after"] for one in changed if one["term"] == "retention" and one["before"] is None]
    return found[0] if found else None


def check_introduced_retention(terms: RetentionTerms, *, accepted: Collection[str], today: date) -> None:
    """Refuse a retention that is agreed anew and of which a part would be released before anything is withheld.

    ``accepted`` are the titles of milestones that are accepted whole.
    """
    for part in terms.schedule:
        release = part.release
        if release.milestone in accepted:
            raise Refused(
                "A part of the retention would be released with “{milestone}”, which is accepted already. Release it"
                " with a milestone that is still to be accepted, or on a date.",
                field="retention",
                milestone=release.milestone,
            )
        if release.on is not None and release.on <= today:
            raise Refused(
                "A part of the retention would be released on {day}, which is no day to come. Choose a later one.",
                field="retention",
                day=release.on,
            )


def _as_kept(terms: RetentionTerms) -> list[tuple[Any, ...]]:
    """Of each kind what stays, whatever a change order says."""
    return [(kind.name, kind.releases, kind.base) for kind in terms.kinds]

"""What the terms of a milestone charge for its day, and what is charged on it: read, before anything is done."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from apps.contracts.charges import ChargeTerms
from apps.contracts.rules.charges import Reckoned
from apps.contracts.rules.charges import bonus as bonus_of
from apps.contracts.rules.charges import damages as damages_of
from apps.core.errors import Refused
from apps.invoicing.models import Charge
from apps.invoicing.models.charge import ChargeState
from apps.milestones.models import Decision, Milestone
from apps.milestones.models.milestone import MilestoneState


def reckoned(milestone: Milestone, *, accepted_on: date) -> tuple[Reckoned | None, Reckoned | None]:
    """What a milestone that is accepted on a day costs for delay, and what it earns for being early; at most one."""
    terms = terms_of(milestone)
    if terms is None or milestone.planned_on is None:
        return None, None
    asked: dict[str, Any] = {
        "worth": milestone.amount - milestone.nullified,
        "whole": milestone.line.amount,
        "agreed_on": milestone.planned_on,
        "accepted_on": accepted_on,
        "currency": milestone.currency,
    }
    late = damages_of(terms.damages, **asked) if terms.damages is not None else None
    early = bonus_of(terms.bonus, **asked) if terms.bonus is not None else None
    if early is not None and _is_settled(milestone):
        early = None
    return late, early


def _is_settled(milestone: Milestone) -> bool:
    """Whether it was valued when the contract ended early: what was stopped is not done early."""
    submission = milestone.accepted_submission
    return submission is not None and submission.decision.outcome == Decision.Outcome.SETTLED


def terms_of(milestone: Milestone) -> ChargeTerms | None:
    """What was agreed where it was, or will be, signed off."""
    return milestone.line.agreed.charges


def day_of_acceptance(milestone: Milestone) -> date | None:
    """The day of its acceptance where the seller is; None while it is not accepted."""
    if milestone.state != MilestoneState.ACCEPTED or milestone.accepted_at is None:
        return None
    return milestone.accepted_at.astimezone(ZoneInfo(milestone.contract.seller.time_zone)).date()


def contract_of_charge(*, charge_ref: str) -> int:
    """The contract of a charge, so that a workflow can lock it first."""
    contract = Charge.objects.filter(ref=charge_ref).values_list("contract_id", flat=True).first()
    if contract is None:
        raise Refused("There is no such charge among yours. Open it from its milestone.")
    return contract


def standing_charges(milestone: Milestone) -> list[Charge]:
    """What is or may be charged on a milestone, and ends with its acceptance."""
    found = Charge.objects.filter(milestone=milestone).exclude(state__in=[ChargeState.WITHDRAWN, ChargeState.WAIVED])
    return list(found.select_related("credit_note", "invoice").order_by("pk"))


def milestone_to_charge(*, milestone_ref: str) -> Milestone | None:
    """The milestone on which something is charged, so that a workflow can ask who bought its invoice."""
    return Milestone.objects.filter(ref=milestone_ref).first()


def milestone_of_charge(*, charge_ref: str) -> Milestone | None:
    """The milestone of a charge."""
    return Milestone.objects.filter(charges__ref=charge_ref).first()

"""Milestones and submissions held until the end of a transaction, with what has to be known to decide them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast, JSONObject

from apps.contracts.models import Contract, Criterion
from apps.core.database.kept import Argument, Read
from apps.core.errors import Refused
from apps.milestones import rules
from apps.milestones.models import FirstAcceptance, Milestone, Submission
from apps.milestones.models.milestone import ENDED
from apps.milestones.models.submission import SubmissionState
from apps.milestones.services.silence import disputed_in, found_in, knowing, waits_for


def lock_milestone(contract: Contract, *, milestone_ref: str) -> Milestone:
    """Hold a milestone of a contract that is locked already."""
    milestone = Milestone.objects.select_for_update().filter(ref=milestone_ref, contract=contract).first()
    if milestone is None:
        raise Refused("There is no such milestone in this contract.")
    milestone.contract = contract
    return milestone


@dataclass(frozen=True, slots=True)
class HeldSubmission:
    """A submission that was sent, locked with its milestone, and what has to be known to decide it.

    ``criteria`` are the agreed ones, by id; ``others_open`` counts the contract's other milestones not accepted yet;
    ``first`` is what the first of two acceptors accepted.
    """

    submission: Submission
    criteria: dict[int, str]
    others_open: int
    first: rules.First | None

    @property
    def found(self) -> rules.Found | None:
        """The newest inspection."""
        return found_in(self.submission)

    @property
    def disputed(self) -> rules.Disputed | None:
        """What of it is in dispute."""
        return disputed_in(self.submission)

    @property
    def waits_for(self) -> list[str]:
        """The milestones above that have to be accepted first and are not, by title."""
        return waits_for(self.submission)


@Read
def _held_submission() -> "QuerySet[Submission, Submission]":
    criteria = Criterion.objects.filter(line_id=OuterRef("milestone__line_id")).order_by("position")
    others = Milestone.objects.filter(contract_id=OuterRef("contract_id")).exclude(state__in=ENDED)
    is_other_open = others.exclude(pk=OuterRef("milestone_id")).order_by().values("pk")
    first = FirstAcceptance.objects.filter(submission_id=OuterRef("pk")).order_by()
    exact = {name: Cast(name, TextField()) for name in ("amount", "quantity")}
    told = JSONObject(by="name", email="email", user_id="user_id", defects="defects", **exact)
    return (
        knowing(Submission.objects.select_for_update(of=("milestone", "self")))
        .annotate(
            first=Subquery(first.values(json=told)[:1]),
            criteria=ArraySubquery(criteria.values(json=JSONObject(id="pk", text="text"))),
            others_open=ArraySubquery(is_other_open),
        )
        .select_related("milestone__line__version", "contract__seller", "contract__buyer")
        .filter(ref=Argument("submission_ref"), contract=Argument("contract_id"))
        .exclude(state=SubmissionState.DRAFT)
        .order_by()
    )


def lock_submission(contract: Contract, *, submission_ref: str) -> HeldSubmission:
    """Hold a submission that was sent, and its milestone before it, with what was agreed and between whom.

    The contract is held already, so what is joined and counted in the same query stands as well.
    """
    submission = _held_submission.first(submission_ref=submission_ref, contract_id=contract.pk)
    if submission is None:
        raise Refused("There is no such submission in this contract.")
    milestone, read = submission.milestone, submission.contract
    contract.seller, contract.buyer = read.seller, read.buyer
    if contract.active_version_id == milestone.line.version_id:
        contract.active_version = milestone.line.version
    submission.contract = milestone.contract = milestone.line.version.contract = contract
    asked = vars(submission)
    return HeldSubmission(
        submission,
        criteria={criterion["id"]: criterion["text"] for criterion in asked["criteria"]},
        others_open=len(asked["others_open"]),
        first=_first(asked["first"]),
    )


def _first(told: dict[str, Any] | None) -> rules.First | None:
    if told is None:
        return None
    quantity = Decimal(told["quantity"]) if told["quantity"] is not None else None
    defects = rules.defects_of(told["defects"] or ())
    return rules.First(**{**told, "amount": Decimal(told["amount"]), "quantity": quantity, "defects": defects})

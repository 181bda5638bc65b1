"""Milestones and submissions held until the end of a transaction, with what has to be known to decide them."""

from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from apps.contracts import services as contracts
from apps.contracts.models import Contract, Criterion
from apps.core.database import in_flight
from apps.core.database.kept import Argument, Read
from apps.core.errors import Refused
from apps.milestones import rules
from apps.milestones.models import Milestone, Submission
from apps.milestones.models.milestone import ENDED
from apps.milestones.models.submission import SubmissionState
from apps.milestones.services.silence import disputed_in, first_in, found_in, knowing_disputed, waits_for
from apps.parties.actor import Actor


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

    ``criteria`` are the agreed ones, by id; ``others_open`` counts the contract's other milestones not accepted yet.
    What few contracts agree on is asked for when somebody wants to know it.
    """

    submission: Submission
    criteria: dict[int, str]
    others_open: int

    @property
    def first(self) -> rules.First | None:
        """What the first of two acceptors accepted: nothing where one is enough for any amount."""
        if self.submission.milestone.line.agreed.second_acceptor_above is None:
            return None
        return first_in(self.submission)

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
    return (
        knowing_disputed(Submission.objects.select_for_update(of=("milestone", "self")))
        .annotate(
            criteria=ArraySubquery(criteria.values(json=JSONObject(id="pk", text="text"))),
            others_open=ArraySubquery(is_other_open),
        )
        .select_related("milestone__line__version", "contract__seller", "contract__buyer")
        .filter(ref=Argument("submission_ref"), contract=Argument("contract_id"))
        .exclude(state=SubmissionState.DRAFT)
        .order_by()
    )


def lock_submission(contract: Contract, *, submission_ref: str, decider: Actor | None = None) -> HeldSubmission:
    """Hold a submission that was sent, and its milestone before it, with what was agreed and between whom.

    The contract is held already, so what is joined and counted in the same query stands as well. What has to be known
    of the ``decider``, where there will be one, is asked for in the same way to Postgres.
    """
    asked = {"submission_ref": submission_ref, "contract_id": contract.pk}
    if decider is not None:
        in_flight.ahead(_held_submission, **asked)
        contracts.ask_for_standing(contract, actor=decider)
    submission = in_flight.first(_held_submission, **asked)
    if submission is None:
        raise Refused("There is no such submission in this contract.")
    milestone, read = submission.milestone, submission.contract
    contract.seller, contract.buyer = read.seller, read.buyer
    if contract.active_version_id == milestone.line.version_id:
        contract.active_version = milestone.line.version
    submission.contract = milestone.contract = milestone.line.version.contract = contract
    known = vars(submission)
    return HeldSubmission(
        submission,
        criteria={criterion["id"]: criterion["text"] for criterion in known["criteria"]},
        others_open=len(known["others_open"]),
    )

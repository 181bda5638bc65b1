"""Which mailboxes those read who look at one submission, so that nobody acts twice under two names."""

from django.db.models import QuerySet, Subquery

from apps.contracts import services as contracts
from apps.contracts.models import ContractVersion
from apps.core.database import at_once
from apps.milestones import rules
from apps.milestones.models import FirstAcceptance, Inspection
from apps.milestones.services.holding import HeldSubmission
from apps.milestones.services.silence import known, tell
from apps.parties.actor import Actor


def read_steps(held: HeldSubmission, *, actor: Actor) -> None:
    """Of what is inspected or accepted by two, all at once: what was found and accepted first, which mailboxes they and
    the actor read, and the version in force where a change order was signed since. Nothing where one person is enough.
    """
    submission, contract = held.submission, held.submission.contract
    line = submission.milestone.line
    if not line.agreed.needs_inspection and not line.agreed.needs_second(submission.milestone.amount):
        return
    inspected = Inspection.objects.filter(submission=submission).order_by("-pk")
    accepted = FirstAcceptance.objects.filter(submission=submission).order_by()
    told = known(submission.pk)
    proved = contracts.mailboxes_proved((actor.email, actor.user_id), _who(inspected), _who(accepted))
    in_force = ContractVersion.objects.filter(pk=contract.active_version_id or 0)
    is_followed = contract.active_version_id == line.version_id
    at_once.read(told, proved, *([] if is_followed else [in_force]))
    tell(submission, known=next(iter(told), None))
    if not is_followed:
        contract.active_version = in_force[0]
    people = [actor, held.found, held.first]
    read = contracts.readers([one.email if one is not None else "" for one in people], proved=proved)
    vars(submission)["read_by"] = {
        (one.email, one.user_id): mailboxes for one, mailboxes in zip(people, read, strict=True) if one is not None
    }


def _who(acted: "QuerySet[Inspection, Inspection] | QuerySet[FirstAcceptance, FirstAcceptance]") -> contracts.Person:
    return Subquery(acted.values("email")[:1]), Subquery(acted.values("user_id")[:1])


def read_by(one: Actor | rules.Found | rules.First, *, held: HeldSubmission, actor: Actor) -> set[str]:
    """What one of those who act or acted is known to read: asked once, of the actor, the inspector and the first."""
    of: dict[tuple[str, int | None], set[str]] = vars(held.submission).setdefault("read_by", {})
    if (one.email, one.user_id) not in of:
        acted = [found for found in (held.found, held.first) if found is not None]
        people = dict.fromkeys((person.email, person.user_id) for person in (actor, *acted))
        of.update(zip(people, contracts.mailboxes_read(*people), strict=True))
    return of[one.email, one.user_id]

"""Which mailboxes those read who look at one submission, so that nobody acts twice under two names."""

from apps.contracts import services as contracts
from apps.milestones import rules
from apps.milestones.services.holding import HeldSubmission
from apps.parties.actor import Actor


def read_by(one: Actor | rules.Found | rules.First, *, held: HeldSubmission, actor: Actor) -> set[str]:
    """What one of those who act or acted is known to read: asked once, of the actor, the inspector and the first."""
    known: dict[tuple[str, int | None], set[str]] = vars(held.submission).setdefault("read_by", {})
    if (one.email, one.user_id) not in known:
        acted = [found for found in (held.found, held.first) if found is not None]
        people = dict.fromkeys((person.email, person.user_id) for person in (actor, *acted))
        known.update(zip(people, contracts.mailboxes_read(*people), strict=True))
    return known[one.email, one.user_id]

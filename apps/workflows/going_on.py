"""Personal links to what goes on after a decision: the defects of an acceptance, a dispute, a termination.

The link by which something was decided died with it. So the buyer's signatory gets one of its own for each of these
as soon as something is to be read or answered there, and it is dead once that is settled.
"""

from datetime import datetime

from procrastinate.jobs import JobDeferrer

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.parties.actor import Actor
from apps.workflows import link_jobs


def keep_link(contract: Contract, purpose: str, subject_ref: str, *, actor: Actor, at: datetime) -> GuestGrant | None:
    """See to it that the signatory has a live link, which the mail about it finds; None where members act."""
    return contracts.link_to_what_goes_on(
        contract=contract, purpose=purpose, subject_ref=subject_ref, actor=actor, at=at
    )


def link(contract: Contract, purpose: str, subject_ref: str, *, actor: Actor, at: datetime) -> list[JobDeferrer]:
    """The same, and the mail with nothing but the link: where no other mail is to bring it."""
    grant = keep_link(contract, purpose, subject_ref, actor=actor, at=at)
    if grant is None:
        return []
    return [
        link_jobs.send_link.configure(task_kwargs={"grant_ref": grant.ref, "organisation_id": grant.organisation_id})
    ]

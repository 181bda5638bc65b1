"""Personal links to what goes on after a decision: the defects of an acceptance, a dispute, a termination, events.

The link by which something was decided died with it. So the buyer's signatory gets one of its own for each of these
as soon as something is to be read or answered there, and it is dead once that is settled.
"""

from datetime import datetime

from procrastinate.jobs import JobDeferrer

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.invoicing import services as invoicing
from apps.milestones import services as milestones
from apps.milestones.models import Reservation
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
    return _mail(grant) if grant is not None else []


def link_to_events(contract: Contract, *, actor: Actor, at: datetime) -> list[JobDeferrer]:
    """While events of a contract wait, its signatory has one link to confirm them, with a mail when it is made; with
    the last of them it dies."""
    if not milestones.events_to_confirm(contract, payable=invoicing.payable_by_event):
        contracts.close_event_links(contract=contract, at=at)
        return []
    grant = keep_link(contract, GuestGrant.Purpose.CONFIRM_EVENT, contract.ref, actor=actor, at=at)
    return _mail(grant) if grant is not None and grant.created_at == at else []


def close_links_to_defects(reservation: Reservation, *, at: datetime) -> None:
    """A personal link to the defects of a milestone dies with the last of them."""
    if milestones.are_settled(reservation.milestone):
        contracts.close_grants(subject_ref=reservation.milestone.ref, at=at)


def _mail(grant: GuestGrant) -> list[JobDeferrer]:
    return [
        link_jobs.send_link.configure(task_kwargs={"grant_ref": grant.ref, "organisation_id": grant.organisation_id})
    ]

"""Who hears of a dispute: the other side, a guest who goes on in it, and who advances on what is disputed."""

from datetime import datetime
from typing import Final

from procrastinate.jobs import JobDeferrer

from apps.contracts.models import GuestGrant
from apps.core import clock
from apps.financing import services as financing
from apps.invoicing import services as invoicing
from apps.milestones.models import Dispute
from apps.parties.actor import Actor, ActorKind
from apps.workflows import dispute_jobs, going_on

DISPUTE: Final = GuestGrant.Purpose.DISPUTE


def news(dispute: Dispute, what: str, *, actor: Actor) -> list[JobDeferrer]:
    """The other side hears of what was said and done, with a personal link where nobody of the buyer is a member."""
    contract = dispute.contract
    if dispute.is_live and actor.organisation_id == contract.seller_id:
        going_on.keep_link(contract, DISPUTE, dispute.ref, actor=actor, at=clock.now())
    reader = contract.buyer_id if actor.organisation_id == contract.seller_id else contract.seller_id
    return [
        dispute_jobs.send_dispute_news.configure(
            task_kwargs={"dispute_ref": dispute.ref, "what": what, "organisation_id": reader}
        )
    ]


def own_link(dispute: Dispute, *, actor: Actor, at: datetime) -> list[JobDeferrer]:
    """A guest goes on in the dispute by another link than the one to the submission, which may be decided before."""
    if actor.kind is not ActorKind.GUEST:
        return []
    return going_on.link(dispute.contract, DISPUTE, dispute.ref, actor=actor, at=at)


def to_financiers(dispute: Dispute) -> list[JobDeferrer]:
    """Who advances on what is in dispute hears when that begins and when it ends."""
    invoice = invoicing.invoice_of_dispute(dispute)
    milestone = dispute.milestone if invoice is None else invoice.milestone
    if milestone is None:
        return []
    return [
        dispute_jobs.send_dispute_to_financier.configure(
            task_kwargs={
                "dispute_ref": dispute.ref,
                "tranche_ref": tranche.ref,
                "organisation_id": tranche.financier_id,
            }
        )
        for tranche in financing.advances_on(milestone)
    ]

"""What follows in the books when a defect is settled: what was withheld for it is payable, less a lower price."""

from collections.abc import Sequence
from datetime import datetime

from procrastinate.jobs import JobDeferrer

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core.refs import new_ref
from apps.invoicing import services as invoicing
from apps.invoicing.services import held_back
from apps.milestones import services as milestones
from apps.milestones.models import Reservation
from apps.parties.actor import Actor
from apps.workflows import crediting, going_on, jobs, retention_jobs, revenue_jobs
from apps.workflows.once import Answer


def settle(
    reservation: Reservation,
    *,
    contract: Contract,
    news: Sequence[JobDeferrer],
    offerer: tuple[int, str] | None = None,
    actor: Actor,
    at: datetime,
) -> Answer:
    """What was withheld for a settled defect is due as a part of its invoice, and a lower price is credited there; or,
    where applications for payment are billed, what is left of it stands in the next one, and nothing is credited.

    ``offerer`` is who of the seller agreed to the lower price, in whose name a credit note is issued where a guest
    agrees. ``news`` are deferred with it. Last in its workflow: the number of a credit note is taken here.
    """
    going_on.close_links_to_defects(reservation, at=at)
    if held_back.is_applied_for(reservation):
        return _applied_for(reservation, contract=contract, news=news, actor=actor, at=at)
    if not reservation.reduced_by:
        jobs.defer(*news)
        withheld = invoicing.make_due(reservation=reservation, at=at)
        return {"reservation": reservation.ref, "invoice": withheld.invoice.ref if withheld is not None else ""}
    ref = new_ref()
    jobs.defer(*news, crediting.document(ref, seller_id=contract.seller_id), revenue_jobs.following(contract))
    note = invoicing.reduce(
        ref,
        reservation=reservation,
        reason=milestones.reason_of_reduction(reservation),
        actor=actor,
        issuer=invoicing.Issuer(*offerer) if offerer is not None else None,
        at=at,
    )
    return {"reservation": reservation.ref, "credit_note": note.ref, "number": note.number}


def _applied_for(
    reservation: Reservation, *, contract: Contract, news: Sequence[JobDeferrer], actor: Actor, at: datetime
) -> Answer:
    jobs.defer(*news, *([revenue_jobs.following(contract)] if reservation.reduced_by else []))
    if not reservation.amount:
        return {"reservation": reservation.ref}
    application = held_back.stand_settled(reservation, contract=contract, actor=actor, at=at)
    invoicing.drop_when_all_is_billed(contract=contract, actor=actor, at=at)
    open_milestones = milestones.open_milestones(contract=contract)
    contracts.complete_when_all_billed(
        contract=contract,
        open_milestones=open_milestones,
        unbilled=0 if open_milestones else invoicing.unbilled(contract=contract),
        actor=actor,
        at=at,
    )
    if following := retention_jobs.after(contract):
        jobs.defer(*following)
    return {"reservation": reservation.ref, "application": application.ref if application is not None else ""}

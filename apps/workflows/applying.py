"""Applications for payment: submitted by the seller, certified by the buyer, and by that, and nothing else, billed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from procrastinate.jobs import JobDeferrer

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core import money
from apps.core.database import walls
from apps.core.refs import new_ref
from apps.invoicing import services as invoicing
from apps.invoicing.models import Application
from apps.invoicing.services import applications, certifying, collected
from apps.invoicing.services.certifying import Figure
from apps.milestones import services as milestones
from apps.milestones.models import Milestone, Reservation
from apps.parties.actor import Actor
from apps.workflows import application_jobs, going_on, jobs, retention_jobs
from apps.workflows.once import Answer, once


def apply_for(
    milestone: Milestone,
    *,
    contract: Contract,
    actor: Actor,
    at: datetime,
    reservations: Sequence[Reservation] = (),
) -> Answer:
    """Where applications for payment are billed, what was accepted stands in the one that collects; no invoice yet.

    What is withheld for the ``reservations`` stands there once each is settled.
    """
    withheld = money.total(one.amount for one in reservations)
    application = collected.collect(milestone, contract=contract, actor=actor, at=at, withheld=withheld)
    if invoicing.releases_with(milestone):
        retention_jobs.release_retentions.defer(contract_ref=contract.ref, organisation_id=contract.seller_id)
    return {"milestone": milestone.ref, "application": application.ref if application is not None else ""}


@once
def submit_application(*, actor: Actor, key: str, application_ref: str, seen: str) -> Answer:
    """The seller asks for what was accepted by now; frozen from here on, and the buyer's certifiers are asked: its
    signatory by a personal link, while nobody of the buyer has a place here.

    ``seen`` is the SHA-256 of the text that the seller was shown.
    """
    contract = contracts.lock(contract_id=applications.contract_of_application(application_ref=application_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    application = applications.submit_application(
        contract=contract, application_ref=application_ref, actor=actor, seen=seen, at=at
    )
    going_on.keep_link(contract, GuestGrant.Purpose.CERTIFY, application.ref, actor=actor, at=at)
    jobs.defer(_news(application, contract.buyer_id))
    return {"application": application.ref, "number": str(application.number)}


@once
def withdraw_application(*, actor: Actor, key: str, application_ref: str) -> Answer:
    """The seller takes an application back before it is decided; what stood in it stands in the next one."""
    contract = contracts.lock(contract_id=applications.contract_of_application(application_ref=application_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    application = applications.withdraw_application(
        contract=contract, application_ref=application_ref, actor=actor, at=at
    )
    contracts.close_grants(subject_ref=application.ref, at=at)
    jobs.defer(_news(application, contract.buyer_id))
    return {"application": application.ref}


@once
def return_application(*, actor: Actor, key: str, application_ref: str, seen: str, reason: str) -> Answer:
    """The buyer's authorised person certifies nothing and says why; what stood in it stands in the next one."""
    contract = contracts.lock(contract_id=applications.contract_of_application(application_ref=application_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    application = applications.return_application(
        contract=contract, application_ref=application_ref, actor=actor, seen=seen, reason=reason, at=at
    )
    contracts.close_grants(subject_ref=application.ref, at=at)
    jobs.defer(_news(application, contract.seller_id))
    return {"application": application.ref}


@once
def certify_application(
    *,
    actor: Actor,
    key: str,
    application_ref: str,
    seen: str,
    figures: Mapping[str, Figure],
    comment: str = "",
) -> Answer:
    """The buyer's authorised person certifies an application, whole or at lower figures, and its invoice exists: one
    transaction, nothing in between.

    ``figures`` are by the reference of the milestone; ``seen`` is the SHA-256 of the text that was shown.
    """
    contract = contracts.lock(contract_id=applications.contract_of_application(application_ref=application_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    invoice_ref = new_ref()
    jobs.defer(
        jobs.render_invoice.configure(task_kwargs={"invoice_ref": invoice_ref, "organisation_id": contract.seller_id}),
        application_jobs.send_application_news.configure(
            task_kwargs={
                "application_ref": application_ref,
                "what": "certified",
                "organisation_id": contract.seller_id,
            }
        ),
    )
    invoice = certifying.certify_application(
        invoice_ref,
        contract=contract,
        application_ref=application_ref,
        actor=actor,
        seen=seen,
        figures=figures,
        comment=comment,
        at=at,
    )
    contracts.close_grants(subject_ref=application_ref, at=at)
    open_milestones = milestones.open_milestones(contract=contract)
    contracts.complete_when_all_billed(
        contract=contract,
        open_milestones=open_milestones,
        unbilled=0 if open_milestones else invoicing.unbilled(contract=contract),
        actor=actor,
        at=invoice.issued_at,
    )
    if following := retention_jobs.after(contract):
        jobs.defer(*following)
    return {"application": application_ref, "invoice": invoice.ref, "number": invoice.number}


def _news(application: Application, organisation_id: int) -> JobDeferrer:
    return application_jobs.send_application_news.configure(
        task_kwargs={
            "application_ref": application.ref,
            "what": application.state,
            "organisation_id": organisation_id,
        }
    )

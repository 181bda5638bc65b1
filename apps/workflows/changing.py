"""Change orders: an active contract is changed by what both sides sign, and its milestones follow."""

from datetime import datetime

from procrastinate.jobs import JobDeferrer

from apps.contracts import services as contracts
from apps.contracts.drafts import ChangeDraft
from apps.contracts.models import (
    ChangeOrder,
    Contract,
    ContractDocument,
    ContractParty,
    ContractVersion,
    GuestGrant,
)
from apps.core.database import walls
from apps.core.refs import new_ref
from apps.financing import services as financing
from apps.invoicing import services as invoicing
from apps.invoicing.services import replanning, withdrawing
from apps.invoicing.services.withdrawing import Withdrawable
from apps.milestones import services as milestones
from apps.milestones.models import Nullification
from apps.parties.actor import Actor, ActorKind
from apps.workflows import change_effects, crediting, going_on, jobs, limits, recourse, retention_jobs, revenue_jobs
from apps.workflows.contracting import LINK_MAILS
from apps.workflows.once import Answer, once


@once
def record_change(*, actor: Actor, key: str, contract_ref: str, draft: ChangeDraft) -> Answer:
    """A side writes down a change that nobody has priced yet; the other side gets a mail."""
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    limits.spare(limits.CHANGES, f"{contract.pk} {actor.organisation_id}")
    order = contracts.record_change(contract=contract, actor=actor, draft=draft, at=at)
    jobs.defer(_told(order, "recorded", to=contracts.other_side(order.author)))
    return {"contract": contract.ref, "change_order": order.ref}


@once
def propose_change(*, actor: Actor, key: str, contract_ref: str, draft: ChangeDraft, seen: str) -> Answer:
    """A side signs a change and sends it to the other one; the buyer's signatory gets a personal link.

    ``seen`` is the SHA-256 of the text on the review page. What is accepted, under review or financed refuses to be
    changed already here, and again when the other side signs.
    """
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    limits.spare(limits.CHANGES, f"{contract.pk} {actor.organisation_id}")
    version = contracts.propose_change(contract=contract, actor=actor, draft=draft, seen=seen, at=at)
    change_effects.check(version)
    for one in milestones.deductions(contract=contract, moved=change_effects.moved_by(version)):
        milestones.check_may_take_back(one.milestone, contract=contract, actor=actor, at=at)
    order = contracts.order_in(version)
    if version.author == ContractParty.Side.SELLER:
        invoicing.check_billable(contract=contract, version=version)
        contracts.grant_signature(version=version, actor=actor, at=at)
    jobs.defer(
        _told(order, "proposed", to=contracts.other_side(order.author)),
        _document(contract, version, kind=ContractDocument.Kind.PROPOSAL),
    )
    return {"contract": contract.ref, "change_order": order.ref, "version": version.ref}


@once
def sign_change(*, actor: Actor, key: str, order_ref: str, seen: str) -> Answer:
    """The other side signs the change: its version is in force, and the milestones are those of its plan.

    The contract is completed when nothing is left open by it. What of an accepted milestone is agreed to be owed no
    more is credited in the same transaction.
    """
    contract = contracts.lock(contract_id=contracts.contract_of_order(order_ref=order_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    version = contracts.sign_change(contract=contract, order_ref=order_ref, actor=actor, seen=seen, at=at)
    if version.author == ContractParty.Side.BUYER:
        invoicing.check_billable(contract=contract, version=version)
    taken = _take_back(contract, version=version, actor=actor, at=at)
    # It is the link by which acceptances are taken back, so it is spent after.
    contracts.spend_grants(subject_ref=version.ref, actor=actor, at=at)
    recourse.hold_financed(contract)
    bought = {ref: recourse.hold_bought(nullification.milestone) for ref, (nullification, _found) in taken.items()}
    moved, pledged = change_effects.moved_by(version), financing.pledged(contract=contract)
    change_effects.check_terms(contract, terms=contracts.terms_moved(version), pledged=pledged)
    held = change_effects.held_by_financiers(contract)
    left = milestones.replan(contract=contract, version=version, moved=moved, financed=held)
    recourse.follow_plan(contract, source=f"version:{version.ref}", actor=actor, at=at)
    replanning.replan_calendar(contract=contract, version=version, moved=moved, at=at)
    invoicing.start_lines_of_change(contract=contract, at=at)
    invoicing.drop_when_all_is_billed(contract=contract, actor=actor, at=at)
    contracts.complete_when_all_billed(
        contract=contract,
        open_milestones=left,
        unbilled=0 if left else invoicing.unbilled(contract=contract),
        actor=actor,
        at=at,
    )
    order = contracts.order_in(version)
    credited = {ref: pair for ref, pair in taken.items() if pair[0].credited}
    jobs.defer(
        _told(order, "signed", to=order.author),
        *_passed(contract, actor=actor, at=at),
        _document(contract, version, kind=ContractDocument.Kind.SIGNED),
        revenue_jobs.following(contract),
        *_copy(version, actor=actor),
        *going_on.link_to_events(contract, actor=actor, at=at),
        *retention_jobs.after(contract),
        *(crediting.document(ref, seller_id=contract.seller_id) for ref in credited),
    )
    # The number of a credit note is taken last.
    for ref, (nullification, found) in credited.items():
        note = invoicing.credit_nullified(ref, nullification=nullification, found=found, actor=actor, at=at)
        recourse.follow_credit(bought[ref], note_ref=note.ref, reason=note.reason, actor=actor, at=at)
    crediting.return_excess(contract=contract, actor=actor, at=at)
    return {"contract": contract.ref, "change_order": order.ref, "version": version.ref}


@once
def decline_change(*, actor: Actor, key: str, order_ref: str, reason: str) -> Answer:
    """The other side does not sign the change, and says why; whoever proposed it is told."""
    contract = contracts.lock(contract_id=contracts.contract_of_order(order_ref=order_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    version = contracts.decline_change(contract=contract, order_ref=order_ref, actor=actor, reason=reason, at=at)
    contracts.spend_grants(subject_ref=version.ref, actor=actor, at=at)
    order = contracts.order_in(version)
    jobs.defer(_told(order, "declined", to=order.author))
    return {"contract": contract.ref, "change_order": order.ref}


@once
def withdraw_change(*, actor: Actor, key: str, order_ref: str, reason: str) -> Answer:
    """The side that wrote a change takes it back, and says why; the other side is told."""
    contract = contracts.lock(contract_id=contracts.contract_of_order(order_ref=order_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    order = contracts.withdraw_change(contract=contract, order_ref=order_ref, actor=actor, reason=reason, at=at)
    contracts.end_signing_links(contract=contract, at=at)
    jobs.defer(_told(order, "withdrawn", to=contracts.other_side(order.author)))
    return {"contract": contract.ref, "change_order": order.ref}


def _passed(contract: Contract, *, actor: Actor, at: datetime) -> list[JobDeferrer]:
    """The mails with which a new signatory gets what waited for the one before; that to events follows by itself."""
    return [
        LINK_MAILS[GuestGrant.Purpose(grant.purpose)].configure(
            task_kwargs={"grant_ref": grant.ref, "organisation_id": contract.buyer_id}
        )
        for grant in contracts.pass_links(contract=contract, actor=actor, at=at)
        if grant.purpose != GuestGrant.Purpose.CONFIRM_EVENT
    ]


def _told(order: ChangeOrder, what: str, *, to: str) -> JobDeferrer:
    """The job that tells a side what became of a change order."""
    reader = contracts.organisation_of(order.contract, side=to)
    return jobs.send_change_news.configure(
        task_kwargs={"order_ref": order.ref, "what": what, "organisation_id": reader}
    )


def _copy(version: ContractVersion, *, actor: Actor) -> list[JobDeferrer]:
    """Who signed by personal link has no portal in which to find what was signed."""
    if actor.kind is not ActorKind.GUEST:
        return []
    buyer = version.contract.buyer_id
    return [jobs.send_signed_copy.configure(task_kwargs={"version_ref": version.ref, "organisation_id": buyer})]


def _document(contract: Contract, version: ContractVersion, *, kind: str) -> JobDeferrer:
    """The job that prints the version that an order makes."""
    return jobs.make_contract_document.configure(
        task_kwargs={"version_ref": version.ref, "kind": str(kind), "organisation_id": contract.seller_id}
    )


def _take_back(
    contract: Contract, *, version: ContractVersion, actor: Actor, at: datetime
) -> dict[str, tuple[Nullification, Withdrawable]]:
    """Withdraw by both signatures what of acceptances is owed no more; by the ref of the credit note to come, where
    something of it is billed."""
    taken: dict[str, tuple[Nullification, Withdrawable]] = {}
    for one in milestones.deductions(contract=contract, moved=change_effects.moved_by(version)):
        found = change_effects.to_take_back(one)
        asked = milestones.ask_by_change(contract=contract, version=version, deduction=one)
        nullification = milestones.grant_nullification(
            contract=contract,
            nullification_ref=asked.ref,
            actor=actor,
            left=found.left,
            unbilled=found.unbilled,
            withheld=found.withheld,
            signed=version,
            at=at,
        )
        withdrawing.withdraw_standing(found, nullification=nullification)
        taken[new_ref()] = nullification, found
    return taken

"""From a draft to a contract that both sides signed."""

from dataclasses import replace
from datetime import datetime

from procrastinate.jobs import JobDeferrer

from apps.contracts import services as contracts
from apps.contracts.drafts import ContractDraft, DraftLine, DraftOption
from apps.contracts.models import Contract, ContractDocument, ContractParty, ContractVersion, GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.milestones import services as milestones
from apps.parties.actor import Actor, ActorKind
from apps.parties.services import OrganisationData
from apps.workflows import beginning_jobs, going_on, instalments, jobs, link_jobs, revenue_jobs, team
from apps.workflows.once import Answer, once

LINK_MAILS = {
    GuestGrant.Purpose.SIGN_CONTRACT: jobs.send_contract_proposal,
    GuestGrant.Purpose.SIGN_OFF: jobs.send_sign_off_request,
    GuestGrant.Purpose.ACKNOWLEDGE: jobs.send_assignment_notice,
    GuestGrant.Purpose.MEND: link_jobs.send_link,
    GuestGrant.Purpose.DISPUTE: link_jobs.send_link,
    GuestGrant.Purpose.DISPUTE_INVOICE: link_jobs.send_link,
    GuestGrant.Purpose.SETTLE: link_jobs.send_link,
    GuestGrant.Purpose.CONFIRM_EVENT: link_jobs.send_link,
    GuestGrant.Purpose.CERTIFY: link_jobs.send_link,
    GuestGrant.Purpose.TAKE_OVER: beginning_jobs.send_seller_asked,
}


@once
def draft_contract(*, actor: Actor, key: str, draft: ContractDraft) -> Answer:
    """A side starts a contract: a draft that only that side sees, with a plan that may still be incomplete.

    The seller does by naming a buyer, the buyer by naming a seller.
    """
    contract = contracts.draft(actor=actor, draft=draft, at=clock.now())
    return {"contract": contract.ref}


@once
def draft_with_counterparty(
    *, actor: Actor, key: str, draft: ContractDraft, other: OrganisationData, side: str
) -> Answer:
    """A side (``side``, ``seller`` or ``buyer``) starts a contract with an organisation that it writes down with it:
    both, or neither where one is refused. What is refused of the organisation is refused at the field ``other``."""
    at = clock.now()
    try:
        named = team.named_by(actor=actor, data=other, at=at)
    except Refused as refused:
        refused.field = "other"
        raise
    whole = replace(draft, buyer_ref=named.ref) if side == "seller" else replace(draft, seller_ref=named.ref)
    contract = contracts.draft(actor=actor, draft=whole, at=at)
    return {"contract": contract.ref, "organisation": named.ref}


@once
def change_draft(*, actor: Actor, key: str, contract_ref: str, draft: ContractDraft, seen: str = "") -> Answer:
    """A side rewrites its draft as a whole.

    ``seen`` is the fingerprint of the draft from which the form was filled in; without it, whatever stands is replaced.
    """
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    # Whether the signatory is one of the seller's people is asked whoever writes.
    at = walls.widen(contract.seller_id, contract.buyer_id)
    contracts.change_draft(contract=contract, actor=actor, draft=draft, seen=seen, at=at)
    return {"contract": contract.ref}


@once
def keep_plan(
    *,
    actor: Actor,
    key: str,
    contract_ref: str,
    lines: tuple[DraftLine, ...],
    file_name: str,
    file_sha256: str,
    reading: str,
    plan_name: str = "",
    options: tuple[DraftOption, ...] | None = None,
) -> Answer:
    """A side uploads a plan from a spreadsheet, or several to pick from: they are kept for the review page, and the
    draft stays as it is."""
    upload = contracts.keep_plan(
        actor=actor,
        contract_ref=contract_ref,
        lines=lines,
        file_name=file_name,
        file_sha256=file_sha256,
        reading=reading,
        plan_name=plan_name,
        options=options,
        at=_both_sides(contract_ref),
    )
    return {"upload": upload.ref}


@once
def import_plan(*, actor: Actor, key: str, contract_ref: str, upload_ref: str) -> Answer:
    """The side confirms its uploaded plan: it takes the place of the draft's, as a whole."""
    at = _both_sides(contract_ref)
    contract = contracts.import_plan(actor=actor, contract_ref=contract_ref, upload_ref=upload_ref, at=at)
    return {"contract": contract.ref}


@once
def save_template(*, actor: Actor, key: str, contract_ref: str, name: str) -> Answer:
    """A side keeps a contract's plan and terms under a name, to start others from."""
    at = _both_sides(contract_ref)
    template = contracts.save_template(actor=actor, contract_ref=contract_ref, name=name, at=at)
    return {"template": template.ref}


def _both_sides(contract_ref: str) -> datetime:
    """Hold the contract and look at the people of both sides: who writes for the buyer is nobody of the seller's."""
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    return walls.widen(contract.seller_id, contract.buyer_id)


@once
def rename_template(*, actor: Actor, key: str, template_ref: str, name: str) -> Answer:
    """An organisation gives a template another name."""
    template = contracts.rename_template(actor=actor, template_ref=template_ref, name=name, at=clock.now())
    return {"template": template.ref}


@once
def delete_template(*, actor: Actor, key: str, template_ref: str) -> Answer:
    """An organisation ends a template; contracts that were started from it stay."""
    contracts.delete_template(actor=actor, template_ref=template_ref, at=clock.now())
    return {}


@once
def propose_contract(*, actor: Actor, key: str, contract_ref: str, seen: str) -> Answer:
    """A side signs its draft as an immutable version and sends it to the other side.

    The buyer's signatory gets a personal link, the seller's people a mail; whoever is to take the place of a seller
    without people here is asked to do so. An open proposal of the other side is over:
    its links die. ``seen`` is the SHA-256 of the version's text on the review page.
    """
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    version = contracts.propose(contract=contract, actor=actor, seen=seen, at=at)
    contracts.end_signing_links(contract=contract, at=at)
    if version.author == ContractParty.Side.SELLER:
        invoicing.check_billable(contract=contract, version=version)
        grant = contracts.grant_signature(version=version, actor=actor, at=at)
        sent = jobs.send_contract_proposal.configure(
            task_kwargs={"grant_ref": grant.ref, "organisation_id": contract.buyer_id}
        )
    else:
        sent = _to_seller(contract, version, asked=contracts.ask_seller(contract, actor=actor, at=at))
    jobs.defer(sent, _document(contract, version, kind=ContractDocument.Kind.PROPOSAL))
    return {"contract": contract.ref, "version": version.ref}


@once
def sign_contract(
    *, actor: Actor, key: str, version_ref: str, seen: str, pick: int | None = None, order_number: str = ""
) -> Answer:
    """The other side signs the very version that one side proposed: the contract is active, its milestones exist.

    Where the version offers several plans, ``pick`` is the number of the one that is in force from now on. Deposits
    that are due with the signature are billed in the same transaction, with the buyer's ``order_number`` if it is said.
    """
    contract = contracts.lock_of_version(version_ref=version_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    plan = contracts.sign(contract=contract, version_ref=version_ref, actor=actor, seen=seen, pick=pick, at=at)
    if order_number:
        contracts.set_order_number(contract=contract, actor=actor, number=order_number, at=at)
    version = plan.whole
    if version.author == ContractParty.Side.BUYER:
        # What the seller lacks to bill is the seller's to mend, so the buyer was not asked for it.
        invoicing.check_billable(contract=contract, version=version)
    contracts.spend_grants(subject_ref=version_ref, actor=actor, at=at)
    planned = milestones.plan(contract=contract, version=plan)
    deposits, documents = instalments.news_of(
        contract, planned=invoicing.plan_instalments(contract=contract, version=plan, at=at)
    )
    news = [
        *documents,
        jobs.send_contract_signed.configure(
            task_kwargs={
                "contract_ref": contract.ref,
                "organisation_id": contracts.organisation_of(contract, side=version.author),
            }
        ),
        _document(contract, version, kind=ContractDocument.Kind.SIGNED),
        revenue_jobs.following(contract),
        *going_on.link_to_events(contract, actor=actor, at=at),
    ]
    if actor.kind is ActorKind.GUEST:
        news.append(
            jobs.send_signed_copy.configure(
                task_kwargs={"version_ref": version.ref, "organisation_id": contract.buyer_id}
            )
        )
    jobs.defer(*news)
    instalments.bill_deposits(deposits, contract=contract, open_milestones=len(planned), actor=actor, at=at)
    return {"contract": contract.ref}


@once
def set_order_number(*, actor: Actor, key: str, contract_ref: str, number: str) -> Answer:
    """The buyer says which of its orders the invoices to come belong to."""
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    contracts.set_order_number(contract=contract, actor=actor, number=number, at=clock.now())
    return {"contract": contract.ref}


@once
def request_contract_changes(*, actor: Actor, key: str, version_ref: str, reason: str) -> Answer:
    """The other side asks for other terms: the proposer gets a new draft that copies the refused version."""
    contract = contracts.lock_of_version(version_ref=version_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    draft = contracts.request_changes(contract=contract, version_ref=version_ref, actor=actor, reason=reason, at=at)
    contracts.spend_grants(subject_ref=version_ref, actor=actor, at=at)
    proposer = contracts.organisation_of(contract, side=draft.author)
    jobs.send_contract_changes.defer(version_ref=version_ref, organisation_id=proposer)
    return {"contract": contract.ref}


@once
def withdraw_contract(*, actor: Actor, key: str, contract_ref: str) -> Answer:
    """The side that proposed last withdraws its draft or proposal; links to it die."""
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    contracts.withdraw(contract=contract, actor=actor, at=at)
    return {"contract": contract.ref}


@once
def renew_link(*, actor: Actor, key: str, grant_ref: str) -> Answer:
    """A personal link that expired or was lost is replaced by a new one, sent to the same mailbox and no other.

    The one by which a contract was signed brings the signatory the link to the events that it waits for.
    """
    contract = contracts.lock(contract_id=contracts.contract_of_grant(grant_ref=grant_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    if contracts.is_used_to_sign(contract=contract, grant_ref=grant_ref, actor=actor):
        jobs.defer(*going_on.link_to_events(contract, actor=actor, at=at))
        return {}
    grant = contracts.renew_grant(contract=contract, grant_ref=grant_ref, actor=actor, at=at)
    LINK_MAILS[GuestGrant.Purpose(grant.purpose)].defer(grant_ref=grant.ref, organisation_id=contract.buyer_id)
    return {"grant": grant.ref}


def _to_seller(contract: Contract, version: ContractVersion, *, asked: GuestGrant | None) -> JobDeferrer:
    """The mail to the seller's people; to whoever is to take its place, where it has none here."""
    if asked is not None:
        return beginning_jobs.send_seller_asked.configure(
            task_kwargs={"grant_ref": asked.ref, "organisation_id": contract.buyer_id}
        )
    return jobs.send_counter_proposal.configure(
        task_kwargs={"version_ref": version.ref, "organisation_id": contract.seller_id}
    )


def _document(contract: Contract, version: ContractVersion, *, kind: str) -> JobDeferrer:
    """The job that prints a version."""
    return jobs.make_contract_document.configure(
        task_kwargs={"version_ref": version.ref, "kind": str(kind), "organisation_id": contract.seller_id}
    )

"""Signatures: each side signs the same immutable version, or the deal does not stand."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.contracts import rules
from apps.contracts.models import Contract, ContractParty, ContractVersion, GuestGrant, PlanLine, Signature
from apps.contracts.models.contract import ContractState
from apps.contracts.services.copying import give_up_drafts
from apps.contracts.services.people import (
    buyer_authority,
    check_limit,
    check_sellers_answer,
    check_signatory,
    require_seller,
)
from apps.contracts.services.record import record
from apps.contracts.services.sides import (
    Side,
    newest_proposal,
    other_side,
    proposer_of,
    require_newest,
    require_writer,
)
from apps.contracts.services.texts import proposal
from apps.contracts.services.versions import draft_version
from apps.core import canonical, states
from apps.core.errors import IllegalTransition, Refused, Stale
from apps.parties.actor import Actor
from apps.parties.roles import Action


def statement_of(version: ContractVersion, *, side: str) -> rules.Statement:
    """What the person of a side agrees to when proposing this version, or when signing what the other one proposed."""
    contract = version.contract
    organisation = contract.seller if side == Side.SELLER else contract.buyer
    if version.change_order is not None:
        return rules.change_statement(
            side,
            organisation=organisation.legal_name,
            number=contract.number,
            version=version.number,
            order=version.change_order.number,
            is_answer=version.author != side,
        )
    agreed = rules.proposing_statement if version.author == side else rules.answering_statement
    return agreed(side, organisation=organisation.legal_name, number=contract.number, version=version.number)


def propose(*, contract: Contract, actor: Actor, seen: str, at: datetime) -> ContractVersion:
    """A side signs its draft: it becomes an immutable version, and the other side may see it and sign or answer.

    It takes the place of an open proposal of the other side, which can no longer be signed. ``seen`` is the SHA-256 of
    :func:`preview` on the review page; another text is :class:`Stale`.
    """
    side = require_writer(contract, actor=actor, at=at)
    if proposer_of(contract) == side:
        raise IllegalTransition("Your proposal waits for an answer. Withdraw it, or wait for what the other side says.")
    version = draft_version(contract, side=side)
    if contract.state == ContractState.DRAFT:
        states.move(contract, ContractState.PROPOSED, Contract.TRANSITIONS)
    text, amounts = proposal(version)
    check_signatory(contract, mailbox=version.signatory_email)
    require_signer(version, side=side, actor=actor, at=at)
    zone = canonical.read(text)["terms"]["review_time_zone"]
    rules.check_answer_until(version.answer_until, now=at, time_zone=zone)
    version.canonical_text, version.sha256 = text, canonical.sha256(text)
    compare(version, seen=seen)
    lines = list(version.lines.all())
    for line, amount in zip(lines, amounts, strict=True):
        line.amount = amount
    PlanLine.objects.bulk_update(lines, ["amount"])
    version.proposed_at = at
    if version.answer_until is not None:
        version.expires_at = rules.end_of_day(version.answer_until, time_zone=zone)
    version.save(update_fields=["canonical_text", "sha256", "proposed_at", "expires_at"])
    # What the other side is still writing would be the next version now.
    contract.versions.filter(proposed_at__isnull=True).update(number=version.number + 1)
    contract.was_proposed = True
    contract.save(update_fields=["state", "was_proposed"])
    ContractParty.objects.get_or_create(
        contract=contract, organisation_id=contract.buyer_id, defaults={"side": ContractParty.Side.BUYER}
    )
    record_signed(put_signature(version, side=side, actor=actor, at=at), verb="contract.proposed", actor=actor)
    return version


def sign(*, contract: Contract, version_ref: str, actor: Actor, seen: str, at: datetime) -> ContractVersion:
    """The other side signs the version that one side proposed: the contract is active.

    Only the newest version can be signed, until its last day, by somebody who may act for the side that did not propose
    it (for the buyer: :func:`buyer_authority`, within the person's limit), and only the text that was shown.
    """
    version = version_of(contract, version_ref=version_ref)
    side, limit = require_answerer(version, actor=actor, at=at)
    check_limit(version, limit=limit)
    require_open(version)
    require_in_time(version, at=at)
    if contract.state == ContractState.COMPLETED:
        # It can become active again, but not by a signature.
        raise IllegalTransition(
            "This is already “{state}”: somebody did it before. Nothing was changed.",
            state=contract.get_state_display(),
        )
    states.move(contract, ContractState.ACTIVE, Contract.TRANSITIONS)
    compare(version, seen=seen)
    signature = put_signature(version, side=side, actor=actor, at=at)
    give_up_drafts(contract)
    contract.active_version = version
    contract.activated_at = at
    contract.save(update_fields=["state", "active_version", "activated_at"])
    record_signed(signature, verb="contract.signed", actor=actor)
    return version


def complete_when_all_billed(
    *, contract: Contract, open_milestones: int, unbilled: int, actor: Actor, at: datetime
) -> None:
    """The contract is completed with the last milestone and the last instalment; nothing happens while some are open.

    ``unbilled`` are the deposits and periods that are still to be billed.
    """
    if open_milestones or unbilled:
        return
    states.move(contract, ContractState.COMPLETED, Contract.TRANSITIONS)
    contract.completed_at = at
    contract.save(update_fields=["state", "completed_at"])
    record(contract, verb="contract.completed", subject=f"contract:{contract.ref}", actor=actor, at=at)


def reopen(*, contract: Contract, actor: Actor, at: datetime) -> None:
    """A completed contract is active again, because an acceptance was withdrawn; nothing happens to an active one."""
    if contract.state != ContractState.COMPLETED:
        return
    states.move(contract, ContractState.ACTIVE, Contract.TRANSITIONS)
    contract.completed_at = None
    contract.save(update_fields=["state", "completed_at"])
    record(contract, verb="contract.reopened", subject=f"contract:{contract.ref}", actor=actor, at=at)


def version_of(contract: Contract, *, version_ref: str) -> ContractVersion:
    """A proposed version of a locked contract."""
    version = contract.versions.filter(ref=version_ref, proposed_at__isnull=False).first()
    if version is None:
        raise Refused("There is no such version of this contract.")
    version.contract = contract
    return version


def require_answerer(version: ContractVersion, *, actor: Actor, at: datetime) -> tuple[str, Decimal | None]:
    """The side that answers this version, and up to which amount the person may sign for it (None: any).

    Refused for whoever may not answer for that side; an answer that is no signature needs no limit.
    """
    contract, answers = version.contract, other_side(version.author)
    if answers == Side.SELLER:
        require_seller(contract, actor=actor, action=Action.SIGN_CONTRACT)
        proposed = version.signatures.get(side=Side.BUYER)
        check_sellers_answer(contract, actor=actor, buyers_signer=proposed.email)
        return answers, None
    limit = buyer_authority(
        contract,
        actor=actor,
        action=Action.SIGN_CONTRACT,
        version=version,
        purpose=GuestGrant.Purpose.SIGN_CONTRACT,
        subject_ref=version.ref,
        at=at,
    )
    return answers, limit


def require_open(version: ContractVersion) -> None:
    """Refuse what was answered already, and what is a change order, which is answered as such."""
    if version.change_order_id is not None:
        raise Refused("This is a change order. Open the contract and answer it there.")
    if version.changes_asked_at is not None:
        raise Stale("Changes were asked for in this version. Wait for a new one.")
    require_newest(version)


def require_in_time(version: ContractVersion, *, at: datetime) -> None:
    """Refuse a signature after the last day that the proposer set."""
    if version.expired_at is not None or (version.expires_at is not None and at > version.expires_at):
        proposer = version.contract.seller if version.author == Side.SELLER else version.contract.buyer
        raise Stale(
            "This proposal could be signed until the end of {day}, and nothing was signed now. Ask {proposer} to"
            " propose it again, with a later day.",
            day=version.answer_until,
            proposer=proposer.legal_name,
        )


def record_version(version: ContractVersion, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    """Write down what was done with a version, with its number, hash and price."""
    record(
        version.contract,
        verb=verb,
        subject=f"version:{version.ref}",
        actor=actor,
        at=at,
        version=version.number,
        sha256=version.sha256,
        price=version.price,
        **facts,
    )


def require_signer(version: ContractVersion, *, side: str, actor: Actor, at: datetime) -> None:
    """Who proposes signs: a role that may, and for the buyer a limit that reaches the price and nobody of the seller's.

    A buyer proposes only in a contract that was proposed to it before.
    """
    contract = version.contract
    if side == Side.SELLER:
        require_seller(contract, actor=actor, action=Action.SIGN_CONTRACT)
        return
    answered = newest_proposal(contract)
    limit = buyer_authority(
        contract,
        actor=actor,
        action=Action.SIGN_CONTRACT,
        version=answered,
        purpose=GuestGrant.Purpose.SIGN_CONTRACT,
        subject_ref=answered.ref,
        at=at,
    )
    check_limit(version, limit=limit)


def compare(version: ContractVersion, *, seen: str) -> None:
    """Refuse a signature on another text than the one that was shown."""
    if seen != version.sha256:
        raise Stale("The contract changed after this page was shown. Read it again; nothing was signed.")


def put_signature(version: ContractVersion, *, side: str, actor: Actor, at: datetime) -> Signature:
    """Keep that a person signed a version for a side; the caller has asked whether it may be so."""
    statement = statement_of(version, side=side)
    return Signature.objects.create(
        contract=version.contract,
        version=version,
        side=side,
        organisation_id=actor.organisation_id,
        user_id=actor.user_id,
        grant_id=actor.grant_id,
        name=actor.name,
        email=actor.email,
        signed_at=at,
        address=actor.origin.address,
        agent=actor.origin.agent,
        authenticated_by=actor.origin.authenticated_by,
        statement=statement.text,
        statement_version=statement.version,
        sha256=version.sha256,
    )


def record_signed(signature: Signature, *, verb: str, actor: Actor, **facts: Any) -> None:
    """A signature is addressed to the other side, which is told who signed, and from where."""
    contract = signature.version.contract
    record_version(
        signature.version,
        verb=verb,
        actor=actor,
        at=signature.signed_at,
        told_to=(contract.seller_id, contract.buyer_id),
        side=signature.side,
        seller=contract.seller_id,
        buyer=contract.buyer_id,
        statement=signature.statement,
        statement_version=signature.statement_version,
        **facts,
    )

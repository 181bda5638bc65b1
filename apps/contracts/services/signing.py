"""Signatures: each side signs the same immutable version, or the deal does not stand."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.contracts import rules
from apps.contracts.models import Contract, ContractParty, ContractVersion, GuestGrant, PlanLine, Signature
from apps.contracts.models.contract import ContractState
from apps.contracts.services.beginning import HEADING, save_numbered, show_heading
from apps.contracts.services.copying import give_up_drafts
from apps.contracts.services.people import (
    buyer_authority,
    check_limit,
    check_sellers_answer,
    check_signatory,
    require_seller,
)
from apps.contracts.services.plans import plan_picked, plans_of
from apps.contracts.services.record import record
from apps.contracts.services.sides import (
    Side,
    organisation_of,
    other_side,
    proposer_of,
    require_newest,
    require_writer,
)
from apps.contracts.services.texts import proposal
from apps.contracts.services.versions import draft_version
from apps.core import canonical, states
from apps.core.errors import IllegalTransition, Refused, Stale
from apps.core.money import Money
from apps.core.spoken import Said, said
from apps.parties.actor import Actor
from apps.parties.roles import Action


def statement_of(version: ContractVersion, *, side: str, plan: ContractVersion | None = None) -> Said:
    """What the person of a side agrees to when proposing this version, or when signing what the other one proposed.

    ``plan`` is what who answers picks, where several are offered.
    """
    contract = version.contract
    organisation = contract.seller if side == Side.SELLER else contract.buyer
    if version.change_order is not None:
        return said(
            rules.change_statement(
                side,
                organisation=organisation.legal_name,
                number=version.contract_number,
                version=version.number,
                order=version.change_order.number,
                is_answer=version.author != side,
            )
        )
    named: dict[str, Any] = {
        "organisation": organisation.legal_name,
        "number": version.contract_number,
        "version": version.number,
    }
    if version.author == side:
        return said(rules.proposing_statement(side, **named, plans=1 + version.options().count()))
    pick = rules.Pick(plan.option_number, plan.plan_name, Money(plan.price, plan.currency)) if plan else None
    return said(rules.answering_statement(side, **named, pick=pick))


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
    plans = plans_of(version)
    lines = [line for plan in plans for line in plan.lines.all()]
    for line, amount in zip(lines, (amount for of_plan in amounts for amount in of_plan), strict=True):
        line.amount = amount
    PlanLine.objects.bulk_update(lines, ["amount"])
    version.proposed_at = at
    if version.answer_until is not None:
        version.expires_at = rules.end_of_day(version.answer_until, time_zone=zone)
    settled = ("canonical_text", "sha256", "proposed_at", "expires_at")
    version.save(update_fields=settled)
    version.options().update(**{name: getattr(version, name) for name in settled})
    # What the other side is still writing would be the next version now, and has the heading of this one.
    heading = {name: getattr(version, name) for name in HEADING}
    drafts = ContractVersion.plans.filter(contract=contract, proposed_at__isnull=True)
    drafts.update(number=version.number + 1, **heading)
    contract.was_proposed = True
    show_heading(contract, version=version)
    save_numbered(contract)
    for one in (Side.SELLER, Side.BUYER):
        ContractParty.objects.get_or_create(
            contract=contract, organisation_id=organisation_of(contract, side=one), defaults={"side": one}
        )
    record_signed(put_signature(version, side=side, actor=actor, at=at), verb="contract.proposed", actor=actor)
    return version


def sign(
    *, contract: Contract, version_ref: str, actor: Actor, seen: str, at: datetime, pick: int | None = None
) -> ContractVersion:
    """The other side signs the version that one side proposed: the contract is active, with the plan that is returned.

    Where the version offers several plans, ``pick`` is the number of one (0 is the base plan); only that one is in
    force, and the person's limit has to reach its price.

    Only the newest version can be signed, until its last day, by somebody who may act for the side that did not propose
    it (for the buyer: :func:`buyer_authority`, within the person's limit), and only the text that was shown.
    """
    version = version_of(contract, version_ref=version_ref)
    side, limit = require_answerer(version, actor=actor, at=at)
    require_open(version)
    require_in_time(version, at=at)
    plans = plans_of(version)
    plan = plan_picked(plans, pick=pick)
    check_limit(plan, limit=limit)
    if contract.state == ContractState.COMPLETED:
        # It can become active again, but not by a signature.
        raise IllegalTransition(
            "This is already “{state}”: somebody did it before. Nothing was changed.",
            state=contract.get_state_display(),
        )
    states.move(contract, ContractState.ACTIVE, Contract.TRANSITIONS)
    compare(version, seen=seen)
    picked = plan if len(plans) > 1 else None
    signature = put_signature(version, side=side, actor=actor, at=at, plan=picked)
    give_up_drafts(contract)
    contract.active_version = plan
    contract.activated_at = at
    contract.save(update_fields=["state", "active_version", "activated_at"])
    told = {"option": plan.option_number, "plan": plan.plan_name, "price_picked": plan.price} if picked else {}
    record_signed(signature, verb="contract.signed", actor=actor, **told)
    return plan


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
        # A change is signed by whom the contract in force names, and by nobody whom it would name first.
        version=version.changes or version,
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
    """Who proposes signs: a role that may; for the buyer a limit that reaches the price, and nobody of the seller's."""
    contract = version.contract
    if side == Side.SELLER:
        require_seller(contract, actor=actor, action=Action.SIGN_CONTRACT)
        return
    check_limit(version, limit=buyer_authority(contract, actor=actor, action=Action.SIGN_CONTRACT, at=at))


def compare(version: ContractVersion, *, seen: str) -> None:
    """Refuse a signature on another text than the one that was shown."""
    if seen != version.sha256:
        raise Stale("The contract changed after this page was shown. Read it again; nothing was signed.")


def put_signature(
    version: ContractVersion, *, side: str, actor: Actor, at: datetime, plan: ContractVersion | None = None
) -> Signature:
    """Keep that a person signed a version for a side, and which plan of it was picked, where there are several; the
    caller has asked whether it may be so."""
    statement = statement_of(version, side=side, plan=plan)
    return Signature.objects.create(
        contract=version.contract,
        version=version,
        plan=plan,
        side=side,
        organisation_id=actor.organisation_id,
        **actor.evidence(),
        grant_id=actor.grant_id,
        circumstances=actor.circumstances(statement=statement.kept()),
        signed_at=at,
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
        private=signature.circumstances,
        side=signature.side,
        seller=contract.seller_id,
        buyer=contract.buyer_id,
        statement=signature.statement,
        statement_version=signature.statement_version,
        **facts,
    )

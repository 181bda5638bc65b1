"""Signatures: each side signs the same immutable version, or the deal does not stand."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.contracts import rules
from apps.contracts.models import Contract, ContractParty, ContractVersion, Criterion, GuestGrant, PlanLine, Signature
from apps.contracts.models.contract import ContractState
from apps.contracts.services.drafting import draft_version, proposal
from apps.contracts.services.people import buyer_authority, check_limit, check_signatory, require_seller
from apps.contracts.services.record import record
from apps.core import canonical, states
from apps.core.errors import Refused, Stale
from apps.parties.actor import Actor
from apps.parties.roles import Action


def seller_statement(version: ContractVersion) -> rules.Statement:
    """What the seller's person agrees to when proposing this version."""
    contract = version.contract
    return rules.seller_statement(
        organisation=contract.seller.legal_name, number=contract.number, version=version.number
    )


def buyer_statement(version: ContractVersion) -> rules.Statement:
    """What the buyer's person agrees to when signing this version."""
    contract = version.contract
    return rules.buyer_statement(organisation=contract.buyer.legal_name, number=contract.number, version=version.number)


def propose(*, contract: Contract, actor: Actor, seen: str, at: datetime) -> ContractVersion:
    """The seller signs the draft: it becomes an immutable version, and the buyer may see the contract.

    ``seen`` is the SHA-256 of :func:`preview` on the review page; another text is :class:`Stale`.
    """
    require_seller(contract, actor=actor, action=Action.EDIT_CONTRACT)
    require_seller(contract, actor=actor, action=Action.SIGN_CONTRACT)
    version = draft_version(contract)
    states.move(contract, ContractState.PROPOSED, Contract.TRANSITIONS)
    text, amounts = proposal(version)
    check_signatory(contract, mailbox=version.signatory_email)
    version.canonical_text, version.sha256 = text, canonical.sha256(text)
    _compare(version, seen=seen)
    lines = list(version.lines.all())
    for line, amount in zip(lines, amounts, strict=True):
        line.amount = amount
    PlanLine.objects.bulk_update(lines, ["amount"])
    version.proposed_at = at
    version.save(update_fields=["canonical_text", "sha256", "proposed_at"])
    contract.was_proposed = True
    contract.save(update_fields=["state", "was_proposed"])
    ContractParty.objects.get_or_create(
        contract=contract, organisation_id=contract.buyer_id, defaults={"side": ContractParty.Side.BUYER}
    )
    signature = _sign(version, side=ContractParty.Side.SELLER, actor=actor, statement=seller_statement(version), at=at)
    _record_signed(signature, verb="contract.proposed", actor=actor)
    return version


def sign(*, contract: Contract, version_ref: str, actor: Actor, seen: str, at: datetime) -> ContractVersion:
    """The buyer signs the version that the seller signed: the contract is active.

    Only the newest version can be signed, by somebody of the buyer (:func:`buyer_authority`) whose limit reaches the
    price, and only the text that was shown.
    """
    version = _of(contract, version_ref=version_ref)
    check_limit(version, limit=_require_buyer(version, actor=actor, at=at))
    _require_current(version)
    states.move(contract, ContractState.ACTIVE, Contract.TRANSITIONS)
    _compare(version, seen=seen)
    signature = _sign(version, side=ContractParty.Side.BUYER, actor=actor, statement=buyer_statement(version), at=at)
    contract.active_version = version
    contract.activated_at = at
    contract.save(update_fields=["state", "active_version", "activated_at"])
    _record_signed(signature, verb="contract.signed", actor=actor)
    return version


def request_changes(
    *, contract: Contract, version_ref: str, actor: Actor, reason: str, at: datetime
) -> ContractVersion:
    """The buyer asks for other terms: the refused version stays as it is, and a draft that copies it is the answer."""
    version = _of(contract, version_ref=version_ref)
    _require_buyer(version, actor=actor, at=at)
    _require_current(version)
    wish = rules.check_reason(reason)
    states.move(contract, ContractState.DRAFT, Contract.TRANSITIONS)
    version.changes_asked_at, version.changes_asked = at, wish
    version.save(update_fields=["changes_asked_at", "changes_asked"])
    contract.save(update_fields=["state"])
    draft = _copy(version, at=at)
    _record(version, verb="contract.changes_requested", actor=actor, at=at, reason=wish)
    return draft


def withdraw(*, contract: Contract, actor: Actor, at: datetime) -> None:
    """The seller takes a draft or a proposal back; every link to it dies."""
    require_seller(contract, actor=actor, action=Action.EDIT_CONTRACT)
    states.move(contract, ContractState.WITHDRAWN, Contract.TRANSITIONS)
    contract.save(update_fields=["state"])
    live = GuestGrant.objects.filter(contract=contract, used_at__isnull=True, revoked_at__isnull=True)
    live.update(revoked_at=at)
    record(contract, verb="contract.withdrawn", subject=f"contract:{contract.ref}", actor=actor, at=at)


def complete_when_all_accepted(*, contract: Contract, open_milestones: int, actor: Actor, at: datetime) -> None:
    """The contract is completed with its last milestone; nothing happens while some are open."""
    if open_milestones:
        return
    states.move(contract, ContractState.COMPLETED, Contract.TRANSITIONS)
    contract.completed_at = at
    contract.save(update_fields=["state", "completed_at"])
    record(contract, verb="contract.completed", subject=f"contract:{contract.ref}", actor=actor, at=at)


def _of(contract: Contract, *, version_ref: str) -> ContractVersion:
    version = contract.versions.filter(ref=version_ref, proposed_at__isnull=False).first()
    if version is None:
        raise Refused("There is no such version of this contract.")
    version.contract = contract
    return version


def _require_buyer(version: ContractVersion, *, actor: Actor, at: datetime) -> Decimal | None:
    """Up to which amount the person decides for the buyer; refused for whoever does not."""
    return buyer_authority(
        version.contract,
        actor=actor,
        action=Action.SIGN_CONTRACT,
        version=version,
        purpose=GuestGrant.Purpose.SIGN_CONTRACT,
        subject_ref=version.ref,
        at=at,
    )


def _require_current(version: ContractVersion) -> None:
    if version.changes_asked_at is not None:
        raise Stale("Changes were asked for in this version. The seller proposes a new one.")
    if version.contract.versions.filter(number__gt=version.number).exists():
        raise Stale("There is a newer version of this contract. Read that one.")


def _compare(version: ContractVersion, *, seen: str) -> None:
    if seen != version.sha256:
        raise Stale("The contract changed after this page was shown. Read it again; nothing was signed.")


def _sign(
    version: ContractVersion, *, side: ContractParty.Side, actor: Actor, statement: rules.Statement, at: datetime
) -> Signature:
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


def _copy(version: ContractVersion, *, at: datetime) -> ContractVersion:
    """A new draft that starts as the version stands."""
    lines = list(version.lines.prefetch_related("criteria"))
    draft = ContractVersion.objects.create(
        contract=version.contract,
        number=version.number + 1,
        price=version.price,
        payment_days=version.payment_days,
        review_days=version.review_days,
        review_unit=version.review_unit,
        review_country=version.review_country,
        review_subdivision=version.review_subdivision,
        review_time_zone=version.review_time_zone,
        silence=version.silence,
        partial_acceptance=version.partial_acceptance,
        tax_category=version.tax_category,
        tax_rate=version.tax_rate,
        is_assignable=version.is_assignable,
        governing_law=version.governing_law,
        terms=version.terms,
        signatory_name=version.signatory_name,
        signatory_email=version.signatory_email,
        drafted_by_id=version.drafted_by_id,
        created_at=at,
    )
    copies = PlanLine.objects.bulk_create(
        PlanLine(
            version=draft,
            position=line.position,
            title=line.title,
            scope=line.scope,
            basis=line.basis,
            percent=line.percent,
            amount=line.amount,
            planned_on=line.planned_on,
        )
        for line in lines
    )
    Criterion.objects.bulk_create(
        Criterion(line=copy, position=c.position, text=c.text, needs_evidence=c.needs_evidence)
        for copy, line in zip(copies, lines, strict=True)
        for c in line.criteria.all()
    )
    return draft


def _record_signed(signature: Signature, *, verb: str, actor: Actor) -> None:
    """A signature is addressed to the other side, which is told who signed, and from where."""
    contract = signature.version.contract
    _record(
        signature.version,
        verb=verb,
        actor=actor,
        at=signature.signed_at,
        told_to=(contract.seller_id, contract.buyer_id),
        seller=contract.seller_id,
        buyer=contract.buyer_id,
        statement=signature.statement,
        statement_version=signature.statement_version,
    )


def _record(version: ContractVersion, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
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

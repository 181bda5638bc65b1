"""Retention that becomes due: when the last milestone is accepted, on its date, or because a side says so."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from apps.contracts import rules as contract_rules
from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.contracts.retention import BUYER, COMPLETION, MILESTONE, SELLER, RetentionTerms, ScheduledRelease
from apps.contracts.retention import RetentionRelease as Part
from apps.core import money
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.invoicing import rules
from apps.invoicing.models import (
    Retention,
    RetentionRelease,
)
from apps.invoicing.services.release_issuing import Shared, kept_in_ledger, post, stated
from apps.invoicing.services.retained import accepted_on, completed_on, section_of
from apps.invoicing.services.returning import part_of, shares_again
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action


def release(ref: str, *, contract: Contract, position: int, actor: Actor, at: datetime) -> RetentionRelease | None:
    """Make a part of the retention due: receivables instead of retention held, and a statement that asks for it.

    ``ref`` is the new reference of the statement, ``position`` the part of the schedule, from 1. The system releases
    what is due by completion or date, once, and answers None where there is nothing to do; the buyer may release any
    part at any time, and the seller what was agreed to be his to call. The caller holds the contract.
    """
    version = contract.active_version
    terms = contract_rules.read_retention(version.retention) if version is not None else None
    back = contract.retention_returns.filter(position=position).first()
    if version is None or terms is None or not (1 <= position <= len(terms.schedule) or back):
        raise Refused("This contract has no such part of a retention.")
    made = {one.position: one.amount for one in contract.retention_releases.all()}
    today = at.astimezone(ZoneInfo(contract.seller.time_zone)).date()
    is_system = actor.kind is ActorKind.SYSTEM
    if position in made:
        if is_system:
            return None
        raise IllegalTransition("This part of the retention is released already. Reload the page to see it.")
    part = part_of(back) if back is not None else terms.schedule[position - 1]
    if is_system and not _is_due(part.release, contract=contract, terms=terms, today=today):
        return None
    event, limit = _event_of(part.release, version=version, actor=actor, at=at)
    kept = list(
        Retention.objects.filter(contract=contract)
        .select_related("invoice__milestone__line")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    if back is not None:
        shares = shares_again(back, kept=kept)
    else:
        shares = _scheduled(part, kept=kept, made=made, terms=terms, currency=contract.currency)
    amount = money.total(share for _one, share in shares)
    if not amount:
        if is_system:
            return None
        raise Refused("Nothing of this part is withheld now, so there is nothing to release.")
    _check_limit(contract, limit=limit, amount=amount)
    invoice = stated(
        ref,
        contract=contract,
        version=version,
        event=event,
        part=part,
        terms=terms,
        shares=shares,
        left=money.total(one.held - one.released for one in kept) - amount,
        released_by="" if is_system else actor.name,
        at=at,
    )
    found = kept_in_ledger(
        invoice,
        part=part,
        event=event,
        shares=shares,
        by="" if is_system else actor.name,
        back=back,
    )
    post(invoice)
    contracts.record(
        contract,
        verb="retention.released",
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=invoice.issued_at,
        told_to=(contract.seller_id, contract.buyer_id),
        number=invoice.number,
        position=position,
        kind=terms.kinds[part.kind - 1].name,
        event=event,
        currency=invoice.currency,
        amount=amount,
        due_on=invoice.due_on,
        snapshot_sha256=invoice.snapshot_sha256,
        chain_sha256=invoice.chain_sha256,
    )
    return found


def _scheduled(
    part: ScheduledRelease,
    *,
    kept: Sequence[Retention],
    made: Mapping[int, Decimal],
    terms: RetentionTerms,
    currency: str,
) -> Shared:
    """What a part that was agreed releases now, over the invoices that it concerns; over all where that is all."""
    rows = [rules.RetentionRow(one.kind, section_of(one), one.held, one.released, one.returned) for one in kept]
    amount = rules.released_of(part, rows=rows, made=made, terms=terms, currency=currency)
    if not amount:
        return []
    of_kind = [one for one in kept if one.kind == part.kind]
    is_all = amount == money.total(one.releasable for one in of_kind)
    concerned = [one for one, row in zip(kept, rows, strict=True) if rules.concerned(part, row)]
    return _shared(amount, kept=of_kind if is_all else concerned, currency=currency)


def _is_due(part: Part, *, contract: Contract, terms: RetentionTerms, today: date) -> bool:
    day = completed_on(contract.ended_at, time_zone=contract.seller.time_zone)
    on = rules.due_from(part, completed_on=day, accepted_on=accepted_on(contract, terms=terms))
    return on is not None and on <= today


def _event_of(part: Part, *, version: ContractVersion, actor: Actor, at: datetime) -> tuple[str, Decimal | None]:
    """By whose word a part is released, if this person may say it, and up to which amount (None: any).

    The buyer may always release earlier than agreed: it gives up what protects nobody but itself.
    """
    if actor.kind is ActorKind.SYSTEM:
        return part.event, None
    if actor.kind is ActorKind.GUEST:
        raise NotAllowed(
            "A personal link is for signing off. Take your organisation's place here first; then you can release"
            " retention."
        )
    contract = version.contract
    if actor.organisation_id == contract.buyer_id:
        limit = contracts.buyer_authority(
            contract,
            actor=actor,
            action=Action.DECIDE_MILESTONE,
            version=version,
            purpose=GuestGrant.Purpose.SIGN_OFF,
            subject_ref=contract.ref,
            at=at,
        )
        return BUYER, limit
    contracts.require_seller(contract, actor=actor, action=Action.RECORD_PAYMENT)
    if part.event == SELLER:
        return SELLER, None
    if part.event == BUYER:
        raise NotAllowed("The buyer says when this part of the retention is released. Ask for it.")
    if part.event == COMPLETION:
        raise NotAllowed(
            "As agreed, this part of the retention is released by itself after the last milestone is accepted."
            " The buyer may release it earlier."
        )
    if part.event == MILESTONE:
        raise NotAllowed(
            "As agreed, this part of the retention is released by itself after “{milestone}” is accepted. The buyer may"
            " release it earlier.",
            milestone=part.milestone,
        )
    raise NotAllowed(
        "As agreed, this part of the retention is released by itself on its day. The buyer may release it earlier."
    )


def _check_limit(contract: Contract, *, limit: Decimal | None, amount: Decimal) -> None:
    """A person with a limit releases up to it; a limit in another currency permits nothing."""
    if limit is None:
        return
    if contract.buyer.currency != contract.currency or amount > limit:
        raise NotAllowed(
            "This comes to {amount}; you release up to {limit}. Ask somebody with a higher limit.",
            amount=money.Money(amount, contract.currency),
            limit=money.Money(limit, contract.buyer.currency),
        )


def _shared(amount: Decimal, *, kept: Sequence[Retention], currency: str) -> Shared:
    left = [one.releasable for one in kept]
    parts = zip(kept, rules.shares_of(amount, left=left, currency=currency), strict=True)
    return [(one, share) for one, share in parts if share]

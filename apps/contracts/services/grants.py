"""Personal links: one mailbox of the buyer may do one thing on one contract, without an account."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db.models import Q

from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.contracts.models.grant import GuestGrantQuerySet
from apps.contracts.services.colleagues import may_be_replaced
from apps.contracts.services.people import decides_by_link
from apps.contracts.services.record import record
from apps.core.database import in_flight
from apps.core.errors import NotAllowed, Refused
from apps.core.refs import new_ref
from apps.parties import tokens
from apps.parties.actor import Actor
from apps.parties.roles import Action

VALID_FOR: Final = timedelta(days=30)
ASKED_FOR: Final = timedelta(days=365)
"""How long a seller that has nobody here is waited for: no token can be renewed, for none is sent."""

WRITES: Final = {
    GuestGrant.Purpose.SIGN_CONTRACT: Action.EDIT_CONTRACT,
    GuestGrant.Purpose.SETTLE: Action.SIGN_CONTRACT,
    GuestGrant.Purpose.DISPUTE: Action.RAISE_DISPUTE,
}
"""Who of the seller may have a link replaced: whoever may do there what it is about."""


def grant_signature(*, version: ContractVersion, actor: Actor, at: datetime) -> GuestGrant:
    """A link by which the named signatory reads and signs this version; a change of one is signed by whom the contract
    in force names, whoever is to sign off from then on."""
    names = version.changes or version
    grant = make_grant(
        version.contract,
        purpose=GuestGrant.Purpose.SIGN_CONTRACT,
        subject_ref=version.ref,
        name=names.signatory_name,
        email=names.signatory_email,
        at=at,
    )
    record_grant(grant, verb="link.granted", actor=actor, at=at)
    return grant


def grant_sign_off(
    *, contract: Contract, submission_ref: str, actor: Actor, at: datetime, review_due_at: datetime | None = None
) -> GuestGrant:
    """A link by which the signatory of the signed version reviews and decides this submission.

    Nobody's silence may count while the link is dead, and the deadline moves if the mail is late: so the link lives
    at least as long again as the review.
    """
    until = review_due_at + (review_due_at - at) if review_due_at else None
    return grant_to_signatory(
        contract, purpose=GuestGrant.Purpose.SIGN_OFF, subject_ref=submission_ref, actor=actor, at=at, until=until
    )


def grant_acknowledgement(*, contract: Contract, assignment_ref: str, actor: Actor, at: datetime) -> GuestGrant:
    """A link by which the signatory confirms the notice that names another payee for one invoice."""
    return grant_to_signatory(
        contract, purpose=GuestGrant.Purpose.ACKNOWLEDGE, subject_ref=assignment_ref, actor=actor, at=at
    )


def link_to_what_goes_on(
    *, contract: Contract, purpose: str, subject_ref: str, actor: Actor, at: datetime
) -> GuestGrant | None:
    """The signatory's live link to something that goes on after a decision: defects, a dispute, a termination, events.

    One that has expired is replaced. None once the buyer has an owner here: its people act as members.
    """
    if contract.active_version is None or not decides_by_link(contract):
        return None
    old = live_grants(subject_ref).filter(purpose=purpose, email=contract.active_version.signatory_email).first()
    if old is not None and old.expires_at > at:
        return old
    if old is not None:
        old.revoked_at = at
        old.save(update_fields=["revoked_at"])
    return grant_to_signatory(contract, purpose=purpose, subject_ref=subject_ref, actor=actor, at=at, replaces=old)


def grant_take_over(*, contract: Contract, actor: Actor, at: datetime) -> GuestGrant:
    """That the person whom the buyer names may take the seller's organisation over: the seller has nobody here yet."""
    grant = make_grant(
        contract,
        purpose=GuestGrant.Purpose.TAKE_OVER,
        subject_ref=contract.ref,
        name=contract.seller.legal_name[:120],
        email=contract.seller_email,
        at=at,
        until=at + ASKED_FOR,
        organisation_id=contract.seller_id,
    )
    record_grant(grant, verb="link.granted", actor=actor, at=at)
    return grant


def revoke_other_take_overs(*, contract: Contract, at: datetime) -> None:
    """Only the person whom the buyer names now may take the seller's place, and only of the seller of now."""
    live = contract.grants.filter(purpose=GuestGrant.Purpose.TAKE_OVER, used_at__isnull=True, revoked_at__isnull=True)
    named = Q(email=contract.seller_email, organisation_id=contract.seller_id)
    live.exclude(named).update(revoked_at=at)


def renew_grant(*, contract: Contract, grant_ref: str, actor: Actor, at: datetime) -> GuestGrant:
    """Replace a link, expired or lost, by a new one to the same mailbox; the old one is dead from then on.

    Asked for by its guest, or by members of either side who may write or decide.
    """
    old = GuestGrant.objects.select_for_update().filter(ref=grant_ref, contract=contract).first()
    if old is None:
        raise Refused("There is no such link.")
    require_concerned(contract, grant=old, actor=actor)
    if old.used_at is not None:
        raise Refused("This link has been used: what it was for is decided.")
    if old.revoked_at is not None or not may_be_replaced(old, contract=contract):
        raise Refused("This link was replaced or is no longer needed. Look for a newer mail.")
    old.revoked_at = at
    old.save(update_fields=["revoked_at"])
    new = make_grant(
        contract,
        purpose=old.purpose,
        subject_ref=old.subject_ref,
        name=old.name,
        email=old.email,
        at=at,
        until=old.expires_at,
        replaces=old,
        organisation_id=old.organisation_id,
        passed_from=old.passed_from,
    )
    record_grant(new, verb="link.renewed", actor=actor, at=at)
    return new


def revoke_grants(*, subject_ref: str, at: datetime) -> None:
    """The live links to a version or a submission die."""
    live_grants(subject_ref).update(revoked_at=at)


def end_signing_links(*, contract: Contract, at: datetime) -> None:
    """There is another version now: the live links to sign an earlier one die."""
    live = GuestGrant.objects.filter(contract=contract, purpose=GuestGrant.Purpose.SIGN_CONTRACT)
    live.filter(used_at__isnull=True, revoked_at__isnull=True).update(revoked_at=at)


def spend_grants(*, subject_ref: str, actor: Actor, at: datetime) -> None:
    """The subject is decided: the link that decided it is used, and so is the one from which or to which that was
    passed on, so that it shows what came. Where a member decided, the live links to it die."""
    in_flight.write(
        "UPDATE contracts_guestgrant SET used_at = CASE WHEN %(used)s::bigint IS NOT NULL THEN %(at)s::timestamptz END,"
        " revoked_at = CASE WHEN %(used)s::bigint IS NULL THEN %(at)s::timestamptz END"
        " WHERE subject_ref = %(subject)s AND used_at IS NULL AND revoked_at IS NULL",
        {"used": actor.grant_id, "subject": subject_ref, "at": at},
    )


def close_grants(*, subject_ref: str, at: datetime) -> None:
    """The subject is decided without anybody's deciding it: its live links decide nothing more, and show what came."""
    live_grants(subject_ref).update(used_at=at)


def close_event_links(*, contract: Contract, at: datetime) -> None:
    """No event waits any more: the live links by which they are confirmed show what came of them."""
    live_grants(contract.ref).filter(purpose=GuestGrant.Purpose.CONFIRM_EVENT).update(used_at=at)


def mark_viewed(*, grant_id: int, at: datetime) -> None:
    """Keep when a link was opened first: proof that the notice arrived."""
    GuestGrant.objects.filter(pk=grant_id, first_viewed_at__isnull=True).update(first_viewed_at=at)


def link_told(grant: GuestGrant | None) -> dict[str, Any] | None:
    """The personal link by which a guest came, as printed records name it: to whom it went, when it was opened."""
    if grant is None:
        return None
    told: dict[str, Any] = {
        "sent_to": grant.email,
        "made_at": grant.created_at,
        "first_viewed_at": grant.first_viewed_at,
    }
    if grant.passed_from is not None:
        told["passed_on_by"] = {"name": grant.passed_from.name, "email": grant.passed_from.email}
    return told


def grant_to_signatory(
    contract: Contract,
    *,
    purpose: str,
    subject_ref: str,
    actor: Actor,
    at: datetime,
    until: datetime | None = None,
    replaces: GuestGrant | None = None,
) -> GuestGrant:
    """A link to the signatory whom the version in force names, written into the record."""
    version = contract.active_version
    if version is None:
        raise Refused("Nobody signs anything off before both sides have signed the contract.")
    name, email = version.signatory_name, version.signatory_email
    of = partial(make_grant, contract, purpose=purpose, subject_ref=subject_ref)
    grant = of(name=name, email=email, at=at, until=until, replaces=replaces)
    record_grant(grant, verb="link.granted", actor=actor, at=at)
    return grant


def live_grants(subject_ref: str) -> GuestGrantQuerySet:
    """The links to a subject that were neither used nor revoked; some may have expired."""
    return GuestGrant.objects.filter(subject_ref=subject_ref, used_at__isnull=True, revoked_at__isnull=True)


def make_grant(
    contract: Contract,
    *,
    purpose: str,
    subject_ref: str,
    name: str,
    email: str,
    at: datetime,
    until: datetime | None = None,
    replaces: GuestGrant | None = None,
    organisation_id: int | None = None,
    passed_from: GuestGrant | None = None,
) -> GuestGrant:
    """A link with its token, written down; the caller records why."""
    ref = new_ref()
    return GuestGrant.objects.create(
        ref=ref,
        contract=contract,
        organisation_id=organisation_id or contract.buyer_id,
        purpose=purpose,
        subject_ref=subject_ref,
        name=name,
        email=email,
        token_sha256=tokens.digest_of(tokens.token_for(purpose="guest_grant", ref=ref)),
        created_at=at,
        expires_at=max(at + VALID_FOR, until or at),
        replaces=replaces,
        passed_from=passed_from,
    )


def require_concerned(contract: Contract, *, grant: GuestGrant, actor: Actor) -> None:
    """Refuse whoever is not the guest of this link, nor of a side that may write or decide."""
    if actor.grant_id is not None:
        if actor.grant_id != grant.pk:
            raise NotAllowed("This link is for something else.")
    elif actor.organisation_id == contract.seller_id:
        actor.require(WRITES.get(GuestGrant.Purpose(grant.purpose), Action.SUBMIT_MILESTONE))
    else:
        actor.require(Action.SIGN_CONTRACT, organisation_id=contract.buyer_id)


def record_grant(grant: GuestGrant, *, verb: str, actor: Actor, at: datetime) -> None:
    """Write into the contract's record that a link was made: to which mailbox, for what, and until when."""
    passed: dict[str, Any] = {"passed_from": grant.passed_from.ref} if grant.passed_from is not None else {}
    record(
        grant.contract,
        verb=verb,
        subject=f"link:{grant.ref}",
        actor=actor,
        at=at,
        purpose=grant.purpose,
        to=grant.email,
        on=grant.subject_ref,
        expires_at=grant.expires_at,
        **passed,
    )

"""Setting up: organisations, their teams, and the takeover of an organisation that a counterparty wrote down.

Whoever founds, joins or takes over has no organisation yet and so no actor and no scope for a one-time key; there the
row itself says whether it was done already. Everything is recorded on the chain of the organisation concerned.
"""

from collections.abc import Set
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower

from apps.audit import services as audit
from apps.contracts.models import GuestGrant
from apps.core import clock, images
from apps.core.database import walls
from apps.core.errors import NotAllowed
from apps.core.refs import ALPHABET, LENGTH
from apps.parties import logos
from apps.parties import services as parties
from apps.parties.actor import Actor, Origin
from apps.parties.models import Organisation, User
from apps.parties.services import AccountData, BrandData, OrganisationData
from apps.workflows import jobs
from apps.workflows.once import Answer, once


def found_organisation(*, user: User, origin: Origin, key: str, data: OrganisationData) -> Answer:
    """A person makes an organisation and owns it. The same key founds it once."""
    with transaction.atomic(durable=True):
        at = clock.now()
        ref = _ref_of(f"found:{user.pk}:{key}")
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        known = Organisation.objects.filter(ref=ref).first()
        if known is not None:
            return {"organisation": known.ref}
        organisation, membership = parties.found(user=user, ref=ref, data=data, at=at)
        actor = parties.actor_for(membership, origin=origin)
        _record(organisation, verb="organisation.founded", actor=actor, at=at, data=asdict(data))
        return {"organisation": organisation.ref}


@once
def name_counterparty(*, actor: Actor, key: str, data: OrganisationData) -> Answer:
    """A side writes down the other one; recorded on its own chain, since the other one has no people yet."""
    return {"organisation": named_by(actor=actor, data=data, at=clock.now()).ref}


def named_by(*, actor: Actor, data: OrganisationData, at: datetime) -> Organisation:
    """The same within a workflow that goes on with it."""
    named = parties.name_counterparty(actor=actor, data=data, at=at)
    namer = Organisation.objects.get(pk=actor.organisation_id)
    _record(
        namer, verb="counterparty.named", actor=actor, at=at, subject=f"organisation:{named.ref}", data=asdict(data)
    )
    return named


@once
def set_counterparty_language(*, actor: Actor, key: str, organisation_ref: str, language: str) -> Answer:
    """A seller says in which language a buyer reads mails and invoices, while the buyer has no people to say it."""
    named = parties.set_language(actor=actor, organisation_ref=organisation_ref, language=language)
    namer = Organisation.objects.get(pk=actor.organisation_id)
    subject = f"organisation:{named.ref}"
    _record(namer, verb="counterparty.language_set", actor=actor, at=clock.now(), subject=subject, language=language)
    return {"organisation": named.ref}


@once
def set_counterparty_address(
    *, actor: Actor, key: str, organisation_ref: str, street: str, postcode: str, city: str
) -> Answer:
    """A seller says where a buyer is, while the buyer has no people to say it: without, nothing can be billed."""
    named = parties.set_address(
        actor=actor, organisation_ref=organisation_ref, street=street, postcode=postcode, city=city
    )
    namer = Organisation.objects.get(pk=actor.organisation_id)
    facts = {name: getattr(named, name) for name in ("street", "postcode", "city")}
    subject = f"organisation:{named.ref}"
    _record(namer, verb="counterparty.address_set", actor=actor, at=clock.now(), subject=subject, **facts)
    return {"organisation": named.ref}


@once
def change_organisation(*, actor: Actor, key: str, data: OrganisationData) -> Answer:
    """The owner changes what stands on the organisation's next documents."""
    organisation = parties.change(actor=actor, data=data)
    _record(organisation, verb="organisation.changed", actor=actor, at=clock.now(), data=asdict(data))
    return {"organisation": organisation.ref}


@once
def set_bank_account(*, actor: Actor, key: str, account: AccountData) -> Answer:
    """The owner says where the organisation is paid in one currency."""
    at = clock.now()
    kept = parties.set_account(actor=actor, account=account, at=at)
    facts = {name: getattr(kept, name) for name in asdict(account)}
    _record(kept.organisation, verb="bank_account.set", actor=actor, at=at, account=facts, **proof_facts(actor))
    return {"organisation": kept.organisation.ref}


def keep_logo(content: bytes) -> str:
    """Draw an uploaded picture anew and keep it; the answer is its name for ``set_brand``. The same picture is kept
    once, and one that nobody chooses harms nobody."""
    return logos.put(images.redrawn(content, field="logo"))


@once
def set_brand(*, actor: Actor, key: str, data: BrandData) -> Answer:
    """The owner says how the organisation's next papers look. Its logo is kept already (``logos.put``)."""
    organisation = parties.set_brand(actor=actor, data=data)
    facts = {name: getattr(organisation, name) for name in asdict(data)}
    _record(organisation, verb="organisation.branded", actor=actor, at=clock.now(), brand=facts)
    return {"organisation": organisation.ref}


@once
def set_step_up(*, actor: Actor, key: str, above: Decimal | None) -> Answer:
    """The owner says above which amount whoever signs off shows once more who it is."""
    at = clock.now()
    organisation = parties.set_step_up(actor=actor, above=above, at=at)
    _record(organisation, verb="step_up.set", actor=actor, at=at, above=above, **proof_facts(actor))
    return {"organisation": organisation.ref}


def proof_facts(actor: Actor) -> dict[str, Any]:
    """How and when the person last showed who it is, for the record."""
    proof = actor.origin.proof
    return {"proved_by": proof.by, "proved_at": proof.at} if proof is not None else {}


@once
def invite_member(
    *, actor: Actor, key: str, email: str, roles: Set[str], approval_limit: Decimal | None = None
) -> Answer:
    """The owner asks a mailbox to join; the mail with its personal link is a job."""
    at = clock.now()
    invitation = parties.invite(actor=actor, email=email, roles=roles, approval_limit=approval_limit, at=at)
    _record(
        invitation.organisation,
        verb="member.invited",
        actor=actor,
        at=at,
        subject=f"invitation:{invitation.ref}",
        email=invitation.email,
        roles=invitation.roles,
        approval_limit=invitation.approval_limit,
        **proof_facts(actor),
    )
    jobs.send_invitation.defer(invitation_ref=invitation.ref, organisation_id=invitation.organisation_id)
    return {"invitation": invitation.ref}


def accept_invitation(*, user: User, origin: Origin, token: str) -> Answer:
    """The invited person joins the team. The link works once; its second click by the same person changes nothing."""
    with transaction.atomic(durable=True):
        at = clock.now()
        invitation = parties.lock_invitation(token=token)
        walls.widen(invitation.organisation_id)
        membership = parties.membership_of(user, organisation_id=invitation.organisation_id)
        if membership is None or invitation.accepted_by_id != user.pk:
            membership = parties.accept_invitation(
                invitation=invitation, user=user, mailboxes=parties.verified_mailboxes(user), at=at
            )
            _record(
                membership.organisation,
                verb="member.joined",
                actor=parties.actor_for(membership, origin=origin),
                at=at,
                subject=f"membership:{membership.ref}",
                invitation=invitation.ref,
                roles=membership.roles,
            )
        return {"organisation": membership.organisation.ref, "membership": membership.ref}


@once
def revoke_invitation(*, actor: Actor, key: str, invitation_ref: str) -> Answer:
    """The owner takes an invitation back; its link is dead."""
    at = clock.now()
    invitation = parties.revoke_invitation(actor=actor, invitation_ref=invitation_ref, at=at)
    subject = f"invitation:{invitation.ref}"
    _record(invitation.organisation, verb="invitation.revoked", actor=actor, at=at, subject=subject)
    return {"invitation": invitation.ref}


@once
def change_member(
    *, actor: Actor, key: str, membership_ref: str, roles: Set[str], approval_limit: Decimal | None = None
) -> Answer:
    """The owner gives a member other roles or another limit; it holds from the member's next request on."""
    at = clock.now()
    membership = parties.change_member(
        actor=actor, membership_ref=membership_ref, roles=roles, approval_limit=approval_limit, at=at
    )
    _record(
        membership.organisation,
        verb="member.changed",
        actor=actor,
        at=at,
        subject=f"membership:{membership.ref}",
        email=membership.user.email,
        roles=membership.roles,
        approval_limit=membership.approval_limit,
        **proof_facts(actor),
    )
    return {"membership": membership.ref}


@once
def end_membership(*, actor: Actor, key: str, membership_ref: str, successor_ref: str = "") -> Answer:
    """A member leaves or is removed; the last owner hands over to a successor while leaving."""
    at = clock.now()
    membership = parties.end_membership(actor=actor, membership_ref=membership_ref, successor_ref=successor_ref, at=at)
    _record(
        membership.organisation,
        verb="member.left",
        actor=actor,
        at=at,
        subject=f"membership:{membership.ref}",
        email=membership.user.email,
        successor=successor_ref,
        **proof_facts(actor),
    )
    return {"membership": membership.ref}


def claimable_organisations(*, user: User) -> list[Organisation]:
    """The organisations without an owner for which a proven mailbox of the person was asked to sign a contract."""
    named = _named_as_signatory(parties.verified_mailboxes(user))
    with transaction.atomic():
        walls.widen(*named)
        return list(Organisation.objects.filter(pk__in=named, claimed_at__isnull=True).order_by("legal_name"))


def claim_organisation(*, user: User, origin: Origin, organisation_ref: str) -> Answer:
    """Who was asked to sign for an organisation that the other side wrote down takes it over, and owns it then."""
    with transaction.atomic(durable=True):
        at = clock.now()
        mailboxes = parties.verified_mailboxes(user)
        named = _named_as_signatory(mailboxes)
        walls.widen(*named)
        found = Organisation.objects.filter(pk__in=named, ref=organisation_ref).first()
        if found is None:
            raise NotAllowed("No contract names you as signatory of this organisation.")
        if found.nominated_by_id is not None:
            walls.widen(found.nominated_by_id)
        membership = parties.membership_of(user, organisation_id=found.pk)
        if membership is not None:
            return {"organisation": found.ref, "membership": membership.ref}
        organisation, membership = parties.claim(
            user=user, organisation_id=found.pk, signatories=named[found.pk], mailboxes=mailboxes, at=at
        )
        actor = parties.actor_for(membership, origin=origin)
        _record(organisation, verb="organisation.claimed", actor=actor, at=at, signatory=sorted(mailboxes))
        return {"organisation": organisation.ref, "membership": membership.ref}


def _named_as_signatory(mailboxes: Set[str]) -> dict[int, set[str]]:
    """Organisations for which one of the mailboxes was asked to sign a contract, with the mailboxes asked: as the
    signatory of a buyer, or to take the place of a seller.

    Who was asked and let the link expire is nobody's signatory any more; who used it in time stays one.
    """
    asked = GuestGrant.objects.annotate(mailbox=Lower("email")).filter(
        Q(used_at__isnull=False) | Q(expires_at__gt=clock.now()),
        mailbox__in=mailboxes,
        purpose__in=[GuestGrant.Purpose.SIGN_CONTRACT, GuestGrant.Purpose.TAKE_OVER],
        revoked_at__isnull=True,
    )
    named: dict[int, set[str]] = {}
    for organisation_id, mailbox in asked.values_list("organisation_id", "mailbox"):
        named.setdefault(organisation_id, set()).add(mailbox)
    return named


def _record(
    organisation: Organisation, *, verb: str, actor: Actor, at: datetime, subject: str = "", **facts: Any
) -> None:
    of_organisation = f"organisation:{organisation.ref}"
    audit.record(
        chain=of_organisation,
        parties=[organisation.pk],
        verb=verb,
        subject=subject or of_organisation,
        actor=actor,
        at=at,
        **facts,
    )


def _ref_of(seed: str) -> str:
    """A reference that the same seed gives again; as hard to guess as the one-time key inside."""
    number = uuid5(NAMESPACE_URL, seed).int
    return "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(LENGTH))

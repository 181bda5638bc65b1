"""Links that go on to another mailbox of the buyer: to a colleague, to another signatory; or that live longer."""

from datetime import datetime
from functools import partial
from typing import Any, Final

from apps.contracts import rules
from apps.contracts.models import Contract, GuestGrant
from apps.contracts.models.grant import GuestGrantQuerySet
from apps.contracts.rules.words import trimmed
from apps.contracts.services.colleagues import may_be_replaced
from apps.contracts.services.grants import VALID_FOR, grant_to_signatory, live_grants, make_grant, record_grant
from apps.contracts.services.mailboxes import sellers_mailboxes
from apps.contracts.services.people import decides_by_link
from apps.core.errors import IllegalTransition, NotAllowed
from apps.parties.actor import Actor

GOES_ON: Final = set(GuestGrant.Purpose) - {GuestGrant.Purpose.SIGN_CONTRACT, GuestGrant.Purpose.TAKE_OVER}
"""What a link is for that goes on with whoever signs off."""


def pass_to_colleague(*, contract: Contract, name: str, email: str, actor: Actor, at: datetime) -> GuestGrant:
    """The guest's link to a submission brings a colleague of the own mail domain one to the same; its own stays.

    The caller has checked that the guest may decide. Only the signatory passes on, so that the domain is always that
    of the mailbox which both sides signed; to one colleague at a time: a link to another dies.
    """
    own = GuestGrant.objects.select_for_update(of=("self",)).select_related("passed_from").get(pk=actor.grant_id or 0)
    if not decides_by_link(contract):
        raise NotAllowed(
            "{buyer} has an owner here, who says who decides. Sign in, and pass it to somebody of the team.",
            buyer=contract.buyer.legal_name,
        )
    if own.passed_from is not None:
        raise NotAllowed(
            "{name} passed this on to you. Ask {name} to pass it on to somebody else.", name=own.passed_from.name
        )
    called = trimmed(name, most=120, what="name", field="name")
    sellers = sellers_mailboxes(contract)
    mailbox = rules.check_colleague(email, signatory=own.email, sellers=sellers, field="email")
    _passed(own.subject_ref).update(revoked_at=at)
    grant = make_grant(
        contract,
        purpose=own.purpose,
        subject_ref=own.subject_ref,
        name=called or mailbox,
        email=mailbox,
        at=at,
        until=own.expires_at,
        passed_from=own,
    )
    record_grant(grant, verb="link.granted", actor=actor, at=at)
    return grant


def take_back(*, contract: Contract, actor: Actor, at: datetime) -> GuestGrant:
    """The signatory's guest takes back what it passed on: the colleague's link is dead from now on."""
    own = GuestGrant.objects.select_for_update(of=("self",)).get(pk=actor.grant_id or 0)
    passed = _passed(own.subject_ref).select_for_update(of=("self",)).first()
    if own.passed_from_id is not None:
        raise NotAllowed("Only who passed it on takes it back.")
    if passed is None:
        raise IllegalTransition("Nobody else has a link to this any more: there is nothing to take back.")
    passed.revoked_at = at
    passed.save(update_fields=["revoked_at"])
    return passed


def passed_on(*, subject_ref: str) -> GuestGrant | None:
    """The live link of the colleague to whom a decision was passed on; None where it was not."""
    return _passed(subject_ref).first()


def passings(contract_id: int) -> dict[str, list[GuestGrant]]:
    """Every link of a contract that was made by passing a decision on, in order, by the submission that it is to."""
    made = GuestGrant.objects.filter(contract_id=contract_id, passed_from__isnull=False, replaces__isnull=True)
    found: dict[str, list[GuestGrant]] = {}
    for grant in made.select_related("passed_from").order_by("pk"):
        found.setdefault(grant.subject_ref, []).append(grant)
    return found


def passing_told(grant: GuestGrant) -> dict[str, Any]:
    """Who passed a decision on to whom by such a link, as an evidence pack tells it and the chain has its hash."""
    own = grant.passed_from
    if own is None:
        raise LookupError(f"link {grant.ref} was passed on by nobody")
    return {
        "submission": grant.subject_ref,
        "by": {"name": own.name, "email": own.email},
        "to": {"name": grant.name, "email": grant.email},
        "passed_at": grant.created_at,
    }


def prolong_sign_off(
    *, contract: Contract, submission_ref: str, until: datetime, actor: Actor, at: datetime
) -> list[GuestGrant]:
    """Replace the live links to a submission that would end before ``until``: the signatory's, and a colleague's."""
    prolonged = []
    for old in live_grants(submission_ref).select_for_update().filter(contract=contract, expires_at__lt=until):
        if not may_be_replaced(old, contract=contract):
            continue
        old.revoked_at = at
        old.save(update_fields=["revoked_at"])
        new = make_grant(
            contract,
            purpose=old.purpose,
            subject_ref=old.subject_ref,
            name=old.name,
            email=old.email,
            at=at,
            until=until + VALID_FOR,
            replaces=old,
            passed_from=old.passed_from,
        )
        record_grant(new, verb="link.renewed", actor=actor, at=at)
        prolonged.append(new)
    return prolonged


def pass_links(*, contract: Contract, actor: Actor, at: datetime) -> list[GuestGrant]:
    """After a change order named another signatory: the live links of others die, and the new one gets them anew.

    What the signatory before had passed on to a colleague dies with it, before anything is made anew: it may be the
    colleague who is named now.
    """
    named = contract.active_version.signatory_email if contract.active_version is not None else None
    live = GuestGrant.objects.select_for_update(of=("self",)).filter(contract=contract, used_at=None, revoked_at=None)
    going_on = live.filter(purpose__in=GOES_ON).select_related("passed_from").order_by("pk")
    dead = [old for old in going_on if named is not None and old.signatory != named]
    for old in dead:
        old.revoked_at = at
        old.save(update_fields=["revoked_at"])
    anew = []
    for old in dead:
        if old.passed_from is None:
            grant = partial(grant_to_signatory, contract, purpose=old.purpose, subject_ref=old.subject_ref)
            anew.append(grant(actor=actor, at=at, until=old.expires_at))
    return anew


def _passed(subject_ref: str) -> GuestGrantQuerySet:
    return live_grants(subject_ref).filter(passed_from__isnull=False)

"""Showing once more who one is, by a code that is sent to one's own mailbox: for whoever has nothing stronger.

Sending and trying are transactions of their own. A wrong try counts although what it was for is refused.
"""

import hmac
from datetime import timedelta
from typing import Final

from django.db import transaction

from apps.contracts.models import GuestGrant
from apps.core import clock
from apps.core.errors import Refused
from apps.core.refs import new_ref
from apps.parties.actor import Actor, Proof
from apps.parties.models import User
from apps.workflows import jobs, proof_codes
from apps.workflows.models import MOST_TRIES, ProofCode
from apps.workflows.once import Answer

VALID_FOR: Final = timedelta(minutes=10)
MOST_CODES: Final = 5
WITHIN: Final = timedelta(hours=1)
"""At most so many codes in an hour for one person or link: five tries each against a million codes."""
BY_CODE: Final = "code sent to e-mail"


def send_code(*, actor: Actor) -> Answer:
    """Send the actor a code; an earlier one is worth nothing any more."""
    with transaction.atomic(durable=True):
        _lock(actor)
        at = clock.now()
        own = ProofCode.objects.visible_to(actor)
        if own.filter(sent_at__gt=at - WITHIN).count() >= MOST_CODES:
            raise Refused("Several codes were sent already. Look for the newest mail, or try again in an hour.")
        own.filter(used_at__isnull=True, expires_at__gt=at).update(expires_at=at)
        ref = new_ref()
        ProofCode.objects.create(
            ref=ref,
            organisation_id=actor.organisation_id,
            user_id=actor.user_id,
            grant_id=actor.grant_id,
            contract_id=actor.contract_id,
            digest=proof_codes.digest_of(ref, proof_codes.code_of(ref)),
            sent_at=at,
            expires_at=at + VALID_FOR,
        )
        jobs.send_proof_code.defer(
            code_ref=ref,
            organisation_id=actor.organisation_id,
            user_id=actor.user_id,
            contract_id=actor.contract_id,
        )
        return {"code": ref}


def prove(*, actor: Actor, code: str) -> Proof:
    """The proof that the right code makes. A wrong one counts, and after five the code is dead."""
    with transaction.atomic(durable=True):
        at = clock.now()
        sent = ProofCode.objects.visible_to(actor).filter(used_at__isnull=True, expires_at__gt=at, tries__lt=MOST_TRIES)
        row = sent.select_for_update(of=("self",)).order_by("-sent_at").first()
        if row is None:
            raise Refused("There is no code that still works. Ask for a new one.", field="code")
        row.tries += 1
        is_right = hmac.compare_digest(row.digest, proof_codes.digest_of(row.ref, "".join(code.split())))
        if is_right:
            row.used_at = at
        row.save(update_fields=["tries", "used_at"])
    if is_right:
        return Proof(by=BY_CODE, at=at)
    left = MOST_TRIES - row.tries
    if not left:
        raise Refused("This is not the code, and it cannot be tried again. Ask for a new one.", field="code")
    raise Refused("This is not the code. Look into the newest mail; tries left: {left}.", field="code", left=left)


def _lock(actor: Actor) -> None:
    """One after the other, so that many requests at once get no more codes than one after the other."""
    if actor.grant_id is not None:
        GuestGrant.objects.select_for_update(of=("self",), no_key=True).get(pk=actor.grant_id)
    elif actor.user_id is not None:
        User.objects.select_for_update(of=("self",), no_key=True).get(pk=actor.user_id)

"""Statements of account on their way: asked for again, taken by the mail server, each on the seller's record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apps.audit import services as audit
from apps.core import made
from apps.core.database import walls
from apps.core.errors import Refused
from apps.core.made import MadeState
from apps.invoicing.models import AccountLetter
from apps.invoicing.rules import check_again
from apps.parties.actor import Actor
from apps.parties.roles import Action


def send_again(*, letter_ref: str, actor: Actor, at: datetime) -> AccountLetter:
    """Make a letter that could not be made once more, or mail one that is there once more; either side may ask.

    ``again_at`` says whether a letter is to be mailed: the row has one more instant then.
    """
    rows = AccountLetter.objects.visible_to(actor).select_for_update(of=("self",))
    letter = rows.select_related("seller", "buyer").filter(ref=letter_ref).first()
    if letter is None:
        raise Refused("There is no such statement among yours. Open it from the page of the account.")
    actor.require(Action.RECORD_PAYMENT if actor.organisation_id == letter.seller_id else Action.ASK_ABOUT_INVOICE)
    if letter.state != MadeState.READY:
        made.again(letter, at=at)
        record(letter, verb="account_letter.asked_again", actor=actor, at=at)
        return letter
    earlier = [one for one in (letter.sent_at, *letter.again_at) if one is not None]
    newest = max(earlier, default=letter.requested_at)
    waits = letter.sent_at is None or letter.sent_again < len(letter.again_at)
    if waits and newest > at - made.GIVEN_UP_AFTER:
        raise Refused("It is being sent right now. Reload the page in a moment.")
    check_again(earlier, at=at)
    letter.again_at = [*letter.again_at, at]
    letter.save(update_fields=["again_at"])
    record(letter, verb="account_letter.asked_again", actor=actor, at=at)
    return letter


def letter_sent(*, letter_ref: str, to: Sequence[str], message_id: str, at: datetime) -> None:
    """The mail server took it. What another run of the same job noted stays."""
    letter = _locked(letter_ref)
    if letter.sent_at is None:
        letter.recipients, letter.message_id, letter.sent_at = list(to), message_id, at
        letter.save(update_fields=["recipients", "message_id", "sent_at"])
        _record_sent(letter, to=to, message_id=message_id, at=at)


def letter_sent_again(*, letter_ref: str, time: int, to: Sequence[str], message_id: str, at: datetime) -> None:
    """The mail server took it for the ``time``-th time that somebody asked again."""
    letter = _locked(letter_ref)
    if letter.sent_again < time:
        letter.sent_again = time
        letter.save(update_fields=["sent_again"])
        _record_sent(letter, to=to, message_id=message_id, at=at)


def _locked(letter_ref: str) -> AccountLetter:
    return AccountLetter.objects.select_related("seller", "buyer").select_for_update(of=("self",)).get(ref=letter_ref)


def _record_sent(letter: AccountLetter, *, to: Sequence[str], message_id: str, at: datetime) -> None:
    actor = Actor.system(organisation_id=letter.seller_id)
    record(letter, verb="account_letter.sent", actor=actor, at=at, to=list(to), message=message_id)


def record(letter: AccountLetter, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    """On the seller's own chain, whoever asks: an account belongs to no one contract."""
    walls.widen(letter.seller_id)
    audit.record(
        chain=f"organisation:{letter.seller.ref}",
        parties=[letter.seller_id],
        verb=verb,
        subject=f"account_letter:{letter.ref}",
        actor=actor,
        at=at,
        buyer=letter.buyer.ref,
        currency=letter.currency,
        since=letter.since,
        until=letter.until,
        **facts,
    )

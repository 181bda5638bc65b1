"""Statements of account as letters to buyers: on request of either side, and every month by the seller's schedule."""

from collections.abc import Iterable
from datetime import date, datetime

from apps.core import clock
from apps.core.database import walls
from apps.core.made import MadeState
from apps.invoicing.models import AccountLetter
from apps.invoicing.services import account_letters, letter_sending
from apps.invoicing.services.account_letters import MonthToWrite
from apps.parties.actor import Actor
from apps.workflows import account_letter_jobs, deferring
from apps.workflows.once import Answer, once


@once
def send_account_statement(
    *, actor: Actor, key: str, other_ref: str, currency: str, since: date, until: date
) -> Answer:
    """Somebody of the seller or of the buyer asks for the account between both as a PDF, which goes to the buyer."""
    letter = account_letters.write_letter(
        actor=actor, other_ref=other_ref, currency=currency, since=since, until=until, at=clock.now()
    )
    _defer([letter])
    return {"letter": letter.ref}


@once
def send_account_statement_again(*, actor: Actor, key: str, letter_ref: str) -> Answer:
    """A letter was lost, or could not be made: it is made, or mailed with the same PDF, once more."""
    letter = letter_sending.send_again(letter_ref=letter_ref, actor=actor, at=clock.now())
    if letter.state == MadeState.READY:
        account_letter_jobs.send_account_letter.defer(
            letter_ref=letter.ref, organisation_id=letter.buyer_id, time=len(letter.again_at)
        )
    else:
        _defer([letter])
    return {"letter": letter.ref}


@once
def set_monthly_statements(*, actor: Actor, key: str, is_on: bool) -> Answer:
    """The seller says whether its buyers get a statement of every month."""
    set_schedule = account_letters.begin_schedule if is_on else account_letters.end_schedule
    schedule = set_schedule(actor=actor, at=clock.now())
    return {"is_on": str(schedule.is_on)}


@once
def write_monthly_statements(*, actor: Actor, key: str, since: date, until: date) -> Answer:
    """A month is over: every buyer with whom something happened or is open gets its statement, once."""
    letters = account_letters.write_month(actor=actor, since=since, until=until, at=clock.now())
    if letters:
        _defer(letters)
    return {"letters": str(len(letters))}


def due(*, at: datetime) -> list[MonthToWrite]:
    """The months to write by now, one for each seller; after an outage the next follows in the next run."""
    return list(account_letters.months_to_write(at=at))


def tend(*, seller_id: int, since: date, until: date) -> Answer:
    """Write one month of one seller; a second run finds it done."""
    with walls.asking_for(seller_id):
        return write_monthly_statements(
            actor=Actor.system(organisation_id=seller_id),
            key=f"statements from {since.isoformat()} to {until.isoformat()}",
            since=since,
            until=until,
        )


def _defer(letters: Iterable[AccountLetter]) -> None:
    deferring.defer(
        *(
            account_letter_jobs.make_account_letter.configure(
                task_kwargs={"letter_ref": letter.ref, "organisation_id": letter.seller_id}
            )
            for letter in letters
        )
    )

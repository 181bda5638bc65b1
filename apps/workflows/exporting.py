"""The journal for other programs: asked for by people, written by jobs."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from apps.core import clock
from apps.ledger.exports import asking, own_accounts
from apps.parties.actor import Actor
from apps.workflows import export_jobs
from apps.workflows.once import Answer, once


@once
def set_own_accounts(
    *, actor: Actor, key: str, package: str, accounts: Mapping[str, str], details: Mapping[str, Any]
) -> Answer:
    """Say which account of one's own chart each of Cairn's is, in one program."""
    row = own_accounts.set_own_accounts(
        package=package, accounts=accounts, details=details, actor=actor, at=clock.now()
    )
    return {"package": row.package}


@once
def request_export(*, actor: Actor, key: str, currency: str, kind: str, starts_on: date, ends_on: date) -> Answer:
    """A seller asks for the journal of a period. One that is there and says the same is the answer; else a new one."""
    wanted = asking.of_seller(
        organisation_id=actor.organisation_id, currency=currency, kind=kind, starts_on=starts_on, ends_on=ends_on
    )
    export, is_new = asking.ask(wanted=wanted, actor=actor, at=clock.now())
    if is_new:
        export_jobs.make_journal_export.defer(export_ref=export.ref, organisation_id=actor.organisation_id)
    return {"export": export.ref}


@once
def retry_export(*, actor: Actor, key: str, export_ref: str) -> Answer:
    """Make an export again after it failed; one that is there is never made anew."""
    export = asking.again(export_ref=export_ref, actor=actor, at=clock.now())
    export_jobs.make_journal_export.defer(export_ref=export.ref, organisation_id=actor.organisation_id)
    return {"export": export.ref}

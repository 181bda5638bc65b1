"""Revenue follows completion: recognised by a job after what happened, and by days when a month is closed."""

import time
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from django.db import transaction

from apps.contracts import services as contracts
from apps.core import clock
from apps.core.database import walls
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.revenue import services as revenue
from apps.revenue.models import PeriodState
from apps.workflows import revenue_jobs
from apps.workflows.once import Answer, once

TOLD_EVERY: Final = 0.5
"""Seconds between two notes of how far the closing of a month is."""
AT_ONCE: Final = 50
"""Contracts that are brought up together. They are held as long: a sign-off of one of them waits for the others."""


def recognise_revenue(*, contract_ref: str, seller_id: int, through: date | None = None) -> Answer:
    """Recognise whatever happened to one contract and is not recognised yet: each cause once, however often asked."""
    with walls.asking_for(seller_id), transaction.atomic(durable=True):
        contract = contracts.lock_by_ref(contract_ref=contract_ref)
        contracts.found(contract if contract.seller_id == seller_id else None)
        revenue.recognise(contract=contract, at=clock.now(), through=through)
        return {"contract": contract.ref}


@once
def judge_revenue(*, actor: Actor, key: str, contract_ref: str, decision: revenue.Decision) -> Answer:
    """The seller's accountant judges what no rule can tell; the effect is recognised at once, cumulatively."""
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    contracts.found(contract if contract.seller_id == actor.organisation_id else None)
    today, at = clock.today(contract.seller.time_zone), clock.now()
    revenue.recognise(contract=contract, at=at)
    judgement = revenue.judge(actor=actor, contract=contract, decision=decision, today=today, at=at)
    revenue.recognise(contract=contract, at=at)
    return {"contract": contract.ref, "judgement": judgement.ref}


@once
def close_period(*, actor: Actor, key: str, through: date) -> Answer:
    """A seller closes a month: a job recognises what it earned and shuts it. One that failed goes on."""
    organisation = Organisation.objects.get(pk=actor.organisation_id)
    period = revenue.ask_to_close(
        actor=actor, through=through, today=clock.today(organisation.time_zone), at=clock.now()
    )
    if period.state == PeriodState.CLOSING:
        revenue_jobs.close_period.defer(period_ref=period.ref, organisation_id=actor.organisation_id)
    return {"period": period.ref}


def _batches(refs: Sequence[str]) -> Iterator[Sequence[str]]:
    return (refs[first : first + AT_ONCE] for first in range(0, len(refs), AT_ONCE))


def recognise_together(contract_refs: Sequence[str], *, seller_id: int, through: date) -> Sequence[str]:
    """Bring contracts up to a day in one transaction, and answer which are left to be tried each by itself: none, or
    all, where one of them failed, so that it can be named and the others get done.
    """
    try:
        with walls.asking_for(seller_id), transaction.atomic(durable=True):
            held = contracts.lock_all_by_ref(contract_refs=contract_refs)
            revenue.recognise_all(contracts=held, at=clock.now(), through=through)
    except Exception:  # said in full when the one that fails is tried by itself
        return contract_refs
    return ()


def work_off(*, period_ref: str, seller_id: int) -> None:
    """Bring every contract up to the end of the month, :data:`AT_ONCE` in a transaction, and shut the month."""
    with walls.asking_for(seller_id), transaction.atomic(durable=True):
        period = revenue.take_up(period_ref=period_ref, actor=Actor.system(organisation_id=seller_id), at=clock.now())
        if period.state == PeriodState.CLOSED:
            return
        waiting = list(revenue.refs_to_tend(period))
    done, told, at_work = max(period.contracts - len(waiting), 0), time.monotonic(), ""
    try:
        for together in _batches(waiting):
            for ref in recognise_together(together, seller_id=seller_id, through=period.through):
                at_work = ref
                recognise_revenue(contract_ref=ref, seller_id=seller_id, through=period.through)
            done, at_work = done + len(together), ""
            if time.monotonic() - told >= TOLD_EVERY:
                told = time.monotonic()
                with walls.asking_for(seller_id):
                    revenue.note_progress(period, done=done)
    except Exception as error:
        with walls.asking_for(seller_id), transaction.atomic(durable=True):
            revenue.note_failure(period_ref=period_ref, contract_ref=at_work, failure=repr(error))
        raise
    with walls.asking_for(seller_id), transaction.atomic(durable=True):
        revenue.shut(period_ref=period_ref, actor=Actor.system(organisation_id=seller_id), at=clock.now())

"""Seeded mutants: the product with one thing taken away. An engine that does not notice is worth nothing.

Each is a block inside which this process, and what it forks, runs the product with the fault.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from decimal import Decimal
from time import sleep
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from procrastinate.tasks import Task

from apps.contracts import rules as contract_rules
from apps.contracts import services as contracts
from apps.contracts.rules import changed_terms, charges
from apps.contracts.rules.agreed import Agreed
from apps.contracts.services import signing
from apps.financing.rules import waterfall
from apps.financing.services import collecting
from apps.invoicing import rules as invoicing
from apps.invoicing.models.refund import RefundQuerySet
from apps.invoicing.rules import Taken
from apps.invoicing.services import certifying, charge_notes, charge_terms, late_interest, reissuing
from apps.ledger import services as ledger
from apps.milestones import rules as sign_off
from apps.milestones.models import Submission
from apps.milestones.services import asking, mending, reviewing, silence, submitting
from apps.workflows import crediting as workflow_crediting
from apps.workflows import jobs, once

HOLDING: Final = re.compile(r" FOR (?:NO KEY )?UPDATE(?: OF [\w\", ]+)?")
MOMENT: Final = 1.0
"""Seconds: longer than what else a request takes, so that most of those that a kill meets are in it."""
Mutant = Callable[[], AbstractContextManager[Any]]


@contextmanager
def without_claim() -> Iterator[None]:
    """The one-time key is not looked at."""
    is_ours = SimpleNamespace(answer=lambda: None)
    with patch.object(once, "_Claim", lambda **_given: is_ours), patch.object(once, "_store", lambda **_given: None):
        yield


def without_lock(*tables: str) -> Mutant:
    """Rows of these tables are read without being held, however the statement was written."""
    plain = CursorWrapper._execute  # type: ignore[attr-defined]

    def execute(cursor: CursorWrapper, sql: Any, *rest: Any) -> Any:
        if isinstance(sql, str) and any(table in sql for table in tables):
            sql = HOLDING.sub("", sql)
        return plain(cursor, sql, *rest)

    return lambda: patch.object(CursorWrapper, "_execute", execute)


@contextmanager
def jobs_after_commit() -> Iterator[None]:
    """Jobs are deferred when the transaction is over, one by one and several at once."""
    one, several = Task.defer, jobs.defer

    def defer(task: "Task[Any, Any, Any]", **arguments: Any) -> None:
        transaction.on_commit(lambda: one(task, **arguments) and None)

    def defer_several(*planned: Any) -> None:
        transaction.on_commit(lambda: several(*planned))

    with patch.object(Task, "defer", defer), patch.object(jobs, "defer", defer_several):
        yield


@contextmanager
def jobs_late() -> Iterator[None]:
    """The same a moment later, as long as it takes on a busy machine: whoever kills at random meets it."""
    one, several = Task.defer, jobs.defer

    def defer(task: "Task[Any, Any, Any]", **arguments: Any) -> None:
        sleep(MOMENT)
        one(task, **arguments)

    def defer_several(*planned: Any) -> None:
        sleep(MOMENT)
        several(*planned)

    with patch.object(Task, "defer", defer), patch.object(jobs, "defer", defer_several), jobs_after_commit():
        yield


def posted_after_commit() -> AbstractContextManager[Any]:
    """What happened is booked in a transaction of its own."""
    plain = ledger.post

    def post(**entry: Any) -> None:
        transaction.on_commit(lambda: plain(**entry) and None)

    return patch.object(ledger, "post", post)


def reserve_first() -> AbstractContextManager[Any]:
    """The seller gets the reserve before the advance is repaid."""

    def share(amount: Any, *, standing: Any, late_due: Any) -> Any:
        right = waterfall.share(amount, standing=standing, late_due=late_due)
        early = min(standing.reserve, right.to_advance) if not right.repays_advance else 0
        return waterfall.Shares(
            to_receivable=right.to_receivable,
            late_charge=right.late_charge,
            to_advance=right.to_advance - early,
            to_seller=right.to_seller + early,
            to_buyer=right.to_buyer,
            rebate=right.rebate,
            fee_earned=right.fee_earned,
            repays_advance=right.repays_advance,
        )

    return patch.object(collecting, "share", share)


def paid_before_retained() -> AbstractContextManager[Any]:
    """A credit note owes money back while the buyer still keeps some of the same invoice."""

    def taken(gross: Any, *, open_: Any, retained: Any, own: Any = 0) -> Any:
        return Taken(min(gross, open_), type(gross)(0), max(gross - open_, type(gross)(0)))

    return patch.object(invoicing, "taken", taken)


def unchecked(place: Any, *checks: str) -> Mutant:
    """What these refuse is let through."""

    @contextmanager
    def mutant() -> Iterator[None]:
        with ExitStack() as patched:
            for check in checks:
                patched.enter_context(patch.object(place, check, lambda *_given, **_more: None))
            yield

    return mutant


@contextmanager
def second_is_first() -> Iterator[None]:
    """Whoever accepted first accepts again, and that counts as the second of two people."""
    with unchecked(sign_off, "check_second")(), unchecked(contracts, "check_another_person")():
        yield


def time_of_questions_lost() -> AbstractContextManager[Any]:
    """A clock that stood still for a question runs on to the deadline that was told before."""
    return patch.object(asking, "moved_deadline", lambda due_at, **_more: due_at)


def silence_as_agreed() -> AbstractContextManager[Any]:
    """Silence does what was agreed of it, whatever the buyer found meanwhile."""
    return patch.object(reviewing, "silence_of", silence.agreed_silence)


def silence_above_unheard() -> AbstractContextManager[Any]:
    """Whatever is not accepted yet is in the way of silence below it, also where silence has accepted it itself."""
    return patch.object(silence, "_accepted_by_silence", Submission.objects.none)


def refunds_forgotten() -> AbstractContextManager[Any]:
    """Money that was paid back to its payer can be paid back once more."""
    return patch.object(RefundQuerySet, "holding", RefundQuerySet.none)


def charged_beyond_room() -> AbstractContextManager[Any]:
    """What is charged back is taken whole, whatever is left of the invoice."""
    return patch.object(charge_notes, "within", lambda asked, *, rate, **_more: (asked, asked * rate / 100))


def base_plan_signed() -> AbstractContextManager[Any]:
    """Whichever plan is picked, the base plan is in force."""
    return patch.object(signing, "plan_picked", lambda plans, **_more: plans[0])


def days_of_review_kept() -> AbstractContextManager[Any]:
    """A change order says other days of review, and the contract goes on with those that it had."""
    others = tuple(one for one in changed_terms.CHANGEABLE if one != "review_days")
    return patch.object(changed_terms, "CHANGEABLE", others)


def tax_of_the_contract() -> AbstractContextManager[Any]:
    """What a line says of its tax stands in the contract, and its invoice bears the contract's."""
    return patch.object(Agreed, "tax_rate", property(lambda agreed: agreed.terms.tax_rate))


def grace_forgotten() -> AbstractContextManager[Any]:
    """Damages run from the planned day, whatever days of grace were agreed."""
    plain = charges.damages
    return patch.object(charge_terms, "damages_of", lambda terms, **of: plain(replace(terms, grace_days=0), **of))


def whole_bonus_of_parts() -> AbstractContextManager[Any]:
    """Each part of a milestone earns the sum that was agreed for all of it."""
    plain = charges.bonus
    return patch.object(charge_terms, "bonus_of", lambda terms, **of: plain(terms, **{**of, "whole": of["worth"]}))


def late_days_forgotten() -> AbstractContextManager[Any]:
    """What was claimed of being late is not known any more."""
    return patch.object(late_interest, "_claimed", lambda _rows: {})


def nothing_above_the_limit() -> AbstractContextManager[Any]:
    """What is accepted is payable at once, also above what is payable before the last milestone."""
    return patch.object(invoicing, "payable_before_final", lambda **_given: Decimal(0))


def deposit_not_given_back() -> AbstractContextManager[Any]:
    """Later invoices ask for all that they bill, and the deposit was paid besides."""
    return patch.object(contract_rules, "recovered", lambda advances, **_given: [Decimal(0) for _one in advances])


def paid_is_left_behind() -> AbstractContextManager[Any]:
    """What was paid on an invoice that is issued anew settles nothing any more."""
    return patch.object(reissuing, "_settle", lambda _anew, **_more: None)


def excess_kept() -> AbstractContextManager[Any]:
    """What of a deposit nothing is left to give back stays with the seller."""
    return patch.object(workflow_crediting, "return_excess", lambda **_given: [])


def uncertified_is_lost() -> AbstractContextManager[Any]:
    """What the buyer certifies less is asked for no more."""
    return patch.object(certifying, "stand", lambda *_given, **_more: None)


def kept_of_withdrawn_work() -> AbstractContextManager[Any]:
    """What was kept back of work that is withdrawn falls last, as of any credit note."""
    plain = invoicing.taken
    return patch.object(invoicing, "taken", lambda gross, **of: plain(gross, **{**of, "own": Decimal(0)}))


def settled_beside_dispute() -> AbstractContextManager[Any]:
    """A defect in dispute is mended, released and reduced as if it were not."""
    return patch.object(mending, "held", mending.lock_reservation)


@contextmanager
def commit_believed() -> Iterator[None]:
    """A COMMIT whose answer is lost counts as done."""
    plain = BaseDatabaseWrapper.commit

    def commit(connection: BaseDatabaseWrapper) -> None:
        try:
            plain(connection)
        except DatabaseError:
            connection.close()

    with patch.object(BaseDatabaseWrapper, "commit", commit):
        yield


OF_CRASHES: Final[dict[str, tuple[Mutant, str]]] = {
    "no idempotency claim": (without_claim, "record_payment"),
    "no idempotency claim, of a sign-off": (without_claim, "accept_milestone"),
    "jobs deferred after COMMIT": (jobs_after_commit, "accept_milestone"),
    "an entry posted outside the transaction": (posted_after_commit, "record_payment"),
}
"""With the action whose crash must show it."""
OF_RACES: Final[dict[str, tuple[Mutant, str]]] = {
    "no lock on contract, milestone and submission": (
        without_lock("contracts_contract", "milestones_"),
        "eight sign-offs of one milestone",
    ),
    "no lock on contract and advance": (
        without_lock("contracts_contract", "financing_"),
        "payout against cancellation of one advance",
    ),
    "the next number read without a lock, as max() + 1 would": (
        without_lock("invoicing_numberseries"),
        "six sign-offs of one seller's milestones",
    ),
    "the audit trail's head read without a lock": (
        without_lock("audit_chain"),
        "two facts on one chain of an organisation",
    ),
    "no lock on the facility": (without_lock("financing_facility"), "two acceptances at a facility's limit"),
    "no lock on contract and open item": (
        without_lock("contracts_contract", "invoicing_openitem"),
        "six payments of one invoice",
    ),
    "no idempotency claim": (without_claim, "eight clicks on one button"),
}
"""With the race that must show it."""
OF_LIVES: Final[dict[str, Mutant]] = {"the reserve released before the advance is repaid": reserve_first}
OF_COURSES: Final[dict[str, Mutant]] = {
    "money freed before what is retained falls": paid_before_retained,
    "what the buyer disputes is accepted": unchecked(sign_off, "check_undisputed"),
    "more is accepted in part than what nobody disputes": unchecked(sign_off, "check_in_dispute"),
    "a question gives no time back": time_of_questions_lost,
    "silence accepts what an inspection found defective": silence_as_agreed,
    "nobody has to inspect": unchecked(sign_off, "check_inspected"),
    "one person accepts for two": second_is_first,
    "what builds on others is accepted before them": unchecked(sign_off, "check_above"),
    "what silence accepts with those above it is told to have passed": silence_above_unheard,
    "nobody waits for an event": unchecked(submitting, "check_condition"),
    "money is paid back twice": refunds_forgotten,
    "an order changes no days of review": days_of_review_kept,
    "more is charged back than there is": charged_beyond_room,
    "the plan that was picked is not the one in force": base_plan_signed,
    "a line is taxed as its contract": tax_of_the_contract,
    "days of grace are forgotten": grace_forgotten,
    "every part earns the whole bonus": whole_bonus_of_parts,
    "days of being late are claimed twice": late_days_forgotten,
    "what is above the limit is payable at once": nothing_above_the_limit,
    "a deposit is not given back": deposit_not_given_back,
    "more of a deposit is kept than can be given back": excess_kept,
    "what is not certified stands nowhere": uncertified_is_lost,
    "what was kept back of withdrawn work stays kept": kept_of_withdrawn_work,
    "a defect is settled beside its dispute": settled_beside_dispute,
    "what was paid is left behind by what is issued anew": paid_is_left_behind,
}
"""Each topic of ``course`` with a fault of its own; :mod:`tests.engines.walks` goes a short way to each."""
BY_CHANCE: Final = {
    fault: OF_COURSES[fault]
    for fault in ("money freed before what is retained falls", "what the buyer disputes is accepted")
}
"""Those that random courses meet within minutes."""
OF_FAULTS: Final[dict[str, tuple[Mutant, str]]] = {
    "no idempotency claim": (without_claim, "the answer is lost"),
    "a lost COMMIT believed": (commit_believed, "the request is lost"),
}
"""With what happens to COMMIT when it must show."""
OF_KILLS: Final[dict[str, tuple[Mutant, dict[str, int]]]] = {
    "no idempotency claim": (without_claim, {"payments": 12, "contracts": 0}),
    "jobs deferred after COMMIT": (jobs_late, {"payments": 0, "contracts": 3}),
}
"""With the load in which it must show: payments are doubled without a claim, and sign-offs defer what must follow.

A sign-off without a claim is refused when it is pressed again, and would be pressed until patience is at its end.
"""

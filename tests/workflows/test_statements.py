"""How often a sign-off goes to the database: each statement is a round trip, and together they are its cost.

Counted is everything between BEGIN and COMMIT, both included, as the web's connection really sends it.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob
from psycopg import pq

from apps.contracts.drafts import DraftLine, Due, LineTerms
from apps.contracts.models import Contract
from apps.contracts.retention import RetentionTerms
from apps.core import clock
from apps.core.database import in_flight, kept, walls
from apps.milestones.models import Submission
from apps.milestones.services import CriterionVerdict
from apps.parties import services as parties_services
from apps.parties.actor import Actor
from apps.parties.roles import Role
from apps.parties.services.members import join
from apps.workflows import before_acceptance, sign_off
from tests import scenarios
from tests.financing import stories
from tests.scenarios import Parties, acting, key

SIGN_OFF = [
    "BEGIN",
    "INSERT INTO workflows_idempotencykey",
    'WITH held AS MATERIALIZED (SELECT "contracts_contract"',  # FOR UPDATE: the first lock; then both sides' rows
    'SELECT "milestones_submission"',  # FOR UPDATE, its milestone before it
    "SELECT the person's standing",  # the membership FOR SHARE
    "WITH change_0 AS (UPDATE milestones_submission",  # decision, verdicts, submission, milestone
    "UPDATE contracts_guestgrant",
    "SELECT procrastinate_defer_jobs_v1(ARRAY(SELECT",  # all jobs
    'SELECT "financing_tranche"',  # whether money was advanced on the milestone, which would be converted
    'SELECT "invoicing_numberseries"',  # FOR UPDATE: from here on others of the same seller wait
    "WITH change_0 AS (UPDATE invoicing_numberseries",  # series, invoice, line, open item, document
    "WITH book AS ( SELECT id, closed_through FROM ledger_book",  # entry, lines, balances
    "WITH RECURSIVE said AS",  # both entries of the audit trail, and the head of the chain
    "UPDATE workflows_idempotencykey",
    "COMMIT",
]
ADVANCED = [
    "SELECT facility",  # FOR UPDATE OF facility, exposures by id, tranche; what of them changes is with the invoice
    "WITH book AS (",  # the conversion in the financier's book; the sale is in the seller's, with the invoice
]
"""What a sign-off sends more where money was advanced on the milestone, once it was found."""
COMPLETION = 'UPDATE "contracts_contract"'


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


@pytest.fixture
def contract(parties: Parties) -> Contract:
    """A second contract: the first one's first invoice opened the seller's series and book."""
    scenarios.accepted_milestone(scenarios.active_contract(parties))
    return scenarios.active_contract(parties, draft=scenarios.software_draft(parties, number="NL-2"))


def sent(act: Callable[[], object]) -> list[str]:
    """The statements that an action sends, on one line each."""
    connection.queries_log.clear()
    connection.force_debug_cursor = True
    try:
        act()
        return [" ".join(query["sql"].split()) for query in connection.queries]
    finally:
        connection.force_debug_cursor = False


def signed_off(submission: Submission, *, actor: Actor) -> list[str]:
    with acting(actor):
        return sent(
            lambda: sign_off.accept_milestone(
                actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256
            )
        )


def member(parties: Parties, _submission: Submission) -> Actor:
    return scenarios.approver_actor(parties)


def guest(_parties: Parties, submission: Submission) -> Actor:
    return scenarios.guest_actor(scenarios.link_to_sign_off(submission))


@pytest.mark.parametrize("who", [member, guest])
def test_a_sign_off_is_fifteen_statements_in_the_order_of_the_river(
    parties: Parties, contract: Contract, who: Callable[[Parties, Submission], Actor]
) -> None:
    submission = scenarios.submitted_milestone(contract)
    statements = signed_off(submission, actor=who(parties, submission))
    standing = "contracts_guestgrant" if who is guest else "contracts_contract"
    expected = [f'SELECT "{standing}"' if "standing" in start else start for start in SIGN_OFF]
    assert [
        statement if not statement.startswith(start) else start
        for statement, start in zip(statements, expected, strict=False)
    ] == expected
    assert len(statements) == len(SIGN_OFF) == 15


def test_what_nobody_needs_the_answer_of_is_not_waited_for(
    parties: Parties, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a sign-off goes seven times to Postgres, and the number is held for the reading of its row, one way with all
    that is written, and COMMIT."""
    submission = scenarios.submitted_milestone(contract)
    ways: list[list[str]] = [[]]

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        assert connection.connection.pgconn.pipeline_status != pq.PipelineStatus.OFF, f"waited for: {sql}"
        ways[-1].append(" ".join(sql.split()))
        return result

    def waiting(what: Callable[[Any], object]) -> Callable[[Any], object]:
        def wait(self: Any) -> object:
            ways.append([])
            return what(self)

        return wait

    monkeypatch.setattr(kept.Asked, "answer", waiting(kept.Asked.answer))
    monkeypatch.setattr(in_flight._Flight, "land", waiting(in_flight._Flight.land))
    actor = scenarios.approver_actor(parties)
    with acting(actor), connection.execute_wrapper(note):
        sign_off.accept_milestone(actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256)
    went = [way for way in ways if way]
    assert [len(way) for way in went] == [2, 2, 4, 1, 4]  # between BEGIN and COMMIT
    expected = [start.replace("the person's standing", '"contracts_contract"') for start in SIGN_OFF[1:-1]]
    assert all(sql.startswith(start) for sql, start in zip(chain(*went), expected, strict=True))


def test_retention_costs_one_statement_to_read_what_was_withheld_before(parties: Parties, contract: Contract) -> None:
    """What is withheld is written with the invoice; the first release of a contract's end is one job more."""
    terms = RetentionTerms(rate=Decimal(10))
    kept = scenarios.active_contract(parties, draft=scenarios.software_draft(parties, number="NL-3", retention=terms))
    counts = []
    for position in (1, 2, 3):
        submission = scenarios.submitted_milestone(kept, position=position)
        counts.append(len(signed_off(submission, actor=scenarios.approver_actor(parties))))
    # The first one opens the account in the book; the last one completes the contract, and its release is a job more.
    assert counts[1:] == [16, 17]


def test_the_last_milestone_with_steps_retention_and_a_deposit_costs_two_more(
    parties: Parties, contract: Contract
) -> None:
    """Inspected, accepted by two, after those above it, under a retention, beside what the calendar has billed."""
    terms = RetentionTerms(rate=Decimal(10))
    last = replace(scenarios.line("Go-live", 1), basis="remainder", percent=None, own=LineTerms(is_cumulative=True))
    deposit = DraftLine("Deposit", basis="amount", amount=Decimal("4000.00"), kind="deposit", due=Due())
    draft = scenarios.software_draft(
        parties,
        number="NL-4",
        retention=terms,
        lines=(deposit, scenarios.line("Prototype", 30), last),
        needs_inspection=True,
        second_acceptor_above=Decimal(100),
    )
    made = scenarios.active_contract(parties, draft=draft)
    user = parties_services.enrol(email="ines@meridian.example", name="Ines")
    with walls.asking_for(parties.buyer.pk, user=user.pk), transaction.atomic():
        joined = join(user=user, organisation=parties.buyer, roles={Role.INSPECTOR}, at=clock.now())
    ines, bea, olga = scenarios.actor_of(joined), scenarios.approver_actor(parties), scenarios.buyer_actor(parties)
    for position in (2, 3):
        submission = scenarios.submitted_milestone(made, position=position)
        with acting(ines):
            verdicts = [CriterionVerdict(one.pk, is_passed=True) for one in submission.milestone.line.criteria.all()]
            before_acceptance.inspect_milestone(
                actor=ines, key=key(), submission_ref=submission.ref, seen=submission.sha256, verdicts=verdicts
            )
        signed_off(submission, actor=bea)
        statements = signed_off(submission, actor=olga)
    assert len([one for one in statements if one.startswith(COMPLETION)]) == 1
    assert len(statements) == 18, statements
    jobs = ProcrastinateJob.objects.filter(task_name__endswith="release_retentions")
    assert [job.args["contract_ref"] for job in jobs] == [made.ref]


def test_an_advance_on_the_milestone_costs_two_statements_more(scratch: str) -> None:
    """Seventeen, eighteen with the last of the contract: held with what it counts against, converted, and sold."""
    deal = stories.parties()
    contract, counts = stories.sample_book(deal), []
    found = SIGN_OFF.index('SELECT "financing_tranche"') + 1
    expected = [*SIGN_OFF[:found], *ADVANCED, *(one.partition(" SELECT")[0] for one in SIGN_OFF[found:])]
    expected[SIGN_OFF.index("SELECT the person's standing")] = 'SELECT "contracts_contract"'
    for position in (2, 3):
        submission = scenarios.submitted_milestone(contract, position=position)
        statements = signed_off(submission, actor=scenarios.approver_actor(deal))
        counts.append(len(statements))
        sent_otherwise = [one for one in statements if not one.startswith(COMPLETION)]
        assert all(sql.startswith(start) for sql, start in zip(sent_otherwise, expected, strict=True)), statements
    assert counts == [17, 18]
    stories.verify_books()


def test_neither_earlier_sign_offs_nor_the_last_of_a_contract_make_it_longer(
    parties: Parties, contract: Contract
) -> None:
    counts = []
    for position in (1, 2, 3):
        submission = scenarios.submitted_milestone(contract, position=position)
        statements = signed_off(submission, actor=scenarios.approver_actor(parties))
        counts.append(len([one for one in statements if not one.startswith(COMPLETION)]))
    assert counts == [15, 15, 15]
    assert len(statements) == 16, "the last milestone completes the contract"


def test_a_link_is_used_up_by_its_own_sign_off_and_dies_by_another(parties: Parties, contract: Contract) -> None:
    """What one UPDATE has to tell apart."""
    submission = scenarios.submitted_milestone(contract)
    grant = scenarios.link_to_sign_off(submission)
    signed_off(submission, actor=scenarios.guest_actor(grant))
    with acting(scenarios.buyer_actor(parties)):
        grant.refresh_from_db()
    assert (grant.used_at is not None, grant.revoked_at) == (True, None)

"""Sign-off by several people at once, and sign-off that fails in the middle: one winner, and all or nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.invoicing.models import Invoice
from apps.milestones import services as milestones
from apps.milestones.models import Decision, Milestone, Submission
from apps.milestones.services import CriterionVerdict
from apps.parties import services as parties_services
from apps.parties.actor import Actor
from apps.workflows import contracting, sign_off
from apps.workflows.once import Answer
from tests import scenarios
from tests.races import somebody_waits, together
from tests.scenarios import Parties, acting, key

CLICKS = 20


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


@pytest.fixture
def submission(parties: Parties) -> Submission:
    return scenarios.submitted_milestone(scenarios.active_contract(parties))


def accepting(submission: Submission, *, actor: Actor, one_time: str | None = None) -> Callable[[], Answer]:
    def accept() -> Answer:
        with acting(actor):
            return sign_off.accept_milestone(
                actor=actor, key=one_time or key(), submission_ref=submission.ref, seen=submission.sha256
            )

    return accept


def crossing(submission: Submission, *, actor: Actor, criterion_id: int) -> Callable[[], Answer]:
    def request_changes() -> Answer:
        with acting(actor):
            return sign_off.request_changes(
                actor=actor,
                key=key(),
                submission_ref=submission.ref,
                seen=submission.sha256,
                verdicts=[CriterionVerdict(criterion_id, is_passed=False, reason="No.")],
            )

    return request_changes


def winners(outcomes: list[Answer | Exception]) -> list[Answer]:
    losers = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert all(isinstance(loser, Refused) for loser in losers), losers
    return [outcome for outcome in outcomes if not isinstance(outcome, Exception)]


def facts(parties: Parties) -> dict[str, Any]:
    with acting(scenarios.seller_actor(parties)):
        return {
            "milestone": Milestone.objects.get(position=1).state,
            "submission": Submission.objects.get(number=1).state,
            "decisions": list(Decision.objects.values_list("outcome", flat=True)),
            "invoices": Invoice.objects.count(),
        }


ACCEPTED = {"milestone": "accepted", "submission": "accepted", "decisions": ["accepted"], "invoices": 1}
CROSSED = {
    "milestone": "changes_requested",
    "submission": "changes_requested",
    "decisions": ["changes_requested"],
    "invoices": 0,
}
WITHDRAWN = {"milestone": "planned", "submission": "withdrawn", "decisions": [], "invoices": 0}


def test_twenty_acceptances_at_once_make_one_invoice(parties: Parties, submission: Submission) -> None:
    people = [
        scenarios.guest_actor(scenarios.link_to_sign_off(submission)),
        scenarios.approver_actor(parties),
        scenarios.buyer_actor(parties),
    ]
    outcomes = together(*[accepting(submission, actor=people[n % 3]) for n in range(CLICKS)])
    assert len(winners(outcomes)) == 1
    assert facts(parties) == ACCEPTED


def test_a_decision_is_of_the_moment_in_which_its_contract_is_held_and_not_of_the_wait(
    parties: Parties, submission: Submission
) -> None:
    """What is decided before it is never later than it."""
    accept = accepting(submission, actor=scenarios.approver_actor(parties))
    with ThreadPoolExecutor(1) as pool, acting(scenarios.seller_actor(parties)):
        with transaction.atomic():
            contracts.lock(contract_id=submission.contract_id)
            waiting = pool.submit(lambda: together(accept))
            while not (waiting.done() or somebody_waits()):
                pass
            held_until = clock.now()
        assert len(winners(waiting.result(timeout=30))) == 1
        assert Decision.objects.get().decided_at > held_until


def test_twenty_clicks_on_one_button_make_one_invoice_and_all_get_its_number(
    parties: Parties, submission: Submission
) -> None:
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    one_time = key()
    outcomes = together(*[accepting(submission, actor=guest, one_time=one_time)] * CLICKS)
    assert len(winners(outcomes)) == CLICKS
    assert outcomes == [outcomes[0]] * CLICKS
    assert facts(parties) == ACCEPTED


def test_of_accepting_and_requesting_changes_exactly_one_wins(parties: Parties, submission: Submission) -> None:
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    olga = scenarios.buyer_actor(parties)
    with acting(olga):
        criterion_id = submission.milestone.line.criteria.all()[0].pk
    outcomes = together(
        *[accepting(submission, actor=guest)] * 4,
        *[crossing(submission, actor=olga, criterion_id=criterion_id)] * 4,
    )
    (winner,) = winners(outcomes)
    assert facts(parties) == (ACCEPTED if "invoice" in winner else CROSSED)


def test_of_accepting_and_withdrawing_exactly_one_wins(parties: Parties, submission: Submission) -> None:
    olga, sina = scenarios.buyer_actor(parties), scenarios.seller_actor(parties)

    def withdraw() -> Answer:
        with acting(sina):
            return sign_off.withdraw_submission(actor=sina, key=key(), submission_ref=submission.ref)

    outcomes = together(*[accepting(submission, actor=olga)] * 4, *[withdraw] * 4)
    (winner,) = winners(outcomes)
    assert facts(parties) == (ACCEPTED if "invoice" in winner else WITHDRAWN)


def test_whoever_is_removed_while_signing_off_has_signed_before_or_never(
    parties: Parties, submission: Submission
) -> None:
    olga, bea = scenarios.buyer_actor(parties), scenarios.approver_actor(parties)

    def remove() -> Answer:
        with acting(olga), transaction.atomic():
            parties_services.end_membership(actor=olga, membership_ref=parties.people["approver"].ref, at=clock.now())
        return {"removed": "bea"}

    outcomes = together(accepting(submission, actor=bea), remove)
    assert {"removed": "bea"} in outcomes
    if isinstance(outcomes[0], Exception):
        assert isinstance(outcomes[0], NotAllowed)
        assert facts(parties)["invoices"] == 0
    else:
        assert facts(parties) == ACCEPTED


def test_two_decisions_of_one_person_wait_for_nothing_and_a_removal_for_both(
    parties: Parties, submission: Submission
) -> None:
    """A decision holds the membership on which it rests against change, but not against another decision."""
    other = scenarios.submitted_milestone(
        scenarios.active_contract(parties, draft=scenarios.software_draft(parties, number="NL-2"))
    )
    olga, bea = scenarios.buyer_actor(parties), scenarios.approver_actor(parties)

    def remove() -> Answer:
        with acting(olga), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '300ms'")
            parties_services.end_membership(actor=olga, membership_ref=parties.people["approver"].ref, at=clock.now())
        return {"removed": "bea"}

    with acting(bea), transaction.atomic():
        contract = milestones.lock_contract_of_submission(submission_ref=submission.ref)
        at = walls.widen(contract.seller_id, contract.buyer_id)
        milestones.accept(
            contract=contract, submission_ref=submission.ref, actor=bea, seen=submission.sha256, comment="", at=at
        )
        (decided,) = together(accepting(other, actor=bea))
        assert isinstance(decided, dict), decided
        (removed,) = together(remove)
        assert isinstance(removed, OperationalError), removed
        transaction.set_rollback(True)
    assert together(remove) == [{"removed": "bea"}]


def test_of_signing_changing_and_withdrawing_a_proposal_exactly_one_wins(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    olga, sina = scenarios.buyer_actor(parties), scenarios.seller_actor(parties)
    with acting(olga):
        version = ContractVersion.objects.get(contract=contract)

    def sign() -> Answer:
        with acting(guest):
            return contracting.sign_contract(actor=guest, key=key(), version_ref=version.ref, seen=version.sha256)

    def change() -> Answer:
        with acting(olga):
            return contracting.request_contract_changes(
                actor=olga, key=key(), version_ref=version.ref, reason="Cheaper."
            )

    def withdraw() -> Answer:
        with acting(sina):
            return contracting.withdraw_contract(actor=sina, key=key(), contract_ref=contract.ref)

    outcomes = together(*[sign, change, withdraw] * 3)
    won = sorted(number % 3 for number, outcome in enumerate(outcomes) if isinstance(outcome, dict))
    with acting(sina):
        contract.refresh_from_db()
        milestones = Milestone.objects.count()
    # A draft that came of asked changes can still be withdrawn: these two may both win, in that order.
    assert (won, contract.state, milestones) in [
        ([0], "active", 3),
        ([1], "draft", 0),
        ([2], "withdrawn", 0),
        ([1, 2], "withdrawn", 0),
    ]
    assert len(won) == 1 or set(won) == {1, 2}


def everything() -> str:
    """A fingerprint of every table, read by the owner."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_session' ORDER BY 1"
        )
        tables = [table for (table,) in cursor.fetchall()]
        each = " || ".join(
            f"coalesce((SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t), '-')" for table in tables
        )
        cursor.execute(f"SELECT {each}")
        return str(cursor.fetchone()[0])


class _Cut:
    """Lets so many statements through and breaks the next one, as a lost connection would."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.left == 0:
            self.left = -1
            raise OperationalError("cut here")
        self.left -= 1
        return execute(sql, params, many, context)


def fails_everywhere(action: Callable[[str], Answer], *, actor: Actor) -> int:
    """Break the action at each of its statements in turn; answer how many there were. Then it succeeds."""
    one_time = key()
    before = everything()
    for statements in range(1_000):
        with acting(actor):
            cut = _Cut(after=statements)
            try:
                with connection.execute_wrapper(cut):
                    action(one_time)
            except OperationalError:
                pass
            else:
                return statements
        assert everything() == before, f"something was left of an action that failed at statement {statements}"
    raise AssertionError("the action never came to its end")


def test_a_sign_off_that_fails_at_any_statement_leaves_nothing_and_succeeds_when_repeated(
    parties: Parties, submission: Submission
) -> None:
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    count = fails_everywhere(
        lambda one_time: sign_off.accept_milestone(
            actor=guest, key=one_time, submission_ref=submission.ref, seen=submission.sha256
        ),
        actor=guest,
    )
    assert count > 15
    assert facts(parties) == ACCEPTED


def test_a_proposal_that_fails_at_any_statement_leaves_nothing(parties: Parties) -> None:
    contract = scenarios.drafted_contract(parties)
    sina = scenarios.seller_actor(parties)
    with acting(sina):
        _text, seen = contracts.preview(contract)
    count = fails_everywhere(
        lambda one_time: contracting.propose_contract(actor=sina, key=one_time, contract_ref=contract.ref, seen=seen),
        actor=sina,
    )
    assert count > 15
    with acting(sina):
        assert Contract.objects.get().state == "proposed"


def test_the_loser_of_a_race_is_told_what_happened(parties: Parties, submission: Submission) -> None:
    olga = scenarios.buyer_actor(parties)
    accepting(submission, actor=olga)()
    with pytest.raises(IllegalTransition, match="This is already “Accepted”"):
        accepting(submission, actor=olga)()

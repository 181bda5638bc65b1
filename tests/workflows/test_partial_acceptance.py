"""Acceptance in part: the part is billed, the rest goes on, and together they are always what was agreed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.contracts.models import Contract
from apps.core.errors import IllegalTransition, NotAllowed, Refused, Stale
from apps.invoicing.models import Invoice
from apps.milestones.models import Certificate, Decision, Milestone, Submission
from apps.milestones.services import CriterionVerdict, Part
from apps.parties.actor import Actor
from apps.workflows import disputing, sign_off, worker
from apps.workflows.once import Answer
from tests import disputes, scenarios
from tests.scenarios import Parties, acting, key, software_draft

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
"""The first milestone comes to 12,000.00 EUR."""


@pytest.fixture
def contract(parties: Parties) -> Contract:
    return scenarios.active_contract(parties, at=NOON - 10 * DAY)


@pytest.fixture
def submission(contract: Contract) -> Submission:
    return scenarios.submitted_milestone(contract, at=NOON)


def guest(submission: Submission) -> Actor:
    return scenarios.guest_actor(scenarios.link_to_sign_off(submission))


def accept_part(
    submission: Submission, part: Part, *, at: datetime = NOON + DAY, once: str = "", by: Actor | None = None
) -> Answer:
    actor = by or guest(submission)
    with acting(actor, at=at):
        first, second = submission.milestone.line.criteria.all()
        return sign_off.accept_part(
            actor=actor,
            key=once or key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            part=part,
            verdicts=[
                CriterionVerdict(first.pk, is_passed=False, reason="Page 3 is missing."),
                CriterionVerdict(second.pk, is_passed=True),
            ],
        )


def parts(contract: Contract) -> list[tuple[int, str, Decimal, str]]:
    with acting(scenarios.owner_of(contract.seller_id)):
        found = Milestone.objects.filter(contract=contract, position=1)
        return [(one.part, one.title, one.amount, one.state) for one in found]


def test_the_part_is_billed_and_the_rest_can_be_submitted_again(contract: Contract, submission: Submission) -> None:
    answer = accept_part(submission, Part(percent=Decimal("33.333333")))

    assert parts(contract) == [
        (1, "Prototype", Decimal("4000.00"), "accepted"),
        (2, "Prototype (2)", Decimal("8000.00"), "changes_requested"),
    ]
    seller = scenarios.owner_of(contract.seller_id)
    with acting(seller):
        invoice = Invoice.objects.get(ref=answer["invoice"])
        assert (invoice.net, invoice.gross) == (Decimal("4000.00"), Decimal("4760.00"))
        assert "12000" in invoice.snapshot
        decision = Decision.objects.get(submission=submission)
        assert decision.outcome == "partly_accepted"
        assert "accept a part of the milestone, 4,000.00 EUR" in decision.statement
        assert Contract.objects.get(pk=contract.pk).state == "active"


def test_the_rest_starts_with_what_was_shown_less_what_was_crossed(contract: Contract, submission: Submission) -> None:
    accept_part(submission, Part(amount=Decimal("4000.00")))
    seller = scenarios.owner_of(contract.seller_id)
    with acting(seller, at=NOON + 2 * DAY):
        rest = Milestone.objects.get(contract=contract, position=1, part=2)
        sign_off.prepare_submission(actor=seller, key=key(), milestone_ref=rest.ref, note="The rest.", answers=[])
        draft = Submission.objects.get(milestone=rest)
        assert [note.is_met for note in draft.notes.order_by("criterion__position")] == [False, True]
        assert draft.files.count() == submission.files.count() > 0


def test_part_after_part_the_contract_comes_to_its_price(contract: Contract, submission: Submission) -> None:
    accept_part(submission, Part(amount=Decimal("0.01")))
    again = submit_rest(contract, part=2, at=NOON + 2 * DAY)
    accept_part(again, Part(percent=Decimal(50)), at=NOON + 3 * DAY)
    last = submit_rest(contract, part=3, at=NOON + 4 * DAY)
    actor = guest(last)
    with acting(actor, at=NOON + 5 * DAY):
        sign_off.accept_milestone(actor=actor, key=key(), submission_ref=last.ref, seen=last.sha256)
    for position in (2, 3):
        scenarios.accepted_milestone(contract, position=position, at=NOON + 6 * DAY)

    amounts = [amount for _part, _title, amount, _state in parts(contract)]
    assert amounts == [Decimal("0.01"), Decimal("6000.00"), Decimal("5999.99")]
    with acting(scenarios.owner_of(contract.seller_id)):
        assert sum(Invoice.objects.filter(contract=contract).values_list("net", flat=True)) == Decimal("40000.00")
        assert Contract.objects.get(pk=contract.pk).state == "completed"


def submit_rest(contract: Contract, *, part: int, at: datetime) -> Submission:
    with acting(scenarios.owner_of(contract.seller_id)):
        rest = Milestone.objects.select_related("contract").get(contract=contract, position=1, part=part)
    return scenarios.submitted_rest(rest, at=at)


def test_sent_twice_it_happens_once(contract: Contract, submission: Submission) -> None:
    same, person = key(), guest(submission)
    first = accept_part(submission, Part(percent=Decimal(50)), once=same, by=person)
    assert accept_part(submission, Part(percent=Decimal(50)), once=same, by=person) == first
    assert len(parts(contract)) == 2


def test_another_text_and_another_side_is_refused(parties: Parties, contract: Contract, submission: Submission) -> None:
    actor = guest(submission)
    with acting(actor, at=NOON + DAY), pytest.raises(Stale):
        sign_off.accept_part(
            actor=actor,
            key=key(),
            submission_ref=submission.ref,
            seen="0" * 64,
            part=Part(percent=Decimal(50)),
            verdicts=[],
            comment="The rest later.",
        )
    seller = scenarios.owner_of(contract.seller_id)
    with acting(seller, at=NOON + DAY), pytest.raises(NotAllowed):
        sign_off.accept_part(
            actor=seller,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            part=Part(percent=Decimal(50)),
            verdicts=[],
            comment="The rest later.",
        )
    assert parts(contract) == [(1, "Prototype", Decimal("12000.00"), "submitted")]


def test_the_certificate_says_that_it_was_a_part(contract: Contract, submission: Submission) -> None:
    accept_part(submission, Part(percent=Decimal(50)))
    worker.run_due_jobs()
    with acting(scenarios.owner_of(contract.seller_id)):
        certificate = Certificate.objects.get(decision__submission=submission)
    assert certificate.state == "ready"
    assert '"agreed":"12000' in certificate.snapshot.replace(" ", "")


# --- what Postgres refuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE milestones_milestone SET amount = amount - 1 WHERE position = 1",
        "UPDATE milestones_milestone SET amount = amount + 1 WHERE position = 1",
        "INSERT INTO milestones_milestone (ref, contract_id, line_id, position, part, title, amount, currency, state)"
        " SELECT 'forged', contract_id, line_id, position, 2, 'Forged', 1, currency, 'planned'"
        " FROM milestones_milestone WHERE position = 1",
        "UPDATE milestones_milestone SET part = 7 WHERE position = 1",
    ],
)
def test_no_statement_makes_parts_that_do_not_add_up(submission: Submission, statement: str) -> None:
    with acting(scenarios.owner_of(submission.contract.seller_id)), pytest.raises(DatabaseError):
        raw(statement)


def raw(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount == 1
        connection.check_constraints()


def test_without_that_term_a_part_is_exactly_what_is_not_in_dispute(
    parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = software_draft(parties, partial_acceptance=False)
    contract = scenarios.active_contract(parties, draft=draft, at=NOON - 10 * DAY)
    submission = disputes.told(parties, scenarios.submitted_milestone(contract, at=NOON), at=NOON)
    with pytest.raises(Refused, match="or raise a dispute of what is not right"):
        accept_part(submission, Part(amount=Decimal(10000)))
    disputes.on_submission(submission, actor=scenarios.approver_actor(parties), at=NOON + DAY, amount="2000")
    for amount, why in ((9000, r"only of what is not in dispute: 10,000\.00"), (11000, "at most 10,000")):
        with pytest.raises(Refused, match=why):
            accept_part(submission, Part(amount=Decimal(amount)))
    monkeypatch.setattr("apps.milestones.rules.check_in_dispute", lambda *_of, **_it: None)
    with pytest.raises(IntegrityError, match="in part only where agreed"):
        accept_part(submission, Part(amount=Decimal(9000)))
    accept_part(submission, Part(amount=Decimal(10000)))
    assert parts(contract)[0][2:] == (Decimal(10000), "accepted")


def test_the_buyers_dispute_proves_a_notice_that_nothing_proved_yet(parties: Parties, submission: Submission) -> None:
    with pytest.raises(IllegalTransition, match="was not notified"):
        disputes.on_submission(submission, actor=scenarios.seller_actor(parties), at=NOON + DAY)
    bea = scenarios.approver_actor(parties)
    dispute = disputes.on_submission(submission, actor=bea, at=NOON + DAY)
    stands = disputes.again(parties, submission)
    assert (stands.notified_by, stands.notified_at, stands.suspended_at) == ("dispute", NOON + DAY, NOON + DAY)
    # The mail comes later, and changes nothing.
    assert disputes.told(parties, submission, at=NOON + 2 * DAY).review_due_at == dispute.due_before
    with acting(bea, at=NOON + 3 * DAY):
        disputing.withdraw_dispute(actor=bea, key=key(), dispute_ref=dispute.ref)
    # None of the fourteen days had run: all of them follow the day on which it ended.
    assert disputes.again(parties, submission).review_due_at == datetime(2026, 4, 18, 21, 59, 59, tzinfo=UTC)

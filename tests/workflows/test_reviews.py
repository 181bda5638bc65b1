"""The review clock: it runs from proven delivery, reminds once each, and silence means what was agreed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.audit.models import Entry
from apps.contracts.models import Contract, GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed
from apps.invoicing import snapshot, wording
from apps.invoicing.models import Invoice
from apps.milestones import rules
from apps.milestones import services as milestones
from apps.milestones.models import Decision, Milestone, Reminder, Submission
from apps.milestones.models.submission import Proof
from apps.milestones.services import CriterionVerdict
from apps.parties.actor import Actor
from apps.workflows import notices, review_upkeep, reviews, sign_off
from apps.workflows.once import Answer
from apps.workflows.worker import run_due_jobs
from tests import scenarios
from tests.scenarios import Parties, acting, key

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
DUE = datetime(2026, 4, 15, 21, 59, 59, tzinfo=UTC)
AFTER = DUE + timedelta(seconds=1)


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


def submission_under(parties: Parties, silence: str, *, is_told: bool = True) -> Submission:
    """Submitted at noon of 1 April with 14 calendar days; the mail goes out then, unless it does not."""
    draft = scenarios.software_draft(parties, silence=silence)
    submission = scenarios.submitted_milestone(
        scenarios.active_contract(parties, draft=draft, at=NOON - 10 * DAY), at=NOON
    )
    if is_told:
        tell(submission, at=NOON)
    return submission


def tell(submission: Submission, *, at: datetime, proof: Proof = Proof.MAIL) -> None:
    buyer_id = submission.contract.buyer_id
    with clock.stopped(at), walls.asking_for(buyer_id):
        actor = Actor.system(organisation_id=buyer_id)
        notices.note_delivery(actor=actor, submission_ref=submission.ref, proof=proof, at=at)


def tend(at: datetime) -> list[str]:
    """What the periodic job would do at this moment; the answer is what was due."""
    with clock.stopped(at):
        due = reviews.due(at=at)
        for review in due:
            reviews.tend(submission_ref=review.submission_ref, seller_id=review.seller_id, what=review.what)
    return [review.what for review in due]


def stands(submission: Submission) -> tuple[str, str]:
    with walls.asking_for(submission.contract.seller_id):
        fresh = Submission.objects.select_related("milestone").get(pk=submission.pk)
        return fresh.state, fresh.milestone.state


def accept(submission: Submission, *, actor: Actor, at: datetime) -> Answer:
    with acting(actor, at=at):
        return sign_off.accept_milestone(actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256)


# --- delivery ----------------------------------------------------------------------------------------------------


def test_the_mail_starts_the_clock_and_says_the_deadline_that_stands(parties: Parties) -> None:
    submission = submission_under(parties, "accepted", is_told=False)
    # The mail server was away for two days.
    with clock.stopped(NOON + 2 * DAY), walls.asking_for(parties.buyer.pk):
        run_due_jobs()
        submission.refresh_from_db()
    assert (submission.notified_at, submission.notified_by) == (NOON + 2 * DAY, "mail")
    assert submission.review_due_at == DUE + 2 * DAY
    told = next(message for message in mail.outbox if "Sign off: Prototype" in message.subject)
    assert told.subject.endswith("by 17 Apr")
    assert (
        "If the buyer says nothing by 17 Apr 2026, 23:59 CEST (Berlin), the milestone counts as accepted" in told.body
    )


def test_only_the_first_proof_counts_and_the_deadline_told_stands(parties: Parties) -> None:
    submission = submission_under(parties, "accepted")
    tell(submission, at=NOON + 3 * DAY, proof=Proof.VIEW)
    with walls.asking_for(parties.buyer.pk):
        submission.refresh_from_db()
        assert (submission.notified_at, submission.notified_by, submission.review_due_at) == (NOON, "mail", DUE)
        for change in ("review_due_at = now()", "notified_at = NULL, notified_by = ''", "review_zone = 'UTC'"):
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE milestones_submission SET {change} WHERE id = %s", [submission.pk])


def test_what_was_not_delivered_is_never_accepted(parties: Parties) -> None:
    submission = submission_under(parties, "accepted", is_told=False)
    assert tend(DUE + 100 * DAY) == []
    assert stands(submission) == ("submitted", "submitted")
    accept(submission, actor=scenarios.approver_actor(parties), at=DUE + 101 * DAY)
    assert stands(submission) == ("accepted", "accepted")


# --- reminders ---------------------------------------------------------------------------------------------------


def test_each_reminder_goes_out_once_at_its_time(parties: Parties) -> None:
    submission = submission_under(parties, "escalates")
    nine = datetime(2026, 4, 8, 7, 0, tzinfo=UTC)  # 9:00 in Berlin
    assert tend(nine - timedelta(seconds=1)) == []
    assert tend(nine) == ["halfway"]
    assert tend(nine + DAY) == []
    assert tend(datetime(2026, 4, 13, 7, tzinfo=UTC)) == ["two_days"]
    assert tend(datetime(2026, 4, 15, 7, tzinfo=UTC)) == ["last_day"]
    assert tend(DUE) == []
    assert tend(AFTER) == ["passed"]
    assert tend(AFTER + 30 * DAY) == []
    mail.outbox.clear()
    with walls.asking_for(parties.buyer.pk):
        kinds = list(Reminder.objects.order_by("id").values_list("kind", flat=True))
        assert kinds == ["halfway", "two_days", "last_day", "passed"]
        run_due_jobs()
    subjects = [message.subject for message in mail.outbox]
    assert subjects.count("Still to review: Prototype, by 15 Apr") == 4  # signatory and members, twice
    assert subjects.count("Last day to review: Prototype") == 2
    assert subjects.count("No answer yet: Prototype") == 1
    link = next(m for m in mail.outbox if m.to == ["bea@meridian.example"] and "Last day" in m.subject)
    assert "nothing by 15 Apr 2026, 23:59 CEST (Berlin), nothing is decided" in link.body
    assert "/s/" in link.body
    assert stands(submission) == ("submitted", "submitted")


def test_after_an_outage_only_the_newest_reminder_goes_out(parties: Parties) -> None:
    submission_under(parties, "accepted")
    assert tend(datetime(2026, 4, 15, 12, tzinfo=UTC)) == ["last_day"]
    assert tend(datetime(2026, 4, 15, 13, tzinfo=UTC)) == []


def test_nobody_is_reminded_of_what_is_decided(parties: Parties) -> None:
    submission = submission_under(parties, "accepted")
    with clock.stopped(NOON + 9 * DAY):
        (due,) = reviews.due(at=NOON + 9 * DAY)
    accept(submission, actor=scenarios.approver_actor(parties), at=NOON + 9 * DAY)
    with clock.stopped(NOON + 9 * DAY):
        assert reviews.tend(submission_ref=due.submission_ref, seller_id=due.seller_id, what=due.what) == {}
    assert tend(NOON + 13 * DAY) == []


@pytest.mark.parametrize(
    ("days", "kinds"),
    [
        (1, ["last_day"]),
        (2, ["halfway", "last_day"]),
        (3, ["two_days", "last_day"]),
        (14, ["halfway", "two_days", "last_day"]),
    ],
)
def test_short_reviews_have_fewer_reminders(days: int, kinds: list[str]) -> None:
    notified = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
    due = datetime(2026, 6, 1, 21, 59, 59, tzinfo=UTC) + days * DAY
    times = rules.reminder_times(notified_at=notified, due_at=due, zone="Europe/Berlin")
    assert [kind for _at, kind in times] == kinds
    assert all(notified < at <= due for at, _kind in times)
    assert sorted(times) == times


def test_the_periodic_job_queues_each_due_review_once(parties: Parties) -> None:
    submission = submission_under(parties, "accepted")
    jobs = ProcrastinateJob.objects.filter(task_name__endswith="tend_review")
    with clock.stopped(AFTER):
        review_upkeep.tend_everybodys_reviews(0)
        review_upkeep.tend_everybodys_reviews(0)
        (job,) = jobs.values_list("args", flat=True)
        assert job == {
            "submission_ref": submission.ref,
            "seller_id": parties.seller.pk,
            "what": "silence",
            "due": DUE.isoformat(),
        }
        review_upkeep.tend_review(**job)
        review_upkeep.tend_review(**job)
    assert stands(submission) == ("accepted", "accepted")
    with walls.asking_for(parties.seller.pk):
        assert Invoice.objects.count() == 1


def test_the_link_outlives_a_long_review(parties: Parties) -> None:
    draft = scenarios.software_draft(parties, review_days=60, silence="accepted")
    submission = scenarios.submitted_milestone(scenarios.active_contract(parties, draft=draft, at=NOON), at=NOON)
    tell(submission, at=NOON + 20 * DAY)
    with walls.asking_for(parties.buyer.pk):
        due_at = Submission.objects.get(pk=submission.pk).review_due_at
    assert due_at is not None
    assert due_at - NOON > 79 * DAY
    assert _link(submission).expires_at > due_at


# --- silence -----------------------------------------------------------------------------------------------------


def test_silence_accepts_at_the_deadline_whenever_the_job_runs(parties: Parties) -> None:
    submission = submission_under(parties, "accepted")
    assert tend(DUE) == ["last_day"]
    late = DUE + 3 * DAY
    assert tend(late) == ["silence"]
    assert tend(late) == []
    with walls.asking_for(parties.seller.pk):
        decision = Decision.objects.get(submission=submission)
        milestone = Milestone.objects.get(pk=submission.milestone_id)
        invoice = Invoice.objects.get(milestone=milestone)
        entry = Entry.objects.get(verb="milestone.deemed_accepted")
        assert GuestGrant.objects.get(subject_ref=submission.ref).used_at == late
    assert (decision.outcome, decision.rule, decision.user_id, decision.grant_id) == (
        "deemed_accepted",
        "silence",
        None,
        None,
    )
    assert (decision.decided_at, decision.recorded_at, decision.name) == (DUE, late, "")
    assert "was notified and did not answer" in decision.statement
    assert "2026-04-15 23:59:59 CEST" in decision.statement
    assert (milestone.state, milestone.accepted_at) == ("accepted", DUE)
    assert (invoice.issued_at, invoice.net) == (late, Decimal(12_000))
    said = snapshot.read(invoice.snapshot)
    assert said.acceptance is not None
    assert (said.acceptance.by_lapse, said.acceptance.accepted_by) == (True, "")
    assert said.acceptance.accepted_on.isoformat() == "2026-04-15"
    expected = "Accepted by lapse of the review period on 15\N{NO-BREAK SPACE}April\N{NO-BREAK SPACE}2026, as agreed"
    assert wording.cause(said) == expected
    assert entry.happened_at == late


def test_both_sides_are_told_what_silence_meant(parties: Parties) -> None:
    submission_under(parties, "accepted")
    tend(AFTER)
    mail.outbox.clear()
    with walls.asking_for(parties.seller.pk), clock.stopped(AFTER):
        run_due_jobs()
    mails = {message.to[0]: message for message in mail.outbox if "INV-" in message.subject}
    assert mails["bea@meridian.example"].subject.startswith("Accepted by silence: Prototype, invoice INV-2026-")
    assert "counts as accepted since then" in mails["bea@meridian.example"].body
    assert "/s/" in mails["bea@meridian.example"].body
    assert "Meridian Logistik AG did not answer by 15 Apr 2026, 23:59 CEST" in mails["sina@nordlicht.example"].body


def test_silence_rejects_where_that_was_agreed(parties: Parties) -> None:
    submission = submission_under(parties, "rejected")
    assert tend(AFTER) == ["silence"]
    assert stands(submission) == ("changes_requested", "changes_requested")
    with walls.asking_for(parties.seller.pk):
        assert Decision.objects.get(submission=submission).outcome == "deemed_rejected"
        assert not Invoice.objects.exists()
    with walls.asking_for(parties.seller.pk), clock.stopped(AFTER):
        run_due_jobs()
    seller = next(m for m in mail.outbox if m.to[0] == "sina@nordlicht.example" and "changes" in m.subject.lower())
    assert "counts as not accepted since then; you may submit it again" in seller.body
    scenarios.submitted_milestone(submission.contract, at=AFTER + DAY)


@pytest.mark.parametrize("silence", ["accepted", "rejected"])
@pytest.mark.parametrize("is_written_down", [True, False])
def test_whatever_comes_after_the_deadline_is_refused_and_told_why(
    parties: Parties, silence: str, is_written_down: bool
) -> None:
    submission = submission_under(parties, silence)
    if is_written_down:
        tend(AFTER)
    words = "ended on 2026-04-15 23:59 CEST without an answer"
    for actor in (scenarios.approver_actor(parties), scenarios.guest_actor(_link(submission))):
        with pytest.raises(IllegalTransition, match=words):
            accept(submission, actor=actor, at=AFTER)
    with acting(scenarios.approver_actor(parties), at=AFTER) as actor:
        criterion = submission.milestone.line.criteria.first()
        assert criterion is not None
        with pytest.raises(IllegalTransition, match=words):
            sign_off.request_changes(
                actor=actor,
                key=key(),
                submission_ref=submission.ref,
                seen=submission.sha256,
                verdicts=[CriterionVerdict(criterion.pk, is_passed=False, reason="No.")],
            )
    with acting(scenarios.seller_actor(parties), at=AFTER) as sina, pytest.raises(IllegalTransition, match=words):
        sign_off.withdraw_submission(actor=sina, key=key(), submission_ref=submission.ref)
    if not is_written_down:
        assert stands(submission) == ("submitted", "submitted")
        assert tend(AFTER) == ["silence"]


def test_an_answer_in_the_last_second_counts(parties: Parties) -> None:
    submission = submission_under(parties, "accepted")
    accept(submission, actor=scenarios.approver_actor(parties), at=DUE)
    assert tend(AFTER) == []
    with walls.asking_for(parties.seller.pk):
        assert Decision.objects.get().outcome == "accepted"


def test_silence_never_decides_after_changes_were_asked_or_a_withdrawal(parties: Parties) -> None:
    submission = submission_under(parties, "accepted")
    with acting(scenarios.seller_actor(parties), at=NOON + DAY) as sina:
        sign_off.withdraw_submission(actor=sina, key=key(), submission_ref=submission.ref)
    assert tend(AFTER) == []
    again = scenarios.submitted_milestone(submission.contract, at=NOON + 2 * DAY)
    tell(again, at=NOON + 2 * DAY)
    with acting(scenarios.approver_actor(parties), at=NOON + 3 * DAY) as actor:
        criterion = again.milestone.line.criteria.first()
        assert criterion is not None
        sign_off.request_changes(
            actor=actor,
            key=key(),
            submission_ref=again.ref,
            seen=again.sha256,
            verdicts=[CriterionVerdict(criterion.pk, is_passed=False, reason="No.")],
        )
    assert tend(AFTER + 10 * DAY) == []
    for one in (submission, again):
        with clock.stopped(AFTER + 10 * DAY):
            assert reviews.tend(submission_ref=one.ref, seller_id=parties.seller.pk, what="silence") == {}


def test_nobody_but_the_clock_decides_by_silence(parties: Parties) -> None:
    submission = submission_under(parties, "accepted")
    with acting(scenarios.seller_actor(parties), at=AFTER) as sina, transaction.atomic():
        contract = Contract.objects.get(pk=submission.contract_id)
        with pytest.raises(NotAllowed, match="Only the end of the review period"):
            milestones.decide_by_silence(contract=contract, submission_ref=submission.ref, actor=sina, at=AFTER)
    with clock.stopped(DUE), pytest.raises(IllegalTransition, match="still runs"):
        reviews.tend(submission_ref=submission.ref, seller_id=parties.seller.pk, what="silence")
    assert tend(AFTER) == ["silence"]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"rule": ""},
        {"outcome": "accepted"},
        {"outcome": "deemed_rejected"},
        {"decided_at": DUE - timedelta(seconds=1)},
        {"recorded_at": DUE},
        {"name": "Bea Berg", "email": "bea@meridian.example"},
    ],
)
def test_the_database_refuses_what_silence_does_not_mean(parties: Parties, change: dict[str, object]) -> None:
    submission = submission_under(parties, "accepted" if change else "escalates")
    values: dict[str, object] = {
        "contract_id": submission.contract_id,
        "submission": submission,
        "outcome": "deemed_accepted",
        "rule": "silence",
        "decided_at": DUE,
        "recorded_at": AFTER,
        "organisation_name": "Meridian",
        "statement": "Silence.",
        "statement_version": "silence-1",
        "sha256": submission.sha256,
    }
    with walls.asking_for(parties.seller.pk), pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(**{**values, **change})


def _link(submission: Submission) -> GuestGrant:
    with walls.asking_for(submission.contract.buyer_id):
        return GuestGrant.objects.get(subject_ref=submission.ref)

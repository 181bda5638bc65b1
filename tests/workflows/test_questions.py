"""Questions about a submission and their answers, and the review clock that waits with them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from apps.audit.models import Entry
from apps.contracts.models import GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.milestones.models import Decision, Question, Reminder, Submission
from apps.milestones.models.submission import Proof
from apps.parties.actor import Actor
from apps.workflows import before_acceptance, notices, reviews, sign_off
from apps.workflows.worker import run_due_jobs
from tests import scenarios
from tests.scenarios import Parties, acting, key, seller_actor

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
DUE = datetime(2026, 4, 15, 21, 59, 59, tzinfo=UTC)


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


def submission_with(parties: Parties, questions: int, *, silence: str = "accepted", told: bool = True) -> Submission:
    """Submitted at noon of 1 April with 14 calendar days; so many questions stop the clock."""
    draft = scenarios.software_draft(parties, silence=silence, question_suspensions=questions)
    contract = scenarios.active_contract(parties, draft=draft, at=NOON - 10 * DAY)
    submission = scenarios.submitted_milestone(contract, at=NOON)
    if told:
        with clock.stopped(NOON), walls.asking_for(parties.buyer.pk):
            actor = Actor.system(organisation_id=parties.buyer.pk)
            notices.note_delivery(actor=actor, submission_ref=submission.ref, proof=Proof.MAIL, at=NOON)
    return submission


def ask(submission: Submission, *, actor: Actor, at: datetime, text: str = "Which browsers did you try?") -> Question:
    with acting(actor, at=at):
        answer = before_acceptance.ask_question(actor=actor, key=key(), submission_ref=submission.ref, text=text)
        return Question.objects.get(ref=answer["question"])


def reply(question: Question, *, actor: Actor, at: datetime, text: str = "All four.") -> Submission:
    with acting(actor, at=at):
        before_acceptance.answer_question(actor=actor, key=key(), question_ref=question.ref, text=text)
        return Submission.objects.get(pk=question.submission_id)


def tend(at: datetime) -> list[str]:
    with clock.stopped(at):
        due = reviews.due(at=at)
        for one in due:
            reviews.tend(submission_ref=one.submission_ref, seller_id=one.seller_id, what=one.what, due=one.due)
    return [one.what for one in due]


def test_a_question_stops_the_clock_until_its_answer_and_the_days_are_added(parties: Parties) -> None:
    submission = submission_with(parties, 1)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    question = ask(submission, actor=guest, at=NOON + 4 * DAY)
    assert (question.number, question.stops_clock, question.due_before) == (1, True, DUE)
    # Neither a reminder nor silence while it stands still, however long the seller takes.
    assert tend(DUE + DAY) == []
    stands = reply(question, actor=seller_actor(parties), at=DUE + 5 * DAY)
    assert (stands.suspended_at, stands.resumed_at) == (None, DUE + 5 * DAY)
    # From 5 to 15 April eleven days were lost; the answer came on the 20th, and eleven follow it.
    assert stands.review_due_at == datetime(2026, 5, 1, 21, 59, 59, tzinfo=UTC)
    assert tend(datetime(2026, 5, 1, 7, tzinfo=UTC)) == ["last_day"]
    assert tend(datetime(2026, 5, 1, 22, tzinfo=UTC)) == ["silence"]
    with walls.asking_for(parties.seller.pk):
        decision = Decision.objects.get(submission=submission)
        assert (decision.outcome, decision.decided_at) == ("deemed_accepted", stands.review_due_at)
        said = [one.text for one in Entry.objects.filter(verb__startswith="question.").order_by("position")]
        assert "All four" not in "".join(said)
        assert ['"stops_clock":true' in one for one in said] == [True, True]


def test_a_decision_is_never_too_late_while_the_clock_stands_still(parties: Parties) -> None:
    submission = submission_with(parties, 1)
    bea = scenarios.approver_actor(parties)
    ask(submission, actor=bea, at=DUE)
    with acting(bea, at=DUE + 30 * DAY):
        sign_off.accept_milestone(actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256)
        submission.refresh_from_db()
    assert submission.state == "accepted"


def test_nobody_stops_the_clock_more_often_than_agreed(parties: Parties) -> None:
    submission = submission_with(parties, 2)
    bea, sina = scenarios.approver_actor(parties), seller_actor(parties)
    first = ask(submission, actor=bea, at=NOON + DAY)
    # While it stands still another question is asked along; it stops nothing, and uses nothing up.
    assert not ask(submission, actor=bea, at=NOON + DAY).stops_clock
    reply(first, actor=sina, at=NOON + 2 * DAY)
    second = ask(submission, actor=bea, at=NOON + 3 * DAY)
    assert second.stops_clock
    due = reply(second, actor=sina, at=NOON + 4 * DAY).review_due_at
    third = ask(submission, actor=bea, at=NOON + 5 * DAY)
    assert not third.stops_clock
    assert reply(third, actor=sina, at=NOON + 6 * DAY).review_due_at == due == DUE + 4 * DAY
    third.pk, third.ref, third.number, third.stops_clock, third.due_before = None, "more", 9, True, due
    with walls.asking_for(parties.buyer.pk), pytest.raises(IntegrityError, match="than agreed"), transaction.atomic():
        third.save(force_insert=True)


def test_where_nothing_is_agreed_and_before_the_notice_the_clock_is_left_alone(parties: Parties) -> None:
    submission = submission_with(parties, 0)
    assert not ask(submission, actor=scenarios.approver_actor(parties), at=NOON + DAY).stops_clock
    assert tend(DUE + timedelta(seconds=1)) == ["silence"]


def test_a_question_before_the_notice_does_not_use_up_a_suspension(parties: Parties) -> None:
    submission = submission_with(parties, 1, told=False)
    assert not ask(submission, actor=scenarios.approver_actor(parties), at=NOON + DAY).stops_clock
    with walls.asking_for(parties.buyer.pk):
        submission.refresh_from_db()
        assert submission.suspended_at is None


def test_after_the_deadline_nothing_is_asked_and_after_the_decision_nothing_answered(parties: Parties) -> None:
    submission = submission_with(parties, 1)
    bea = scenarios.approver_actor(parties)
    question = ask(submission, actor=bea, at=NOON + DAY)
    reply(question, actor=seller_actor(parties), at=NOON + DAY)
    with pytest.raises(IllegalTransition, match="already"):
        reply(question, actor=seller_actor(parties), at=NOON + DAY)
    with pytest.raises(IllegalTransition, match="counts as accepted"):
        ask(submission, actor=bea, at=DUE + 2 * DAY)
    with pytest.raises(Refused, match="Write what you want to know"):
        ask(submission, actor=bea, at=NOON + 2 * DAY, text="  ")


def test_who_asks_is_the_buyers_and_who_answers_the_sellers(parties: Parties) -> None:
    submission = submission_with(parties, 1)
    with pytest.raises(NotAllowed):
        ask(submission, actor=seller_actor(parties), at=NOON + DAY)
    with pytest.raises(NotAllowed):
        ask(submission, actor=scenarios.member(parties, "payables"), at=NOON + DAY)
    question = ask(submission, actor=scenarios.approver_actor(parties), at=NOON + DAY)
    for role in ("billing", "approver"):
        with pytest.raises(NotAllowed):
            reply(question, actor=scenarios.member(parties, role), at=NOON + DAY)
    dead = scenarios.link_to_sign_off(submission)
    with acting(seller_actor(parties), at=NOON + 2 * DAY) as sina:
        sign_off.withdraw_submission(actor=sina, key=key(), submission_ref=submission.ref)
    with pytest.raises(Refused):
        ask(submission, actor=scenarios.guest_actor(dead), at=NOON + 3 * DAY)


def test_both_sides_are_written_to_and_a_link_outlives_the_longer_review(parties: Parties) -> None:
    submission = submission_with(parties, 1)
    link = scenarios.link_to_sign_off(submission)
    question = ask(submission, actor=scenarios.guest_actor(link), at=NOON + DAY)
    with clock.stopped(NOON + DAY):
        run_due_jobs()
    asked = next(one for one in mail.outbox if one.subject.startswith("Question about Prototype"))
    assert "sina@nordlicht.example" in asked.to
    assert "the review clock stands still until you have answered" in asked.body
    # The answer comes when the link has nearly expired: the buyer gets a new one with it.
    late = link.expires_at - DAY
    stands = reply(question, actor=seller_actor(parties), at=late)
    with walls.asking_for(parties.buyer.pk):
        new = GuestGrant.objects.get(replaces=link)
        assert stands.review_due_at is not None
        assert new.expires_at > stands.review_due_at
    mail.outbox.clear()
    with clock.stopped(late):
        run_due_jobs()
    told = [one for one in mail.outbox if one.subject.startswith("Answer about Prototype")]
    assert {mailbox for one in told for mailbox in one.to} == {"bea@meridian.example", "olga@meridian.example"}
    assert all("The days on which it stood still are added" in one.body for one in told)


def test_raw_sql_neither_stops_the_clock_nor_moves_the_deadline(parties: Parties) -> None:
    submission = submission_with(parties, 1)
    question = ask(submission, actor=scenarios.approver_actor(parties), at=NOON + DAY)
    with walls.asking_for(parties.buyer.pk):
        for change in (
            "suspended_at = NULL, resumed_at = now()",
            "suspended_at = now()",
            "review_due_at = review_due_at + interval '1 day'",
            "suspended_at = NULL, resumed_at = now(), review_due_at = review_due_at + interval '1 year'",
        ):
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE milestones_submission SET {change} WHERE id = %s", [submission.pk])
        sina, bea = (parties.people[role].user.pk for role in ("seller", "approver"))
        answered = (
            f"answer = 'So.', answered_at = now(), answered_name = 'x', due_after = due_before, answered_by_id = {bea}"
        )
        kept = "contract_id, submission_id, name, email, asked_at, text"
        copied = f"{kept}, answered_name, answer, number, user_id, stops_clock"
        for words, sides in (
            (
                f"UPDATE milestones_question SET {answered} WHERE id = {question.pk}",
                "answered by a person of the seller",
            ),
            (
                f"INSERT INTO milestones_question (ref, {copied}) SELECT 'other', {kept},"
                f" '', '', 2, {sina}, FALSE FROM milestones_question WHERE id = {question.pk}",
                "asked by a person of the buyer",
            ),
        ):
            with pytest.raises(IntegrityError, match=sides), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(words)
        for change in ("text = 'Other.'", "stops_clock = FALSE, due_before = NULL", "due_before = now()"):
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE milestones_question SET {change} WHERE id = %s", [question.pk])
        with pytest.raises(IntegrityError), transaction.atomic():
            Reminder.objects.create(
                contract=submission.contract,
                submission=submission,
                kind="halfway",
                reminded_at=NOON + 8 * DAY,
                review_due_at=DUE,
            )

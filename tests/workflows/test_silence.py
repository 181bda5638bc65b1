"""Each meaning of silence, from the notice to what follows: ten business days in Hamburg, and a question that stops
the clock over Easter's end. One contract, a milestone for each; nobody answers."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.core import mail
from django.db import connections
from pytest_django import DjangoDbBlocker

from apps.contracts.drafts import LineTerms
from apps.contracts.models import Contract
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.database.scratch import scratch_database
from apps.core.printing import press
from apps.invoicing.models import Invoice
from apps.milestones import services as milestones
from apps.milestones.certificates.page import page_of
from apps.milestones.models import Certificate, Decision, Milestone, Question, Submission
from apps.milestones.models.submission import Proof
from apps.milestones.services import CriterionVerdict
from apps.parties.actor import Actor
from apps.portals import silence
from apps.workflows import before_acceptance, notices, reviews, sign_off
from apps.workflows.worker import run_due_jobs
from tests import scenarios
from tests.scenarios import Parties, acting, key

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TOLD = datetime(2026, 4, 17, 21, 59, 59, tzinfo=UTC)
"""Ten business days from Wednesday, without Good Friday and Easter Monday."""
MOVED = datetime(2026, 4, 23, 21, 59, 59, tzinfo=UTC)
"""Asked on 9 April, seven days were left, that one included; they follow the answer of the 14th."""
AFTER = MOVED + timedelta(hours=12)
LATE = MOVED + 6 * DAY
VARIANTS = ("accepted", "rejected", "escalates", "interest", "a defect is named", "nobody was notified")
MEANS = {name: name if name in ("rejected", "escalates", "interest") else "accepted" for name in VARIANTS}
REMINDED = ["halfway", "two_days", "last_day"]
BY = "by 23 Apr 2026, 23:59 CEST (Berlin)"
ENDED = "The review ended on 23 Apr 2026, 23:59 CEST (Berlin) without an answer"
PAPER = b"%PDF-1.7"
"""What is printed is looked at elsewhere."""
SAYS_NOTHING = f"If the buyer says nothing {BY}"
WAITS = f"{SAYS_NOTHING}, nothing is decided: the milestone waits, and the seller is told."
UNPROVEN = "It is not proven yet that the buyer was notified."
BARRED = "Silence accepts nothing here: a defect is named."


@dataclass(frozen=True)
class Story:
    parties: Parties
    contract: Contract
    submissions: dict[str, Submission]
    done: dict[str, list[str]]
    """What the clock did of each, in order."""
    before: dict[str, str]
    after: dict[str, str]
    """What the pages said of silence while the clock ran again, and when it had run out."""
    stands: dict[str, tuple[str, str, int]]
    letters: dict[str, list[str]]
    """By mailbox, each as subject and text."""


@pytest.fixture(scope="module")
def story(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Story]:
    """Told once, in a database where it commits: what is due is read with the owner's eyes."""
    with django_db_blocker.unblock(), scratch_database():
        yield _told()
        connections.close_all()


def _told() -> Story:
    with clock.stopped(NOON - 20 * DAY):
        parties = scenarios.organisations()
    draft = scenarios.software_draft(
        parties,
        review_days=10,
        review_unit="business",
        review_country="DE",
        review_subdivision="HH",
        question_suspensions=1,
        price=Decimal(60_000),
        lines=tuple(
            replace(scenarios.line(name, 1), basis="amount", percent=None, amount=Decimal(10_000), own=own(name))
            for name in VARIANTS
        ),
    )
    contract = scenarios.active_contract(parties, draft=draft, at=NOON - 10 * DAY)
    sent = {
        name: scenarios.submitted_milestone(contract, position=place, at=NOON)
        for place, name in enumerate(VARIANTS, start=1)
    }
    _lose_the_requests()
    told = [one for name, one in sent.items() if name != "nobody was notified"]
    for submission in told:
        _notify(submission)
    done: dict[str, list[str]] = defaultdict(list)
    _pass_time(contract, sent, since=NOON, until=NOON + 8 * DAY, done=done)
    for submission in told:
        _ask_and_answer(parties, submission)
    _find_a_defect(parties, sent["a defect is named"])
    before = {name: said(contract, one, at=datetime(2026, 4, 20, 8, tzinfo=UTC)) for name, one in sent.items()}
    mail.outbox = []
    _pass_time(contract, sent, since=NOON + 14 * DAY, until=AFTER, done=done)
    letters: dict[str, list[str]] = defaultdict(list)
    for letter in mail.outbox:
        letters[letter.to[0]].append(plain(f"{letter.subject} {letter.body}"))
    after = {name: said(contract, one, at=LATE) for name, one in sent.items()}
    reached = {name: stands(contract, one) for name, one in sent.items()}
    return Story(parties, contract, sent, done, before, after, reached, letters)


def _lose_the_requests() -> None:
    """No mail server takes the requests to sign off; who was notified all the same is said by the story."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE task_name LIKE %s", ["%send_sign_off_request"])


def own(name: str) -> LineTerms:
    return LineTerms(silence=MEANS[name])


def _notify(submission: Submission) -> None:
    buyer_id = submission.contract.buyer_id
    with clock.stopped(NOON), walls.asking_for(buyer_id):
        actor = Actor.system(organisation_id=buyer_id)
        notices.note_delivery(actor=actor, submission_ref=submission.ref, proof=Proof.MAIL, at=NOON)
        submission.refresh_from_db()
    assert submission.review_due_at == TOLD


def _ask_and_answer(parties: Parties, submission: Submission) -> None:
    with acting(scenarios.approver_actor(parties), at=NOON + 8 * DAY) as bea:
        asked = before_acceptance.ask_question(actor=bea, key=key(), submission_ref=submission.ref, text="How many?")
    with acting(scenarios.seller_actor(parties), at=NOON + 13 * DAY) as sina:
        question = Question.objects.get(ref=asked["question"])
        before_acceptance.answer_question(actor=sina, key=key(), question_ref=question.ref, text="Four.")
        submission.refresh_from_db()
    assert submission.review_due_at == MOVED


def _find_a_defect(parties: Parties, submission: Submission) -> None:
    with acting(scenarios.buyer_actor(parties), at=NOON + 14 * DAY) as olga:
        crossed = [
            CriterionVerdict(one.pk, is_passed=False, reason="It stops.")
            for one in submission.milestone.line.criteria.all()
        ]
        before_acceptance.inspect_milestone(
            actor=olga, key=key(), submission_ref=submission.ref, seen=submission.sha256, verdicts=crossed
        )


def _pass_time(
    contract: Contract, sent: dict[str, Submission], *, since: datetime, until: datetime, done: dict[str, list[str]]
) -> None:
    """Go from moment to moment as the player does, then send the mails; ``done`` becomes what was done of which."""
    names = {submission.ref: name for name, submission in sent.items()}
    at: datetime | None = since
    while at is not None:
        with clock.stopped(at):
            for review in reviews.due(at=at, contract_refs=[contract.ref]):
                reviews.tend(
                    submission_ref=review.submission_ref, seller_id=review.seller_id, what=review.what, due=review.due
                )
                done[names[review.submission_ref]].append(review.what)
        at = milestones.next_moment(after=at, until=until, contract_refs=[contract.ref])
    with clock.stopped(until), walls.asking_for(contract.seller_id), patch.object(press, "pdf", return_value=PAPER):
        run_due_jobs()


def plain(text: str) -> str:
    """With plain single spaces."""
    return " ".join(text.split())


def said(contract: Contract, submission: Submission, *, at: datetime) -> str:
    """The sentence on the page of either side."""
    with walls.asking_for(contract.buyer_id):
        fresh = Submission.objects.get(pk=submission.pk)
        return plain(silence.sentence(fresh, milestones.silence_for(submission.pk), now=at))


def stands(contract: Contract, submission: Submission) -> tuple[str, str, int]:
    """The state of the milestone, the outcome that was decided, and how many invoices there are."""
    with walls.asking_for(contract.seller_id):
        milestone = Milestone.objects.get(pk=submission.milestone_id)
        decided = Decision.objects.filter(submission=submission).values_list("outcome", flat=True).first() or ""
        return milestone.state, decided, Invoice.objects.filter(milestone=milestone).count()


@pytest.mark.parametrize(
    ("name", "done", "before", "state"),
    [
        (
            "accepted",
            [*REMINDED, "silence"],
            f"{SAYS_NOTHING}, the milestone counts as accepted and is billed",
            ("accepted", "deemed_accepted", 1),
        ),
        (
            "rejected",
            [*REMINDED, "silence"],
            f"{SAYS_NOTHING}, the milestone counts as not accepted",
            ("changes_requested", "deemed_rejected", 0),
        ),
        ("escalates", [*REMINDED, "passed"], WAITS, ("submitted", "", 0)),
        (
            "interest",
            [*REMINDED, "passed"],
            f"{WAITS} If it is accepted later, interest for late payment",
            ("submitted", "", 0),
        ),
        ("a defect is named", [*REMINDED, "passed"], f"{WAITS} {BARRED}", ("submitted", "", 0)),
        (
            "nobody was notified",
            [],
            f"{UNPROVEN} Until then the review does not run. Once it runs: The milestone counts as accepted",
            ("submitted", "", 0),
        ),
    ],
)
def test_what_silence_says_and_does(
    story: Story, name: str, done: list[str], before: str, state: tuple[str, str, int]
) -> None:
    assert story.done[name] == done
    assert story.before[name].startswith(before)
    assert story.stands[name] == state


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("escalates", f"{ENDED}. Nothing is decided, and the buyer can still decide."),
        ("interest", f"{ENDED}. Nothing is decided, and the buyer can still decide. If it is accepted, interest for"),
        ("a defect is named", f"{ENDED}. Nothing is decided, and the buyer can still decide. {BARRED}"),
        ("nobody was notified", UNPROVEN),
    ],
)
def test_after_the_deadline_the_page_says_what_silence_did(story: Story, name: str, words: str) -> None:
    assert story.after[name].startswith(words)


def test_each_side_is_written_to_in_the_words_of_what_happened(story: Story) -> None:
    """Bea, who signs off, is told what her silence meant; Sina what follows. Of what nobody was told nothing is."""
    bea, sina = (story.letters[f"{who}.example"] for who in ("bea@meridian", "sina@nordlicht"))

    def one(letters: list[str], subject: str) -> str:
        (found,) = [letter for letter in letters if letter.startswith(subject)]
        return found

    assert "counts as accepted since then, and invoice INV-2026-" in one(bea, "Accepted by silence: accepted")
    assert "counts as not accepted since then" in one(bea, "Not accepted by silence: rejected")
    assert "did not answer by 23 Apr 2026, 23:59 CEST" in one(sina, "Accepted: accepted")
    assert "interest for late payment" not in one(sina, "No answer yet: escalates")
    assert "as if it had been accepted on that day" in one(sina, "No answer yet: interest")
    assert BARRED in one(sina, "No answer yet: a defect is named")
    assert f"{BY}, nothing is decided" in one(bea, "Last day to review: a defect is named")
    assert not [letter for letter in (*bea, *sina) if "nobody was notified" in letter]


def test_what_waits_can_be_accepted_and_the_certificate_says_what_silence_counted_for(story: Story) -> None:
    """Six days late: nothing for silence that decides nothing; since when interest counts where that was agreed."""
    persons = {}
    with patch.object(press, "pdf", return_value=PAPER):
        for name in ("escalates", "interest"):
            submission = story.submissions[name]
            with acting(scenarios.approver_actor(story.parties), at=LATE) as bea:
                assert sign_off.accept_milestone(
                    actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256
                )["number"]
            with clock.stopped(LATE), walls.asking_for(story.parties.seller.pk):
                run_due_jobs()
                written = Certificate.objects.get(decision__submission=submission).snapshot
                persons[name] = dict(page_of(canonical.read(written)).person)
    term = "For computing interest accepted on"
    assert term not in persons["escalates"]
    assert plain(persons["interest"][term]).startswith("23 April 2026, 23:59")
    assert {stands(story.contract, story.submissions[name])[2] for name in persons} == {1}


def test_what_was_not_accepted_by_silence_is_submitted_again(story: Story) -> None:
    again = scenarios.submitted_milestone(story.contract, position=2, at=LATE)
    assert again.number == 2
    assert stands(story.contract, again) == ("submitted", "", 0)

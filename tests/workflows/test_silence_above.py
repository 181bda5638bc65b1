"""Silence on milestones that build on others: written down after those, and nothing false is said meanwhile."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
from apps.core.errors import IllegalTransition
from apps.core.printing import press
from apps.milestones import services as milestones
from apps.milestones.models import Decision, Reminder, Submission
from apps.milestones.models.submission import Proof
from apps.milestones.services import CriterionVerdict
from apps.parties.actor import Actor
from apps.workflows import before_acceptance, notices, reviews, sign_off
from apps.workflows.deal_file import player
from apps.workflows.once import Answer
from apps.workflows.worker import run_due_jobs
from tests import scenarios
from tests.scenarios import Parties, acting, key

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = NOON + 20 * DAY
"""After every deadline of these tests."""


@pytest.fixture(scope="module")
def parties(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Parties]:
    """In a database where everything commits: what is due is read with the owner's eyes."""
    with django_db_blocker.unblock(), scratch_database():
        yield scenarios.organisations()
        connections.close_all()


def building_on_others(parties: Parties, *, cumulative: tuple[int, ...] = (3,)) -> Contract:
    """Silence accepts each of its three milestones after ten days; some build on those above them."""
    draft = scenarios.software_draft(parties, silence="accepted")
    lines = tuple(
        replace(one, own=LineTerms(is_cumulative=True)) if place in cumulative else one
        for place, one in enumerate(draft.lines, start=1)
    )
    return scenarios.active_contract(parties, draft=replace(draft, lines=lines, number=key()[:12]), at=NOON - 10 * DAY)


def submitted(contract: Contract, *positions: int, at: datetime = NOON) -> dict[int, Submission]:
    """Submitted in this order, and all noticed at ``at``."""
    sent = {place: scenarios.submitted_milestone(contract, position=place, at=NOON) for place in positions}
    for one in sent.values():
        notice(one, at=at)
    return sent


def notice(submission: Submission, *, at: datetime, proof: Proof = Proof.MAIL) -> None:
    buyer_id = submission.contract.buyer_id
    with clock.stopped(at), walls.asking_for(buyer_id):
        actor = Actor.system(organisation_id=buyer_id)
        notices.note_delivery(actor=actor, submission_ref=submission.ref, proof=proof, at=at)


def send_mails(*, at: datetime) -> None:
    with clock.stopped(at), patch.object(press, "pdf", return_value=b"%PDF-1.7"):
        run_due_jobs()


def sweep(contract: Contract, *, at: datetime = LATER) -> list[tuple[str, str]]:
    """What was due of which milestone, and is done."""
    with clock.stopped(at):
        found = reviews.due(at=at, contract_refs=[contract.ref])
        for one in found:
            tend(one)
    with walls.asking_for(contract.seller_id):
        titles = dict(Submission.objects.values_list("ref", "milestone__title"))
    return [(titles[one.submission_ref], one.what) for one in found]


def tend(one: milestones.DueReview) -> Answer:
    return reviews.tend(submission_ref=one.submission_ref, seller_id=one.seller_id, what=one.what, due=one.due)


def decided(contract: Contract) -> dict[str, str]:
    with walls.asking_for(contract.seller_id):
        rows = Decision.objects.filter(contract=contract)
        return dict(rows.values_list("submission__milestone__title", "outcome"))


def passed(contract: Contract) -> int:
    with walls.asking_for(contract.seller_id):
        return Reminder.objects.filter(contract=contract, kind=Reminder.Kind.PASSED).count()


def test_what_builds_on_others_is_accepted_after_them_and_nobody_hears_that_it_passed(parties: Parties) -> None:
    """It was submitted before them, so the clock comes to it first."""
    contract = building_on_others(parties)
    last = submitted(contract, 3, 2, 1)[3]
    mail.outbox.clear()
    # While it runs, the buyer hears what silence will do.
    sweep(contract, at=NOON + 10 * DAY)
    send_mails(at=NOON + 10 * DAY)
    reminded = next(one for one in mail.outbox if "Final delivery" in one.subject)
    said = " ".join(str(reminded.body).split())
    assert "counts as accepted" in said, said
    assert "Silence accepts nothing here" not in said
    mail.outbox.clear()
    assert sorted(sweep(contract)) == [("Integration", "silence"), ("Prototype", "silence")]
    send_mails(at=LATER)
    assert "Final delivery and sign-off" not in decided(contract)
    assert not [one for one in mail.outbox if "Final delivery" in one.subject]
    # Nobody decides any more what silence has decided.
    with acting(scenarios.approver_actor(parties), at=LATER) as bea, pytest.raises(IllegalTransition):
        sign_off.accept_milestone(actor=bea, key=key(), submission_ref=last.ref, seen=last.sha256)
    assert sweep(contract) == [("Final delivery and sign-off", "silence")]
    assert sweep(contract) == []
    assert (set(decided(contract).values()), passed(contract)) == ({"deemed_accepted"}, 0)
    with walls.asking_for(contract.seller_id):
        one = Decision.objects.select_related("submission").get(submission=last)
        record = canonical.read(one.lapse_text)
        assert (one.decided_at, one.recorded_at) == (one.submission.review_due_at, LATER)
        assert {reminder["kind"] for reminder in record["reminders"]} == {"halfway"}
        contract.refresh_from_db()
    assert contract.state == "completed"


def test_who_asks_too_early_is_refused_and_asks_again(parties: Parties) -> None:
    """Of a sweep that died between the milestones, the next one does the rest; nothing is done twice."""
    contract = building_on_others(parties)
    last = submitted(contract, 1, 2, 3)[3]
    with clock.stopped(LATER):
        first, second = reviews.due(at=LATER, contract_refs=[contract.ref])
        third = replace(second, submission_ref=last.ref)
        tend(first)
        with pytest.raises(IllegalTransition, match="Not accepted yet: “Integration”"):
            tend(third)
        assert reviews.due(at=LATER, contract_refs=[contract.ref]) == [second]
        tend(second)
        assert tend(third) == tend(third) != {}
    assert (len(decided(contract)), sweep(contract), passed(contract)) == (3, [], 0)


def test_a_deal_file_plays_them_at_one_moment(parties: Parties) -> None:
    contract = building_on_others(parties, cumulative=(2, 3))
    submitted(contract, 3, 2, 1)
    with clock.stopped(LATER):
        player._tend_reviews([contract.ref], at=LATER)
    assert (set(decided(contract).values()), len(decided(contract)), passed(contract)) == ({"deemed_accepted"}, 3, 0)


def does(submission: Submission) -> str:
    with walls.asking_for(submission.contract.seller_id):
        return milestones.silence_for(submission.pk).does


def test_a_defect_above_leaves_nothing_to_accept(parties: Parties) -> None:
    contract = building_on_others(parties)
    first, _second, last = submitted(contract, 1, 2, 3).values()
    assert does(last) == "accepted"
    with acting(scenarios.buyer_actor(parties), at=NOON + DAY) as olga:
        verdicts = [CriterionVerdict(one.pk, False, "It leaks.") for one in first.milestone.line.criteria.all()]
        before_acceptance.inspect_milestone(
            actor=olga, key=key(), submission_ref=first.ref, seen=first.sha256, verdicts=verdicts
        )
    assert does(last) == "escalates"
    assert sorted(sweep(contract)) == [
        ("Final delivery and sign-off", "passed"),
        ("Integration", "silence"),
        ("Prototype", "passed"),
    ]


def test_what_is_above_and_accepted_too_late_for_one_is_in_the_way_of_all_below(parties: Parties) -> None:
    """The second waits for the first, which silence accepts a day too late for it; so it waits, and the third for it,
    although its own deadline comes last."""
    contract = building_on_others(parties, cumulative=(2, 3))
    second = submitted(contract, 2)[2]
    first = submitted(contract, 1, at=NOON + DAY)[1]
    third = submitted(contract, 3, at=NOON + 2 * DAY)[3]
    assert [does(one) for one in (first, second, third)] == ["accepted", "escalates", "escalates"]
    assert sorted(sweep(contract)) == [
        ("Final delivery and sign-off", "passed"),
        ("Integration", "passed"),
        ("Prototype", "silence"),
    ]
    assert (sweep(contract), decided(contract)) == ([], {"Prototype": "deemed_accepted"})


def test_what_is_refused_above_while_its_mail_has_not_stood_a_day_is_accepted_by_nobodys_silence(
    parties: Parties,
) -> None:
    """The clocks go forward that night, so the deadline of one day comes half an hour before the mail has stood for 24
    hours. Of what was opened in a browser the deadline is the end; but it builds on the other."""
    draft = scenarios.software_draft(parties, silence="accepted", review_days=1)
    lines = (*draft.lines[:2], replace(draft.lines[2], own=LineTerms(is_cumulative=True)))
    late = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
    due, stood = datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC), late + DAY
    at = late - 9 * DAY
    contract = scenarios.active_contract(parties, draft=replace(draft, lines=lines, number=key()[:12]), at=at)
    first, second, last = (
        scenarios.submitted_milestone(contract, position=place, at=late - timedelta(hours=1)) for place in (1, 2, 3)
    )
    notice(first, at=late)
    notice(second, at=late, proof=Proof.VIEW)
    notice(last, at=late, proof=Proof.VIEW)
    with walls.asking_for(contract.seller_id):
        deadlines = set(Submission.objects.filter(contract=contract).values_list("review_due_at", flat=True))
    assert deadlines == {due} < {due, stood}
    between = due + timedelta(minutes=10)
    assert sweep(contract, at=between) == [("Integration", "silence")], "the mail has not stood, and the last waits"
    with acting(scenarios.approver_actor(parties), at=between) as bea:
        verdicts = [CriterionVerdict(one.pk, False, "It leaks.") for one in first.milestone.line.criteria.all()]
        sign_off.request_changes(actor=bea, key=key(), submission_ref=first.ref, seen=first.sha256, verdicts=verdicts)
    assert does(last) == "escalates"
    assert [what for _title, what in sweep(contract)] == ["passed"]
    assert decided(contract) == {"Integration": "deemed_accepted", "Prototype": "changes_requested"}
    with acting(scenarios.approver_actor(parties), at=stood + DAY) as bea:
        verdicts = [CriterionVerdict(one.pk, False, "Not yet.") for one in last.milestone.line.criteria.all()]
        sign_off.request_changes(actor=bea, key=key(), submission_ref=last.ref, seen=last.sha256, verdicts=verdicts)
    assert decided(contract)["Final delivery and sign-off"] == "changes_requested"

"""An inspection before acceptance, two people above an amount, milestones that build on others, terms of their own."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.contracts.drafts import LineTerms
from apps.contracts.models import Contract
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, ProofNeeded, Refused
from apps.financing.rules.expectation import History
from apps.financing.services.quotes import until_paid
from apps.invoicing.models import Invoice
from apps.milestones.models import Decision, FirstAcceptance, HandOver, Inspection, Milestone, Submission
from apps.milestones.models.submission import Proof
from apps.milestones.services import CriterionVerdict, Part
from apps.parties import services as parties_services
from apps.parties.actor import Actor, Origin
from apps.parties.models import Membership
from apps.parties.roles import Role
from apps.parties.services.members import join
from apps.workflows import before_acceptance, mails, notices, reviews, sign_off
from apps.workflows.once import Answer
from apps.workflows.worker import run_due_jobs
from tests import scenarios
from tests.scenarios import Parties, acting, key

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HUNDRED = Decimal(100)


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


def with_role(parties: Parties, name: str, role: str) -> Actor:
    user = parties_services.enrol(email=f"{name}@meridian.example", name=name.title())
    with walls.asking_for(parties.buyer.pk, user=user.pk), transaction.atomic():
        return scenarios.actor_of(join(user=user, organisation=parties.buyer, roles={role}, at=clock.now()))


def contract_with(parties: Parties, **terms: Any) -> Contract:
    return scenarios.active_contract(parties, draft=scenarios.software_draft(parties, **terms), at=NOON - 10 * DAY)


def inspect(submission: Submission, *, actor: Actor, is_passed: bool = True, at: datetime = NOON) -> Inspection:
    with acting(actor, at=at):
        criteria = submission.milestone.line.criteria.all()
        answer = before_acceptance.inspect_milestone(
            actor=actor,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=[CriterionVerdict(one.pk, is_passed, "" if is_passed else "It leaks.") for one in criteria],
        )
        return Inspection.objects.get(ref=answer["inspection"])


def accept(submission: Submission, *, actor: Actor, at: datetime = NOON) -> Answer:
    with acting(actor, at=at):
        return sign_off.accept_milestone(actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256)


def accept_half(submission: Submission, *, actor: Actor, percent: int = 50) -> Answer:
    with acting(actor, at=NOON):
        return sign_off.accept_part(
            actor=actor,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            part=Part(percent=Decimal(percent)),
            verdicts=[],
            comment="The rest in May.",
        )


def tell(submission: Submission) -> None:
    buyer_id = submission.contract.buyer_id
    with clock.stopped(NOON), walls.asking_for(buyer_id):
        actor = Actor.system(organisation_id=buyer_id)
        notices.note_delivery(actor=actor, submission_ref=submission.ref, proof=Proof.MAIL, at=NOON)


def due(at: datetime) -> list[str]:
    with clock.stopped(at):
        found = reviews.due(at=at)
        for one in found:
            reviews.tend(submission_ref=one.submission_ref, seller_id=one.seller_id, what=one.what, due=one.due)
    return [one.what for one in found]


# --- inspection --------------------------------------------------------------------------------------------------


def test_nobody_accepts_before_somebody_else_has_inspected(parties: Parties) -> None:
    submission = scenarios.submitted_milestone(contract_with(parties, needs_inspection=True), at=NOON)
    bea, ines = scenarios.approver_actor(parties), with_role(parties, "ines", Role.INSPECTOR)
    with pytest.raises(Refused, match="asks for an inspection first"):
        accept(submission, actor=bea)
    for actor in (bea, scenarios.seller_actor(parties), scenarios.guest_actor(scenarios.link_to_sign_off(submission))):
        with pytest.raises(NotAllowed):
            inspect(submission, actor=actor)
    with pytest.raises(NotAllowed, match="sign off"):
        accept(submission, actor=ines)
    inspect(submission, actor=ines, is_passed=False)
    with pytest.raises(Refused, match="Ines inspected this submission and found a defect"):
        accept(submission, actor=bea)
    inspect(submission, actor=ines)
    assert accept(submission, actor=bea)["number"]
    mail.outbox.clear()
    with clock.stopped(NOON):
        run_due_jobs()
    subjects = [one.subject for one in mail.outbox]
    assert subjects.count("Inspected, a defect was found: Prototype") >= 2, "both sides hear of a defect"
    assert all("sina@nordlicht.example" not in one.to for one in mail.outbox if "no defect" in one.subject)


def test_who_inspected_does_not_accept_and_a_part_may_be_accepted_in_spite_of_a_defect(parties: Parties) -> None:
    submission = scenarios.submitted_milestone(contract_with(parties, needs_inspection=True), at=NOON)
    olga, bea = scenarios.buyer_actor(parties), scenarios.approver_actor(parties)
    inspect(submission, actor=olga, is_passed=False)
    with pytest.raises(NotAllowed, match="You inspected this submission yourself"):
        accept_half(submission, actor=olga)
    assert accept_half(submission, actor=bea)["number"]


def test_who_inspected_does_not_accept_by_another_mailbox(parties: Parties) -> None:
    """An alias of the mailbox in an account of its own, and another mailbox that the inspector reads."""
    submission = scenarios.submitted_milestone(contract_with(parties, needs_inspection=True), at=NOON)
    ines = with_role(parties, "ines", Role.INSPECTOR)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    EmailAddress.objects.create(user_id=ines.user_id, email="i.nes@gmail.com", verified=True)
    inspect(submission, actor=ines)
    alias = with_role(parties, "ines+2", Role.APPROVER)
    by_dots = replace(alias, email="ines+b@googlemail.com")
    for again in (alias, by_dots, replace(guest, email="INES@meridian.example")):
        with pytest.raises(NotAllowed):
            accept(submission, actor=again)
    with pytest.raises(NotAllowed, match="You inspected this submission yourself"):
        accept(submission, actor=by_dots)
    with walls.asking_for(parties.seller.pk):
        assert not Decision.objects.exists()


def test_silence_accepts_nothing_after_a_named_defect(parties: Parties) -> None:
    submission = scenarios.submitted_milestone(contract_with(parties, silence="accepted"), at=NOON)
    tell(submission)
    inspect(submission, actor=scenarios.buyer_actor(parties), is_passed=False, at=NOON + DAY)
    assert due(NOON + 30 * DAY) == ["passed"]
    assert accept(submission, actor=scenarios.approver_actor(parties), at=NOON + 31 * DAY)["number"]


def test_where_silence_counts_for_interest_alone_a_late_acceptance_says_since_when(parties: Parties) -> None:
    contract = contract_with(parties, silence="interest")
    first, second = (scenarios.submitted_milestone(contract, position=place, at=NOON) for place in (1, 2))
    tell(first)
    tell(second)
    bea = scenarios.approver_actor(parties)
    inspect(second, actor=scenarios.buyer_actor(parties), is_passed=False, at=NOON + DAY)
    # Nothing is decided: both wait, and the seller is told.
    assert due(NOON + 30 * DAY) == ["passed", "passed"]
    for submission in (first, second):
        assert accept(submission, actor=bea, at=NOON + 31 * DAY)["number"]
    with walls.asking_for(parties.buyer.pk):
        late, disagreed = (Decision.objects.select_related("submission").get(submission=one) for one in (first, second))
        assert late.accepted_for_interest_at == late.submission.review_due_at
        assert late.decided_at == NOON + 31 * DAY
        assert disagreed.accepted_for_interest_at is None, "a defect was named in time"


def test_the_database_refuses_what_was_not_inspected(parties: Parties) -> None:
    """A decision that is written round the services."""
    submission = scenarios.submitted_milestone(contract_with(parties, needs_inspection=True), at=NOON)
    inspect(submission, actor=scenarios.buyer_actor(parties))
    accept(submission, actor=scenarios.approver_actor(parties))
    other = scenarios.submitted_milestone(submission.contract, position=2, at=NOON)
    with walls.asking_for(parties.buyer.pk, parties.seller.pk):
        copied = Decision.objects.get(submission=submission)
        copied.pk, copied.submission, copied.sha256 = None, other, other.sha256
        with pytest.raises(IntegrityError, match="inspected before it is accepted"), transaction.atomic():
            copied.save(force_insert=True)
        inspect(other, actor=with_role(parties, "bea+berg", Role.INSPECTOR))
        with pytest.raises(IntegrityError, match="inspected before it is accepted"), transaction.atomic():
            copied.save(force_insert=True)  # Bea accepts what an alias of hers inspected
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE milestones_inspection SET is_passed = FALSE")


# --- two people --------------------------------------------------------------------------------------------------


def test_the_second_of_two_people_issues_the_invoice(parties: Parties) -> None:
    submission = scenarios.submitted_milestone(contract_with(parties, second_acceptor_above=HUNDRED), at=NOON)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    bea, olga = scenarios.approver_actor(parties), scenarios.buyer_actor(parties)
    first = accept(submission, actor=guest)
    assert set(first) == {"milestone", "first_acceptance"}
    with walls.asking_for(parties.seller.pk):
        submission.refresh_from_db()
        assert (submission.state, Invoice.objects.count()) == ("submitted", 0)
    for again in (guest, bea):  # Bea is the very person behind the link
        with pytest.raises(NotAllowed, match="somebody else has to"):
            accept(submission, actor=again)
    assert accept(submission, actor=olga)["number"]
    with walls.asking_for(parties.seller.pk):
        said = FirstAcceptance.objects.get(submission=submission)
        decision = Decision.objects.get(submission=submission)
    assert (said.name, decision.name) == ("Bea Berg", "Olga Ost")
    mail.outbox.clear()
    with clock.stopped(NOON):
        run_due_jobs()
    asked = [one for one in mail.outbox if one.subject.startswith("A second sign-off is needed")]
    assert [one.to for one in asked] == [["olga@meridian.example"]]


def test_at_the_amount_itself_one_person_is_enough(parties: Parties) -> None:
    contract = contract_with(parties, second_acceptor_above=Decimal(12_000))
    assert "number" in accept(scenarios.submitted_milestone(contract, at=NOON), actor=scenarios.buyer_actor(parties))
    large = scenarios.submitted_milestone(contract, position=3, at=NOON)
    assert "number" not in accept(large, actor=scenarios.buyer_actor(parties))


def test_both_accept_the_same_part(parties: Parties) -> None:
    submission = scenarios.submitted_milestone(contract_with(parties, second_acceptor_above=HUNDRED), at=NOON)
    bea, olga = scenarios.approver_actor(parties), scenarios.buyer_actor(parties)
    accept_half(submission, actor=bea)
    with pytest.raises(Refused, match="Bea Berg accepted 6,000"):
        accept(submission, actor=olga)
    with pytest.raises(Refused, match="Bea Berg accepted 6,000"):
        accept_half(submission, actor=olga, percent=40)
    with pytest.raises(NotAllowed, match="You have accepted this already"):
        accept_half(submission, actor=with_role(parties, "bea+berg", Role.APPROVER))
    assert accept_half(submission, actor=olga)["number"]


def test_limit_and_proof_are_asked_of_each_of_the_two(parties: Parties) -> None:
    submission = scenarios.submitted_milestone(contract_with(parties, second_acceptor_above=HUNDRED), at=NOON)
    with acting(scenarios.buyer_actor(parties)) as olga, transaction.atomic():
        parties_services.set_step_up(actor=olga, above=Decimal(1), at=clock.now())
        people = {name: parties.people[name] for name in ("approver", "buyer")}
    for membership in people.values():
        with pytest.raises(ProofNeeded):
            accept(submission, actor=replace(scenarios.actor_of(membership), origin=Origin()))
        with clock.stopped(NOON):
            shown = scenarios.actor_of(membership)
        accept(submission, actor=shown)
    with walls.asking_for(parties.seller.pk):
        assert Decision.objects.get(submission=submission).proved_by
        assert FirstAcceptance.objects.get(submission=submission).proved_by


def test_one_person_cannot_be_both_in_the_database_either(parties: Parties) -> None:
    contract = contract_with(parties, second_acceptor_above=HUNDRED)
    submission = scenarios.submitted_milestone(contract, at=NOON)
    accept(submission, actor=scenarios.approver_actor(parties))
    accept(submission, actor=scenarios.buyer_actor(parties))
    other = scenarios.submitted_milestone(contract, position=2, at=NOON)
    accept(other, actor=scenarios.buyer_actor(parties))
    with walls.asking_for(parties.buyer.pk, parties.seller.pk):
        copied = Decision.objects.get(submission=submission)
        copied.pk, copied.submission, copied.sha256 = None, other, other.sha256
        with pytest.raises(IntegrityError, match="two people accept"), transaction.atomic():
            copied.save(force_insert=True)


# --- terms of one milestone, and milestones that build on others ---------------------------------------------------


def own(parties: Parties, position: int, terms: LineTerms, **more: Any) -> Contract:
    draft = scenarios.software_draft(parties, **more)
    lines = [replace(one, own=terms) if at == position else one for at, one in enumerate(draft.lines, 1)]
    return contract_with(parties, lines=tuple(lines), **more)


def test_a_milestone_has_its_own_days_and_its_own_silence(parties: Parties) -> None:
    contract = own(parties, 1, LineTerms(review_days=3, silence="accepted"))
    plain = scenarios.submitted_milestone(contract, position=2, at=NOON)
    special = scenarios.submitted_milestone(contract, position=1, at=NOON)
    for one in (plain, special):
        tell(one)
    at = datetime(2026, 4, 4, 22, tzinfo=UTC)
    assert due(at) == ["silence"]
    assert due(NOON + 40 * DAY) == ["passed"]
    with walls.asking_for(parties.seller.pk):
        assert [one.state for one in Submission.objects.order_by("milestone__position")] == ["accepted", "submitted"]
        signed = contract.active_version.canonical_text if contract.active_version else ""
        assert canonical.read(signed)["plan"][0]["own"] == {
            "review_days": 3,
            "silence": "accepted",
            "is_cumulative": False,
        }


def test_a_cumulative_milestone_waits_for_those_above_it_and_names_them(parties: Parties) -> None:
    contract = own(parties, 3, LineTerms(is_cumulative=True), silence="accepted")
    last = scenarios.submitted_milestone(contract, position=3, at=NOON)
    tell(last)
    link = scenarios.link_to_sign_off(last)
    with walls.asking_for(contract.buyer_id):
        mails.sign_off_request(grant_ref=link.ref, at=NOON)
    assert "nothing is decided" in mail.outbox[-1].body
    said = " ".join(mail.outbox[-1].body.split())
    assert "Silence accepts nothing here: a milestone above is not accepted in time." in said
    bea = scenarios.approver_actor(parties)
    with pytest.raises(IllegalTransition, match="Not accepted yet: “Prototype”, “Integration”"):
        accept(last, actor=bea)
    # Its deadline goes by: silence had nothing to accept, and what is accepted later changes nothing of that.
    assert due(NOON + 20 * DAY) == ["passed"]
    for position in (1, 2):
        accept(
            scenarios.submitted_milestone(contract, position=position, at=NOON + 21 * DAY),
            actor=bea,
            at=NOON + 21 * DAY,
        )
    assert due(NOON + 22 * DAY) == []
    assert accept(last, actor=bea, at=NOON + 22 * DAY)["number"]


def test_an_advance_on_a_cumulative_milestone_is_expected_back_after_those_above_it(parties: Parties) -> None:
    draft, planned = scenarios.software_draft(parties), [date(2026, 6, 1), date(2026, 9, 30), date(2026, 7, 1)]
    lines = [replace(one, planned_on=on) for one, on in zip(draft.lines, planned, strict=True)]
    lines[2] = replace(lines[2], own=LineTerms(is_cumulative=True))
    contract = contract_with(parties, lines=tuple(lines))
    with acting(scenarios.seller_actor(parties)):
        for position, completed in ((1, planned[0]), (3, planned[1])):
            milestone = Milestone.objects.select_related("line__version").get(contract=contract, position=position)
            version = milestone.line.version
            steps = until_paid(milestone, funding_on=date(2026, 5, 1), history=History())
            assert steps[-1].on == completed + (version.review_days + version.payment_days) * DAY, position


def test_a_severable_milestone_waits_for_nobody(parties: Parties) -> None:
    last = scenarios.submitted_milestone(contract_with(parties), position=3, at=NOON)
    assert accept(last, actor=scenarios.approver_actor(parties))["number"]


# --- passed to a colleague ---------------------------------------------------------------------------------------


def hand_over(submission: Submission, *, actor: Actor, to: Membership, note: str = "In your place.") -> HandOver:
    with acting(actor, at=NOON):
        answer = before_acceptance.pass_milestone(
            actor=actor, key=key(), submission_ref=submission.ref, membership_ref=to.ref, note=note
        )
        return HandOver.objects.get(ref=answer["hand_over"])


def test_an_approver_passes_the_decision_to_a_colleague_and_may_still_decide(parties: Parties) -> None:
    submission = scenarios.submitted_milestone(contract_with(parties), at=NOON)
    olga, bea = scenarios.buyer_actor(parties), parties.people["approver"]
    assert hand_over(submission, actor=olga, to=bea).to_name == "Bea Berg"
    mail.outbox.clear()
    with clock.stopped(NOON):
        run_due_jobs()
    told = next(one for one in mail.outbox if "passes to you" in one.subject)
    assert (told.to, "In your place." in told.body) == (["bea@meridian.example"], True)
    with walls.asking_for(parties.seller.pk):
        assert not HandOver.objects.exists(), "who decides among the buyer's people is none of the seller's business"
    assert accept(submission, actor=olga)["number"]


def test_nobody_passes_to_who_may_not_decide_and_no_guest_passes_anything(parties: Parties) -> None:
    submission = scenarios.submitted_milestone(contract_with(parties), at=NOON)
    olga, bea = scenarios.buyer_actor(parties), parties.people["approver"]
    for to in (parties.people["payables"], parties.people["buyer"], parties.people["seller"]):
        with pytest.raises(Refused, match="Choose a colleague"):
            hand_over(submission, actor=olga, to=to)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    for actor in (guest, scenarios.member(parties, "payables"), scenarios.seller_actor(parties)):
        with pytest.raises(NotAllowed):
            hand_over(submission, actor=actor, to=bea)
    Membership.objects.using("owner").filter(pk=bea.pk).update(approval_limit=HUNDRED)
    with pytest.raises(Refused, match="Bea Berg signs off up to 100"):
        hand_over(submission, actor=olga, to=bea)
    with walls.asking_for(parties.buyer.pk), pytest.raises(IntegrityError), transaction.atomic():
        HandOver.objects.create(
            contract=submission.contract,
            organisation=parties.buyer,
            submission=submission,
            user_id=olga.user_id or 0,
            to_user=parties.people["payables"].user,
            passed_at=NOON,
        )

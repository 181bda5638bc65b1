"""Disputes: what is in dispute waits, what is not goes on, and it ends by both sides or by whoever raised it."""

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import IntegrityError, connections, transaction

from apps.audit.models import Entry
from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused, Stale
from apps.invoicing.models import CreditNote, Invoice, OpenItem
from apps.invoicing.rules import Share
from apps.milestones.models import Decision, Dispute, DisputeFile, Milestone, Submission
from apps.milestones.services import Part
from apps.parties.actor import Actor
from apps.workflows import before_acceptance, disputing, reviews, sign_off
from apps.workflows.worker import run_due_jobs
from tests import corrections, disputes, scenarios
from tests.scenarios import Parties, acting, key

D = Decimal
NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
DUE = datetime(2026, 4, 15, 21, 59, 59, tzinfo=UTC)


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


def waiting(parties: Parties, **terms: object) -> Submission:
    """Submitted at noon of 1 April with 14 calendar days, silence accepts, nothing is said of acceptance in part; the
    buyer was told at once."""
    draft = scenarios.software_draft(parties, silence="accepted", partial_acceptance=False, **terms)
    contract = scenarios.active_contract(parties, draft=draft, at=NOON - 10 * DAY)
    return disputes.told(parties, scenarios.submitted_milestone(contract, at=NOON), at=NOON)


def billed(parties: Parties) -> tuple[Contract, Milestone, Invoice]:
    """12,000.00 net, 14,280.00 with tax, accepted at noon."""
    contract = scenarios.active_contract(parties, at=NOON - 10 * DAY)
    milestone = scenarios.accepted_milestone(contract, at=NOON)
    return contract, milestone, corrections.invoice_of(milestone)


def tend(at: datetime) -> list[str]:
    with clock.stopped(at):
        due = reviews.due(at=at)
        for one in due:
            reviews.tend(submission_ref=one.submission_ref, seller_id=one.seller_id, what=one.what, due=one.due)
    return [one.what for one in due]


def item_of(parties: Parties, invoice: Invoice) -> OpenItem:
    with walls.asking_for(parties.seller.pk):
        return OpenItem.objects.get(invoice=invoice)


def verified() -> str:
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    call_command("verify_audit", stdout=out)
    return out.getvalue()


def test_a_dispute_stops_the_clock_until_it_is_settled_and_what_is_upheld_is_a_named_defect(parties: Parties) -> None:
    submission = waiting(parties)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    dispute = disputes.on_submission(submission, actor=guest, at=NOON + 4 * DAY, amount="1000")
    assert (dispute.amount, dispute.whole, dispute.awaits, dispute.due_before) == (D(1000), D(12000), "seller", DUE)
    assert dispute.answer_due_at == datetime(2026, 4, 19, 21, 59, 59, tzinfo=UTC)
    assert disputes.again(parties, submission).suspended_at == NOON + 4 * DAY
    assert tend(DUE + DAY) == []
    bilge, bea = disputes.role(parties, "billing"), scenarios.approver_actor(parties)
    with pytest.raises(IllegalTransition, match="at most 11,000"), acting(bea, at=DUE + DAY):
        sign_off.accept_milestone(actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256)
    proposal = disputes.proposed(dispute, "upheld", actor=bilge, at=DUE + DAY)
    with pytest.raises(NotAllowed, match="Your own side"):
        disputes.agreed(proposal, actor=bilge, at=DUE + 2 * DAY)
    disputes.agreed(proposal, actor=bea, at=DUE + 2 * DAY)
    stands = disputes.again(parties, submission)
    assert (stands.suspended_at, stands.resumed_at) == (None, DUE + 2 * DAY)
    # Eleven days stood still, from the 5th to the 15th; they follow the day on which it was settled.
    assert stands.review_due_at == datetime(2026, 4, 28, 21, 59, 59, tzinfo=UTC)
    assert "silence" not in tend(datetime(2026, 4, 29, 12, tzinfo=UTC))
    with walls.asking_for(parties.seller.pk):
        assert not Decision.objects.filter(submission=submission).exists()
        said = "".join(one.text for one in Entry.objects.filter(verb__startswith="dispute."))
        assert "loses rows" not in said
    assert "nothing differs" in verified()


def test_a_withdrawn_dispute_lets_silence_accept_again_at_the_later_deadline(parties: Parties) -> None:
    submission = waiting(parties)
    bea = scenarios.approver_actor(parties)
    dispute = disputes.on_submission(submission, actor=bea, at=NOON + 4 * DAY)
    seller = scenarios.seller_actor(parties)
    with pytest.raises(NotAllowed, match="The other side raised"), acting(seller, at=NOON + 5 * DAY):
        disputing.withdraw_dispute(actor=seller, key=key(), dispute_ref=dispute.ref)
    with acting(bea, at=NOON + 5 * DAY):
        disputing.withdraw_dispute(actor=bea, key=key(), dispute_ref=dispute.ref)
    due = disputes.again(parties, submission).review_due_at
    assert due == DUE + 2 * DAY
    assert tend(due + timedelta(seconds=1)) == ["silence"]
    with walls.asking_for(parties.seller.pk):
        assert Decision.objects.get(submission=submission).outcome == "deemed_accepted"


def test_the_undisputed_part_is_accepted_and_billed_in_the_same_act(parties: Parties) -> None:
    submission = waiting(parties)
    bea = scenarios.approver_actor(parties)
    with acting(bea, at=NOON + DAY):
        answer = disputing.dispute_rest(
            actor=bea,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            amount=D(2000),
            verdicts=[],
            reason=disputes.REASON,
            answer_days=7,
        )
        dispute = disputes.read(answer["dispute"])
        rest = dispute.milestone
        assert rest is not None
        assert (dispute.state, rest.part, rest.amount) == ("open", 2, D(2000))
        assert Invoice.objects.get(ref=answer["invoice"]).net == 10000
        assert OpenItem.objects.get(invoice__ref=answer["invoice"]).payable == 11900
    anna = disputes.role(parties, "billing")
    disputes.agreed(disputes.proposed(dispute, "rejected", actor=bea, at=NOON + 2 * DAY), actor=anna, at=NOON + 3 * DAY)
    assert "nothing differs" in verified()


def test_the_second_of_two_accepts_what_the_first_did_though_the_dispute_is_over(parties: Parties) -> None:
    submission = waiting(parties, second_acceptor_above=D(100))
    bea, olga = scenarios.approver_actor(parties), scenarios.buyer_actor(parties)
    with acting(bea, at=NOON + DAY):
        answer = disputing.dispute_rest(
            actor=bea,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            amount=D(2000),
            verdicts=[],
            reason=disputes.REASON,
            answer_days=7,
        )
    with acting(bea, at=NOON + 2 * DAY):
        disputing.withdraw_dispute(actor=bea, key=key(), dispute_ref=answer["dispute"])
    with acting(olga, at=NOON + 3 * DAY):
        accept_part = partial(
            sign_off.accept_part,
            actor=olga,
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=[],
            comment="All but the export.",
        )
        with pytest.raises(Refused, match="does not provide for acceptance in part"):
            accept_part(key=key(), part=Part(amount=D(9000)))
        done = accept_part(key=key(), part=Part(amount=D(10000)))
        assert Invoice.objects.get(ref=done["invoice"]).net == 10000
    assert "nothing differs" in verified()


def test_what_is_upheld_of_an_invoice_is_credited_and_the_rest_is_payable_again(parties: Parties) -> None:
    contract, _milestone, invoice = billed(parties)
    bea, bilge = scenarios.approver_actor(parties), disputes.role(parties, "billing")
    dispute = disputes.on_invoice(invoice.ref, actor=bea, at=NOON + DAY, share=Share(amount=D(4000)))
    item = item_of(parties, invoice)
    assert (item.open, item.disputed, item.payable) == (D(14280), D(4760), D(9520))
    with pytest.raises(Refused, match="in dispute already"):
        disputes.on_invoice(invoice.ref, actor=bilge, at=NOON + DAY, share=Share(amount=D(1)))
    first = disputes.proposed(dispute, "upheld", actor=bea, at=NOON + 2 * DAY)
    newer = disputes.proposed(dispute, "partly_upheld", actor=bilge, at=NOON + 3 * DAY, amount="1500")
    with pytest.raises(Stale):
        disputes.agreed(first, actor=bilge, at=NOON + 4 * DAY)
    answer = disputes.agreed(newer, actor=bea, at=NOON + 4 * DAY)
    with walls.asking_for(parties.seller.pk):
        note = CreditNote.objects.get(ref=answer["credit_note"])
        assert (note.net, note.gross, note.purpose) == (D(1500), D(1785), "correction")
    item = item_of(parties, invoice)
    assert (item.open, item.disputed, item.credited) == (D(12495), D(0), D(1785))
    assert "nothing differs" in verified()
    again = disputes.on_invoice(invoice.ref, actor=bilge, at=NOON + 5 * DAY, share=Share(amount=D(500)))
    disputes.agreed(disputes.proposed(again, "rejected", actor=bea, at=NOON + 6 * DAY), actor=bilge, at=NOON + 6 * DAY)
    assert item_of(parties, invoice).payable == 12495
    assert contract.pk == again.contract_id


def test_a_question_answered_in_a_dispute_starts_no_clock(parties: Parties) -> None:
    submission = waiting(parties, question_suspensions=1)
    bea, seller = scenarios.approver_actor(parties), scenarios.seller_actor(parties)
    with acting(bea, at=NOON + 2 * DAY):
        asked = before_acceptance.ask_question(actor=bea, key=key(), submission_ref=submission.ref, text="Which?")
    dispute = disputes.on_submission(submission, actor=bea, at=NOON + 4 * DAY)
    assert dispute.stopped_at == NOON + 2 * DAY
    with acting(seller, at=NOON + 6 * DAY):
        before_acceptance.answer_question(actor=seller, key=key(), question_ref=asked["question"], text="All.")
    assert disputes.again(parties, submission).suspended_at == NOON + 2 * DAY
    with acting(bea, at=NOON + 8 * DAY):
        disputing.withdraw_dispute(actor=bea, key=key(), dispute_ref=dispute.ref)
    # From the 3rd to the 9th seven days stood still.
    assert disputes.again(parties, submission).review_due_at == DUE + 7 * DAY


def test_a_missed_position_is_told_once_and_decides_nothing(parties: Parties) -> None:
    submission = waiting(parties)
    bea, anna = scenarios.approver_actor(parties), scenarios.seller_actor(parties)
    dispute = disputes.on_submission(submission, actor=bea, at=NOON, days=3)
    late = NOON + 4 * DAY

    def missed() -> int:
        with clock.stopped(late):
            found = disputing.missed(at=late)
            for one in found:
                disputing.tend(dispute_ref=one.dispute_ref, organisation_id=one.organisation_id, due=one.due)
                disputing.tend(dispute_ref=one.dispute_ref, organisation_id=one.organisation_id, due=one.due)
            run_due_jobs()
        return len(found)

    assert (missed(), missed()) == (1, 0)
    assert f"In dispute: {submission.milestone.title}" in [one.subject for one in mail.outbox]
    assert sum("Your position is awaited" in one.subject for one in mail.outbox) == 1
    with acting(anna, at=late):
        disputing.answer_dispute(actor=anna, key=key(), dispute_ref=dispute.ref, text="It loses none.")
        stands = disputes.read(dispute.ref)
        assert (stands.state, stands.awaits) == ("open", "buyer")
        for _twice in range(2):
            disputing.attach_to_dispute(
                actor=anna, dispute_ref=dispute.ref, upload=ContentFile(b"rows: 10", name="rows.txt")
            )
        assert DisputeFile.objects.get(dispute=dispute).side == "seller"
        with pytest.raises(Refused, match="no PDF file"):
            disputing.attach_to_dispute(
                actor=anna, dispute_ref=dispute.ref, upload=ContentFile(b"rows: 10", name="rows.pdf")
            )


def test_whoever_may_not_settle_does_not_and_raw_sql_cannot_either(parties: Parties) -> None:
    submission = waiting(parties)
    bea, delivery = scenarios.approver_actor(parties), disputes.role(parties, "delivery")
    dispute = disputes.on_submission(submission, actor=bea, at=NOON + DAY)
    other = scenarios.submitted_milestone(submission.contract, position=2)
    of_another = scenarios.guest_actor(scenarios.link_to_sign_off(other))
    for actor in (delivery, of_another):
        with pytest.raises(NotAllowed):
            disputes.proposed(dispute, "rejected", actor=actor, at=NOON + 2 * DAY)
    with pytest.raises(NotAllowed):
        disputes.on_submission(submission, actor=Actor.system(organisation_id=parties.seller.pk), at=NOON + DAY)
    owner = connections["owner"]
    for refused in (
        "UPDATE milestones_dispute SET state = 'upheld'",
        "UPDATE milestones_dispute SET amount = 1",
        "UPDATE milestones_submission SET suspended_at = NULL, resumed_at = now()",
        "UPDATE milestones_disputeposition SET text = 'x'",
        "DELETE FROM milestones_dispute",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(using="owner"), owner.cursor() as cursor:
            cursor.execute(refused)
    with walls.asking_for(parties.financier.pk):
        assert not Dispute.objects.exists()

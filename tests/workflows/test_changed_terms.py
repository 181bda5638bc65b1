"""A change order says terms anew: for what comes after it, by personal link, and never of what was under way."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction

from apps.contracts import services as contracts
from apps.contracts.drafts import ChangeDraft, ChangedTerms, LineTerms
from apps.contracts.models import ChangeOrder, Contract, ContractVersion, GuestGrant, Signature
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.invoicing.models import Invoice
from apps.milestones.models import Submission
from apps.milestones.models.submission import Proof
from apps.parties.actor import Actor
from apps.workflows import changing, contracting, mails, notices, reviews, sign_off
from tests import change_orders, scenarios
from tests.change_orders import line
from tests.scenarios import Parties, acting, key

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def tell(submission: Submission, *, at: datetime) -> Submission:
    buyer_id = submission.contract.buyer_id
    with clock.stopped(at), walls.asking_for(buyer_id):
        actor = Actor.system(organisation_id=buyer_id)
        notices.note_delivery(actor=actor, submission_ref=submission.ref, proof=Proof.MAIL, at=at)
        submission.refresh_from_db(fields=["review_due_at", "notified_at"])
    return submission


def silence(submission: Submission, *, at: datetime) -> str:
    """What becomes of a submission whose review ended without an answer."""
    with clock.stopped(at):
        reviews.tend(submission_ref=submission.ref, seller_id=submission.contract.seller_id, what="silence")
    with walls.asking_for(submission.contract.seller_id):
        return Submission.objects.get(pk=submission.pk).state


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


def due(contract: Contract) -> list[date]:
    with walls.asking_for(contract.seller_id):
        return list(Invoice.objects.filter(contract=contract).order_by("pk").values_list("due_on", flat=True))


def test_terms_hold_from_then_on_and_the_signatory_signs_them_by_link(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=NOON - 10 * DAY)
    under_review = tell(scenarios.submitted_milestone(contract, at=NOON), at=NOON)
    third = line(contract, 3, own=LineTerms(review_days=3, silence="rejected", payment_days=14))
    draft = ChangeDraft(
        "Slower payment, quicker review",
        "The buyer's runs of payment are monthly from now on.",
        lines=(third,),
        terms=ChangedTerms(payment_days=60, payment_basis="month_end", review_days=5, silence="accepted"),
    )
    proposed = change_orders.propose(contract, draft, by=scenarios.seller_actor(parties), at=NOON + DAY)

    with clock.stopped(NOON + DAY), walls.asking_for(contract.buyer_id):
        mails.change_order(order_ref=proposed["change_order"], what="proposed", organisation_id=contract.buyer_id)
    grant = scenarios.link_to_sign(contract)
    (letter,) = [
        one for one in mail.outbox if grant.email in one.to and "/s/" in one.body and "Days to pay" in one.body
    ]
    assert "yours alone" in letter.body
    assert "30" in letter.body
    guest = scenarios.guest_actor(grant)
    with acting(guest, at=NOON + DAY):
        version = ContractVersion.objects.get(ref=proposed["version"])
        assert "change order 1" in contracts.statement_of(version, side="buyer").text
        with pytest.raises(Refused, match="changed after this page was shown"):
            changing.sign_change(actor=guest, key=key(), order_ref=proposed["change_order"], seen="0" * 64)
        changing.sign_change(actor=guest, key=key(), order_ref=proposed["change_order"], seen=version.sha256)
        signature = Signature.objects.get(version=version, side="buyer")
        assert (signature.sha256, signature.grant_id, signature.email) == (version.sha256, grant.pk, grant.email)
        grant.refresh_from_db()
        assert grant.used_at == NOON + DAY
        told = canonical.read(version.canonical_text)
        assert [one["term"] for one in told["change_order"]["terms"]] == [
            *("payment_days", "payment_basis", "review_days", "silence")
        ]
        (changed,) = told["change_order"]["lines"]
        assert (changed["own_after"]["review_days"], changed["own_after"]["payment_days"]) == (3, 14)
        assert "two_acceptors" not in changed["own_after"], "what is not said is in no text"
        assert (told["terms"]["payment_days"], told["terms"]["payment_basis"]) == (60, "month_end")
        assert told["plan"][2]["own"]["silence"] == "rejected"
    with acting(guest, at=NOON + 2 * DAY), pytest.raises(Refused):
        changing.sign_change(actor=guest, key=key(), order_ref=proposed["change_order"], seen=version.sha256)

    # What was under review stays under its own: fourteen days, silence decides nothing, thirty days to pay.
    with acting(guest, at=NOON):
        under_review.refresh_from_db(fields=["review_due_at"])
        assert under_review.review_due_at == datetime(2026, 4, 15, 21, 59, 59, tzinfo=UTC)
    assert silence(under_review, at=NOON + 16 * DAY) == "submitted"
    with walls.asking_for(contract.seller_id), pytest.raises(DatabaseError, match="silence_decides"):
        _deem_by_hand(under_review)
    reviewer = scenarios.guest_actor(scenarios.link_to_sign_off(under_review))
    with acting(reviewer, at=NOON + 16 * DAY):
        sign_off.accept_milestone(actor=reviewer, key=key(), submission_ref=under_review.ref, seen=under_review.sha256)
    # What is submitted from then on has five days, silence accepts it; sixty days to pay, and to the month's end.
    later = tell(scenarios.submitted_milestone(contract, position=2, at=NOON + 20 * DAY), at=NOON + 20 * DAY)
    assert later.review_due_at == datetime(2026, 4, 26, 21, 59, 59, tzinfo=UTC)
    assert silence(later, at=NOON + 26 * DAY) == "accepted"
    assert due(contract) == [date(2026, 5, 17), date(2026, 6, 30)]
    own = tell(scenarios.submitted_milestone(contract, position=3, at=NOON + 30 * DAY), at=NOON + 30 * DAY)
    assert own.review_due_at == datetime(2026, 5, 4, 21, 59, 59, tzinfo=UTC)
    assert silence(own, at=NOON + 40 * DAY) == "changes_requested"


def _deem_by_hand(submission: Submission) -> None:
    """What a service that forgot the rule would write: silence took effect, as the new version says."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO milestones_decision (contract_id, submission_id, outcome, rule, name, email, decided_at,"
            " recorded_at, comment, statement, statement_version, sha256, address, agent, authenticated_by)"
            " SELECT contract_id, id, 'deemed_accepted', 'silence', '', '', review_due_at, now(), '', 'x', 'x', sha256,"
            " '', '', '' FROM milestones_submission WHERE id = %s",
            [submission.pk],
        )


def test_a_link_to_a_change_dies_with_it_and_is_renewed_to_the_same_mailbox(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=NOON - 10 * DAY)
    sina = scenarios.seller_actor(parties)
    draft = ChangeDraft("Terms", "Agreed by telephone.", terms=ChangedTerms(payment_days=14))
    first = change_orders.propose(contract, draft, by=sina, at=NOON)
    lost = scenarios.link_to_sign(contract)
    with acting(sina, at=NOON):
        contracting.renew_link(actor=sina, key=key(), grant_ref=lost.ref)
    new = scenarios.link_to_sign(contract)
    assert (new.email, new.subject_ref, new.pk == lost.pk) == (lost.email, lost.subject_ref, False)
    with walls.asking_for(contract.buyer_id):
        for grant in (lost, new):
            mails.proposal_by_link(grant_ref=grant.ref)
    assert [one.to for one in mail.outbox] == [[new.email]], "no dead link is sent"
    with acting(sina, at=NOON):
        changing.withdraw_change(actor=sina, key=key(), order_ref=first["change_order"], reason="Not yet.")
    guest = scenarios.guest_actor(new)
    with acting(guest, at=NOON), pytest.raises((Refused, NotAllowed)):
        changing.decline_change(actor=guest, key=key(), order_ref=first["change_order"], reason="Too late.")
    with walls.asking_for(contract.buyer_id):
        assert not GuestGrant.objects.filter(purpose="sign_contract", used_at=None, revoked_at=None).exists()
        assert ChangeOrder.objects.get().state == "withdrawn"
    same = replace(draft, terms=ChangedTerms(payment_days=30))
    with pytest.raises(Refused, match="as they were agreed"):
        change_orders.propose(contract, same, by=sina, at=NOON + DAY)
    lower = ChangeDraft("Retention", "Agreed.", lines=(line(contract, 3, amount=Decimal("15000.00")),))
    declined = change_orders.propose(contract, lower, by=sina, at=NOON + DAY)
    link = scenarios.link_to_sign(contract)
    guest = scenarios.guest_actor(link)
    with acting(guest, at=NOON + DAY):
        changing.decline_change(actor=guest, key=key(), order_ref=declined["change_order"], reason="Too little.")
        link.refresh_from_db()
        assert link.used_at == NOON + DAY

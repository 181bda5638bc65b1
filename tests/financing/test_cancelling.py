"""An accepted advance that is not paid out can be cancelled; then everything is as if nobody had bought the invoice."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import mail

from apps.contracts.models import GuestGrant
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.financing import services as financing
from apps.financing.models import Assignment, Facility, FundingRequest, Tranche
from apps.financing.models.request import RequestState
from apps.invoicing.models import Invoice, PayeeInstruction
from apps.workflows import billing, funding, worker
from tests.financing import stories
from tests.races import together
from tests.scenarios import Parties, acting, key, member


def cancelled(deal: Parties, tranche: Tranche, *, by: str = "billing", reason: str = "The buyer pays early.") -> str:
    with acting(member(deal, by), at=stories.START + timedelta(hours=1)) as actor:
        return funding.cancel_tranche(actor=actor, key=key(), tranche_ref=tranche.ref, reason=reason)["tranche"]


@pytest.mark.parametrize("by", ["billing", "treasury", "underwriter"])
def test_a_cancelled_advance_leaves_the_invoice_with_the_seller(scratch: str, by: str) -> None:
    deal = stories.parties()
    tranche = stories.accepted_advance(deal)
    worker.run_due_jobs()
    mail.outbox.clear()
    cancelled(deal, tranche, by=by)
    with walls.asking_for(deal.seller.pk):
        facility = Facility.objects.get()
        assert financing.headroom(facility) == facility.limit
        assert Tranche.objects.get().state == "cancelled"
        assert FundingRequest.objects.get().state == RequestState.WITHDRAWN
        assert not PayeeInstruction.objects.live().exists()
        assert Assignment.objects.get().revoked_at is not None
        invoice = Invoice.objects.get()
        links = GuestGrant.objects.filter(purpose=GuestGrant.Purpose.ACKNOWLEDGE)
        assert not links.filter(revoked_at=None, used_at=None).exists()
    worker.run_due_jobs()
    (message,) = mail.outbox
    assert message.subject == f"Pay invoice {invoice.number} to {deal.seller.legal_name} again"
    with acting(member(deal, "billing"), at=stories.START + timedelta(days=1)) as actor:
        billing.record_payment(
            actor=actor,
            key=key(),
            invoice_ref=invoice.ref,
            amount=Decimal(120_000),
            received_on=date(2026, 3, 2),
            bank_reference="IN-1",
        )
        assert Invoice.objects.get().open_item.open == 0
    stories.verify_books()


def test_the_seller_can_ask_again_and_is_funded(scratch: str) -> None:
    deal = stories.parties()
    tranche = stories.accepted_advance(deal)
    cancelled(deal, tranche)
    with walls.asking_for(deal.seller.pk):
        invoice, facility = Invoice.objects.get(), Facility.objects.get()
        old = Assignment.objects.get()
    again = stories.accepted(deal, stories.issued(deal, stories.requested(deal, invoice, facility)))
    with acting(member(deal, "payables"), at=stories.START) as actor:
        with pytest.raises(IllegalTransition, match="revoked"):
            funding.acknowledge_assignment(actor=actor, key=key(), assignment_ref=old.ref, seen=old.notice_sha256)
        new = Assignment.objects.get(revoked_at=None)
        funding.acknowledge_assignment(actor=actor, key=key(), assignment_ref=new.ref, seen=new.notice_sha256)
    assert stories.paid_out(deal, again).state == "funded_post"
    stories.verify_books()


def test_a_funded_advance_is_not_cancelled(deal: Parties, tranche: Tranche) -> None:
    with pytest.raises(IllegalTransition):
        cancelled(deal, tranche)


def test_a_reason_and_a_role_are_needed(scratch: str) -> None:
    deal = stories.parties()
    tranche = stories.accepted_advance(deal)
    with pytest.raises(Refused, match="Say why"):
        cancelled(deal, tranche, reason=" ")
    for stranger in ("analyst", "delivery", "payables"):
        with pytest.raises((NotAllowed, Refused)):
            cancelled(deal, tranche, by=stranger)


def test_of_a_cancellation_and_a_payout_at_once_one_wins(scratch: str) -> None:
    deal = stories.parties()
    tranche = stories.accepted_advance(deal)
    stories.acknowledged(deal, tranche)
    outcomes = together(lambda: cancelled(deal, tranche, by="underwriter"), lambda: stories.paid_out(deal, tranche).ref)
    losers = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert len(losers) == 1
    assert isinstance(losers[0], Refused)
    stories.verify_books()


def test_no_money_leaves_before_what_makes_it_due(scratch: str) -> None:
    deal = stories.parties()
    tranche = stories.accepted_advance(deal)
    with acting(member(deal, "payables"), at=stories.START + timedelta(days=3)) as actor:
        notice = Assignment.objects.get()
        funding.acknowledge_assignment(actor=actor, key=key(), assignment_ref=notice.ref, seen=notice.notice_sha256)
    with acting(member(deal, "treasury"), at=stories.noon(date(2026, 3, 5))) as actor:
        with pytest.raises(Refused, match="acknowledged or waived on 2026-03-04"):
            funding.fund_tranche(
                actor=actor, key=key(), tranche_ref=tranche.ref, value_on=date(2026, 3, 3), bank_reference="OUT"
            )
        funding.fund_tranche(
            actor=actor, key=key(), tranche_ref=tranche.ref, value_on=date(2026, 3, 4), bank_reference="OUT"
        )
    stories.collected(deal, tranche, 120_000, on=date(2026, 4, 20))
    with (
        acting(member(deal, "treasury"), at=stories.noon(date(2026, 4, 21))) as actor,
        pytest.raises(Refused, match="money arrived on 2026-04-20"),
    ):
        funding.pay_reserve(
            actor=actor, key=key(), tranche_ref=tranche.ref, value_on=date(2026, 4, 19), bank_reference="OUT-2"
        )

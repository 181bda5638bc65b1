"""What is in dispute between buyer and seller is not financed, and its financier hears of it."""

from datetime import timedelta

import pytest
from django.core import mail

from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing.models import Invoice
from apps.milestones.models import DisputePosition
from apps.workflows import dispute_jobs, disputing
from tests import disputes, scenarios
from tests.financing import stories
from tests.scenarios import acting, key

AT = stories.START + timedelta(hours=1)


def test_nothing_in_dispute_is_paid_out_and_the_financier_hears(scratch: str) -> None:
    deal = stories.parties()
    tranche = stories.accepted_advance(deal, facility=stories.opened_facility(deal))
    bea = scenarios.approver_actor(deal)
    with walls.asking_for(deal.seller.pk):
        invoice = Invoice.objects.get()
    dispute = disputes.on_invoice(invoice.ref, actor=bea, at=AT)
    with pytest.raises(Refused, match="in dispute between buyer and seller"):
        stories.paid_out(deal, tranche)
    with clock.stopped(AT):
        dispute_jobs.send_dispute_to_financier(
            dispute_ref=dispute.ref, tranche_ref=tranche.ref, organisation_id=deal.financier.pk
        )
    assert [one.subject for one in mail.outbox if "is in dispute" in one.subject]
    with walls.asking_for(deal.financier.pk):
        assert not DisputePosition.objects.exists(), "what the sides say is theirs"
    with acting(bea, at=AT):
        disputing.withdraw_dispute(actor=bea, key=key(), dispute_ref=dispute.ref)
    # From here on it is refused for what stood in the way before.
    with pytest.raises(Refused, match="has not acknowledged"):
        stories.paid_out(deal, tranche)

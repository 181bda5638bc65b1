"""While a financier is to be paid for an invoice, or has bought it, no credit note takes anything from it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connections, transaction

from apps.core.database import walls
from apps.core.errors import Refused
from apps.financing.models import Tranche
from apps.invoicing.models import CreditNote, Invoice, OpenItem
from apps.invoicing.rules import Share
from apps.workflows import crediting, funding
from tests import corrections, scenarios
from tests.financing import stories
from tests.scenarios import Parties, acting, key

AT = stories.START + timedelta(days=1)
FORCED = (
    "INSERT INTO invoicing_creditnote (ref, seller_id, buyer_id, contract_id, invoice_id, purpose, reason, number,"
    " series_prefix, series_year, series_position, currency, net, tax, gross, issued_at, issued_on, issued_by_id,"
    " issued_by_name, snapshot, snapshot_sha256, chain_sha256) SELECT reverse(ref), seller_id, buyer_id, contract_id,"
    " id, 'correction', 'x', 'CN-1', 'CN', 2026, 1, currency, 1, 0, 1, issued_at, issued_on, %s, 'x', '', '', ''"
    " FROM invoicing_invoice WHERE id = %s"
)


def credited(deal: Parties, invoice: Invoice) -> str:
    return corrections.credited(deal, invoice.ref, "6000.00", at=AT).ref


def forced(deal: Parties, invoice: Invoice) -> None:
    """With a number as it should be drawn, so that nothing else is wrong."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO invoicing_numberseries (organisation_id, prefix, year, last, head)"
            " VALUES (%s, 'CN', 2026, 0, '')",
            [invoice.seller_id],
        )
        cursor.execute("UPDATE invoicing_numberseries SET last = 1, last_issued_at = now() WHERE prefix = 'CN'")
        cursor.execute(FORCED, [deal.people["billing"].user_id, invoice.pk])


def refused(deal: Parties, invoice: Invoice, *, why: str) -> None:
    """By neither way, by either side, and not by whoever goes round the services."""
    with pytest.raises(Refused, match=why):
        credited(deal, invoice)
    with walls.asking_for(invoice.seller_id):
        milestone = invoice.milestone.ref if invoice.milestone is not None else ""
    for role in ("billing", "approver"):
        actor = scenarios.member(deal, role)
        with acting(actor, at=AT), pytest.raises(Refused, match=why):
            crediting.ask_nullification(
                actor=actor, key=key(), milestone_ref=milestone, share=Share(), reason="A defect."
            )
    with pytest.raises(IntegrityError, match="assigned or sold"):
        forced(deal, invoice)


def test_what_is_sold_is_not_credited(deal: Parties, tranche: Tranche) -> None:
    with walls.asking_for(deal.seller.pk):
        invoice = Invoice.objects.get(milestone_id=tranche.milestone_id)
    refused(deal, invoice, why="is sold to a financier")
    stories.collected(deal, tranche, "120000", on=stories.day(50))
    refused(deal, invoice, why="is sold to a financier")
    with walls.asking_for(deal.seller.pk):
        assert not CreditNote.objects.exists()
        assert OpenItem.objects.get(invoice=invoice).credited == 0


def test_what_is_assigned_is_credited_once_the_advance_is_cancelled(scratch: str) -> None:
    deal = stories.parties()
    facility = stories.opened_facility(deal)
    tranche = stories.accepted_advance(deal, facility=facility)
    with walls.asking_for(deal.seller.pk):
        invoice = Invoice.objects.select_related("milestone").get()
    refused(deal, invoice, why="Have the advance cancelled")
    bilge = scenarios.member(deal, "billing")
    with acting(bilge, at=AT):
        funding.cancel_tranche(actor=bilge, key=key(), tranche_ref=tranche.ref, reason="Not needed.")
    credited(deal, invoice)
    # And what is credited is not assigned any more.
    with pytest.raises(Refused, match="lowered by a credit note"):
        stories.requested(deal, invoice, facility)

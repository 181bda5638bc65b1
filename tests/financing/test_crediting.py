"""While a financier is to pay for an invoice, no credit note takes anything from it; later the seller bears it."""

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
        milestone = invoice.billed.ref
    for role in ("billing", "approver"):
        actor = scenarios.member(deal, role)
        with acting(actor, at=AT), pytest.raises(Refused, match=why):
            crediting.ask_nullification(
                actor=actor, key=key(), milestone_ref=milestone, share=Share(), reason="A defect."
            )
    with pytest.raises(IntegrityError, match="promised to a financier"):
        forced(deal, invoice)


def test_what_a_financier_has_collected_is_credited_at_the_cost_of_the_seller(deal: Parties, tranche: Tranche) -> None:
    with walls.asking_for(deal.seller.pk):
        invoice = Invoice.objects.get(milestone_id=tranche.milestone_id)
    stories.collected(deal, tranche, "120000", on=stories.day(50))
    financiers = stories.entries(deal.financier)
    corrections.credited(deal, invoice.ref, "6000.00", at=stories.noon(stories.day(51)))
    # The advance is over, and the financier keeps what repaid it: the seller owes the buyer what that paid too much.
    assert stories.entries(deal.financier) == financiers
    assert stories.entries(deal.seller, purpose="seller")[-1] == stories.lines(d2310=6_000, c2200=6_000)
    with walls.asking_for(deal.seller.pk):
        assert CreditNote.objects.count() == 1
        assert OpenItem.objects.get(invoice=invoice).paid == 114_000
    stories.verify_books()


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

"""The same work twice: as one writes it first (a save per row), and with as few round trips as the ORM allows."""

from decimal import Decimal

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from apps.workflows import jobs
from benchmarks.bare.models import Invoice, Line, Milestone, Posting, Series

PARTS = (Decimal("0.5"), Decimal("0.3"), Decimal("0.2"))
ACCOUNTS = (("1100", Decimal("1.19")), ("2000", Decimal(-1)), ("2100", Decimal("-0.19")), ("9000", Decimal(0)))


def accept_plain(milestone_id: int) -> str:
    """Lock, number, invoice, three lines, four postings, a job: every row saved by itself."""
    with transaction.atomic():
        invoice = _issued(milestone_id)
        for part in PARTS:
            Line.objects.create(invoice=invoice, description="Step", net=invoice.net * part)
        for account, share in ACCOUNTS:
            Posting.objects.create(invoice=invoice, account=account, amount=invoice.net * share)
        jobs.render_invoice.defer(invoice_ref=invoice.number, organisation_id=invoice.seller)
    return invoice.number


def accept_lean(milestone_id: int) -> str:
    """The same with ``bulk_create``."""
    with transaction.atomic():
        invoice = _issued(milestone_id)
        Line.objects.bulk_create(Line(invoice=invoice, description="Step", net=invoice.net * part) for part in PARTS)
        Posting.objects.bulk_create(
            Posting(invoice=invoice, account=account, amount=invoice.net * share) for account, share in ACCOUNTS
        )
        jobs.render_invoice.defer(invoice_ref=invoice.number, organisation_id=invoice.seller)
    return invoice.number


def _issued(milestone_id: int) -> Invoice:
    milestone = Milestone.objects.select_for_update().get(pk=milestone_id, state="submitted")
    series = Series.objects.select_for_update().get(pk=milestone.series_id)
    series.last += 1
    series.save(update_fields=["last"])
    milestone.state = "accepted"
    milestone.save(update_fields=["state"])
    return Invoice.objects.create(
        milestone=milestone,
        seller=series.seller,
        number=f"B-{series.last:05d}",
        net=milestone.amount,
        gross=milestone.amount * Decimal("1.19"),
        issued_at=timezone.now(),
    )


def plain(request: HttpRequest, milestone_id: int) -> HttpResponse:
    accept_plain(milestone_id)
    return redirect("/")


def lean(request: HttpRequest, milestone_id: int) -> HttpResponse:
    accept_lean(milestone_id)
    return redirect("/")

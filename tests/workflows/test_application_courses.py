"""Applications for payment in a random course: lower figures, credits, changes, and every sum is right; and races."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.core.management import call_command

from apps.contracts.drafts import ChangeDraft
from apps.contracts.models import Contract
from apps.core import canonical, money
from apps.core.database import walls
from apps.core.errors import IllegalTransition
from apps.invoicing import services as invoicing
from apps.invoicing.models import Application, Invoice, OpenItem
from apps.invoicing.rules import Share
from apps.invoicing.services.certifying import Figure
from apps.parties.actor import Actor
from apps.workflows import applying, crediting
from apps.workflows.once import Answer
from tests import applications, change_orders, scenarios
from tests.races import together

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
D = Decimal


def test_periods_telescope_to_the_cumulative_figures_whatever_happens(scratch: str) -> None:
    """What each sheet says of its period adds up, line by line, to what the last one says is completed; what each asks
    for, less what was credited, to what is payable to date."""
    chance = random.Random(20261129)  # noqa: S311  a course, and no secret
    parties = scenarios.organisations()
    amounts = [D(chance.randrange(100_000, 900_000)) / 100 for _line in range(5)]
    plan = tuple(
        replace(scenarios.line(f"Part {place}", 1), basis="amount", percent=None, amount=amount)
        for place, amount in enumerate(amounts, start=1)
    )
    contract = applications.contract_by_application(parties, at=NOON, price=money.total(amounts), lines=plan)
    bea, at, credited = scenarios.approver_actor(parties), NOON, money.ZERO
    for period in range(1, 6):
        at += timedelta(days=30)
        scenarios.accepted_milestone(contract, position=period, at=at)
        application = applications.submitted(contract, at=at)
        figures = {
            line.milestone.position: Figure(
                (line.claimed * chance.randrange(10, 60) / 100).quantize(D("0.01")), "Later."
            )
            for line in application.lines.all()
            if chance.random() < 0.5 and period < 5
        }
        applications.certified(application, actor=bea, figures=figures, at=at)
        if period == 2:
            more = change_orders.line(contract, 5, amount=amounts[4] + D("1234.56"))
            asked = change_orders.propose(
                contract, ChangeDraft("More", "Asked for.", lines=(more,)), by=scenarios.seller_actor(parties), at=at
            )
            change_orders.sign(asked, by=scenarios.buyer_actor(parties), at=at)
        if period == 3:
            credited = _credited(application, by=scenarios.seller_actor(parties), share=D("333.33"), at=at)
    with walls.asking_for(contract.seller_id):
        contract = Contract.objects.get(pk=contract.pk)
        texts = [canonical.read(one.certified_text) for one in contract.applications.order_by("number")]
        worth = money.total(D(row["period"]) for text in texts for row in text["sheet"])
        last = texts[-1]["summary"]
        assert D(last["price"]) == D(last["completed"]) + D("333.33") == money.total(amounts) + D("1234.56")
        assert worth == D(last["price"])
        due = money.total(D(text["summary"]["due"]) for text in texts)
        items = OpenItem.objects.filter(contract=contract)
        assert due - credited == money.total(items.values_list("open", flat=True)) == D(last["earned"])
        sheet = invoicing.progress(contract, since=NOON.date(), until=at.date() + timedelta(days=400))
        assert (sheet.due, sheet.ties_out, contract.state) == (D(last["earned"]), True, "completed")
    call_command("verify_ledger", verbosity=0)


def test_of_two_certificates_at_once_one_issues_the_invoice(scratch: str) -> None:
    parties = scenarios.organisations()
    contract = applications.contract_by_application(parties)
    scenarios.accepted_milestone(contract)
    application = applications.submitted(contract)
    people = [scenarios.member(parties, role) for role in ("approver", "buyer")]
    sina = scenarios.seller_actor(parties)

    def withdraw() -> Answer:
        with scenarios.acting(sina):
            return applying.withdraw_application(actor=sina, key="w", application_ref=application.ref)

    found = together(
        *(lambda actor=actor: applications.certified(application, actor=actor) for actor in people), withdraw
    )
    won = [one for one in found if not isinstance(one, Exception)]
    assert (len(won), {type(one) for one in found if isinstance(one, Exception)}) == (1, {IllegalTransition})
    with walls.asking_for(contract.seller_id):
        certified = Application.objects.filter(contract=contract, state="certified").count()
        assert Invoice.objects.filter(contract=contract).count() == certified
    call_command("verify_ledger", verbosity=0)


def _credited(application: Application, *, by: Actor, share: Decimal, at: datetime) -> Decimal:
    """What is asked for no more, tax included, less what of it was retained."""
    with scenarios.acting(by, at=at):
        invoice = Invoice.objects.get(application=application)
        wanted = Share(amount=share)
        preview = invoicing.preview_credit(invoice_ref=invoice.ref, share=wanted)
        crediting.credit_invoice(
            actor=by, key="c", invoice_ref=invoice.ref, share=wanted, reason="Agreed.", seen=preview.sha256
        )
    return preview.gross

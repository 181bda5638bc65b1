"""What was accepted stands in the application for payment that collects, until that is submitted and certified.

The contract is held by the caller, so one of its applications collects at most.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Max

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core import money
from apps.invoicing.models import Application, ApplicationLine, Instalment
from apps.invoicing.models.application import ApplicationState
from apps.invoicing.services.starting import start_lines
from apps.milestones.models import Milestone
from apps.parties.actor import Actor


def collect(
    milestone: Milestone, *, contract: Contract, actor: Actor, at: datetime, withheld: Decimal = money.ZERO
) -> Application | None:
    """What was just accepted stands in the contract's open application for payment: no invoice is issued for it yet.

    What is ``withheld`` for defects (net of tax) stands in none before each is settled; where that is all, nothing does
    yet. Lines of the plan that start with this milestone have their start from now on, as by any acceptance.
    """
    application = None
    if amount := milestone.amount - withheld:
        application = stand([(milestone, amount)], contract=contract, at=at)
        facts = {"withheld": withheld} if withheld else {}
        record_collected(application, milestone=milestone, amount=amount, actor=actor, at=at, **facts)
    waiting = Instalment.objects.filter(
        contract=contract, starts_with__position=milestone.position, bills_on__isnull=True, cancelled_at__isnull=True
    )
    if waiting.exists():
        # Of what silence accepted, that is the day of the deadline, and not that of whoever noticed.
        start_lines(milestone, contract=contract, on=local_day(contract, at=milestone.accepted_at or at))
    return application


def stand(parts: Sequence[tuple[Milestone, Decimal]], *, contract: Contract, at: datetime) -> Application:
    """Accepted parts stand in the application that collects, which is begun if there is none; what comes to a part that
    stands there already is added to it."""
    application = contract.applications.filter(state=ApplicationState.OPEN).first()
    if application is None:
        newest = contract.applications.aggregate(newest=Max("number"))["newest"] or 0
        application = Application.objects.create(
            contract=contract,
            seller_id=contract.seller_id,
            buyer_id=contract.buyer_id,
            number=newest + 1,
            currency=contract.currency,
            opened_at=at,
        )
    there = {line.milestone_id: line for line in application.lines.select_for_update()}
    more = [(there[milestone.pk], amount) for milestone, amount in parts if milestone.pk in there]
    for line, amount in more:
        line.claimed += amount
    ApplicationLine.objects.bulk_update([line for line, _amount in more], ["claimed"])
    ApplicationLine.objects.bulk_create(
        ApplicationLine(application=application, milestone=milestone, claimed=amount)
        for milestone, amount in parts
        if milestone.pk not in there
    )
    return application


def record_collected(
    application: Application, *, milestone: Milestone, amount: Decimal, actor: Actor, at: datetime, **facts: Any
) -> None:
    """Write down that so much of a milestone stands in an application from now on, net of tax."""
    contracts.record(
        milestone.contract,
        verb="application.collected",
        subject=f"application:{application.ref}",
        actor=actor,
        at=at,
        number=application.number,
        milestone=milestone.ref,
        amount=amount,
        currency=milestone.currency,
        **facts,
    )


def local_day(contract: Contract, *, at: datetime) -> date:
    """The day where the seller is."""
    return at.astimezone(ZoneInfo(contract.seller.time_zone)).date()

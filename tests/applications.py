"""Contracts that bill applications for payment, and the steps of one, for tests of whichever room."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.contracts.models import Contract
from apps.contracts.retention import RetentionStep, RetentionTerms
from apps.core import clock
from apps.core.database import walls
from apps.invoicing.models import Application
from apps.invoicing.services import applications
from apps.invoicing.services.certifying import Figure
from apps.parties.actor import Actor
from apps.workflows import applying
from apps.workflows.once import Answer
from tests import scenarios

TEN_THEN_FIVE = RetentionTerms(Decimal(10), steps=(RetentionStep(Decimal(50), Decimal(5)),))
"""10 % of each invoice, net, until half of the price is billed, then 5 %."""


def contract_by_application(parties: scenarios.Parties, *, at: datetime | None = None, **changes: Any) -> Contract:
    """The software implementation at 12,000.00, 12,000.00 and 16,000.00, billed by applications for payment."""
    draft = replace(scenarios.software_draft(parties), bills_by="application", retention=TEN_THEN_FIVE)
    return scenarios.active_contract(parties, draft=replace(draft, **changes), at=at)


def newest(contract: Contract, **which: Any) -> Application:
    """The newest application of a contract, with its lines."""
    with walls.asking_for(contract.seller_id):
        found = Application.objects.filter(contract=contract, **which).order_by("-number")
        return found.select_related("contract").prefetch_related("lines__milestone__line__version")[0]


def previewed(contract: Contract, *, at: datetime | None = None) -> tuple[Application, str]:
    """The application that collects, and the hash of what would be submitted of it."""
    application = newest(contract, state="open")
    with scenarios.acting(scenarios.owner_of(contract.seller_id), at=at):
        contract = Contract.objects.select_related("seller", "buyer", "active_version").get(pk=contract.pk)
        today = clock.today(contract.seller.time_zone)
        return application, applications.preview_application(application, contract=contract, today=today)[1]


def submitted(contract: Contract, *, at: datetime | None = None, actor: Actor | None = None) -> Application:
    """What stands in the contract's open application, submitted by the seller's owner."""
    actor = actor or scenarios.owner_of(contract.seller_id)
    application, seen = previewed(contract, at=at)
    with scenarios.acting(actor, at=at):
        applying.submit_application(actor=actor, key=scenarios.key(), application_ref=application.ref, seen=seen)
    return newest(contract, pk=application.pk)


def certified(
    application: Application,
    *,
    actor: Actor,
    figures: Mapping[int, Figure] | None = None,
    at: datetime | None = None,
    key: str = "",
) -> Answer:
    """Certified by the buyer's person; ``figures`` are by the position of the line."""
    refs = {line.milestone.position: line.milestone.ref for line in application.lines.all()}
    with scenarios.acting(actor, at=at):
        return applying.certify_application(
            actor=actor,
            key=key or scenarios.key(),
            application_ref=application.ref,
            seen=application.sha256,
            figures={refs[position]: figure for position, figure in (figures or {}).items()},
        )

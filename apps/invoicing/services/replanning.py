"""What the calendar bills follows a change order: what is billed stays, what is not becomes what both sides signed."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum

from apps.contracts import drafts
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.rules import Moved
from apps.core import money
from apps.invoicing import rules
from apps.invoicing.models import Instalment
from apps.invoicing.services.starting import instalments_of
from apps.milestones.models import ConfirmedEvent


def standing_of(contract: Contract) -> dict[int, rules.CalendarStanding]:
    """How far each deposit and recurring line of a contract is billed, by position. One query."""
    found: dict[int, list[Instalment]] = {}
    for one in Instalment.objects.standing().filter(contract=contract).order_by("position", "number"):
        found.setdefault(one.position, []).append(one)
    return {
        position: rules.CalendarStanding(
            billed=tuple(one.amount for one in instalments if one.billed_at is not None),
            first=instalments[0].bills_on,
            is_dropped=all(one.cancelled_at is not None for one in instalments),
        )
        for position, instalments in found.items()
    }


def calendar_sums(contract: Contract) -> tuple[Decimal, Decimal]:
    """What of the price deposits and periods have billed, and what they are still to bill; net of tax. One query."""
    mine = Instalment.objects.standing().of_the_price().filter(contract=contract, cancelled_at__isnull=True)
    is_billed = Q(billed_at__isnull=False)
    sums = mine.aggregate(
        billed=Sum("amount", filter=is_billed, default=money.ZERO),
        open=Sum("amount", filter=~is_billed, default=money.ZERO),
    )
    return sums["billed"], sums["open"]


def check_calendar(*, contract: Contract, moved: Sequence[Moved]) -> None:
    """Refuse a change of what is billed already of a deposit or recurring line, saying what to do instead."""
    changes = [one for one in moved if one.is_by_calendar]
    standing = standing_of(contract) if changes else {}
    for change in changes:
        rules.check_followed(
            change, standing.get(change.position, rules.CalendarStanding()), currency=contract.currency
        )


def replan_calendar(*, contract: Contract, version: ContractVersion, moved: Sequence[Moved], at: datetime) -> None:
    """Bring what the calendar bills in line with the version that a change order made.

    What is not billed of a line that is different is replaced by what the version says; what is billed is not touched,
    and the periods go on from it. A line that has begun keeps its start, unless it is to begin otherwise; a new one
    that is due with the signature is due with this one, ``at``. The caller holds the contract, whose active version is
    the new one.
    """
    check_calendar(contract=contract, moved=moved)
    changes = {one.position: one for one in moved if one.is_by_calendar}
    if not changes:
        return
    standing = standing_of(contract)
    held = Instalment.objects.standing().unbilled().filter(contract=contract, position__in=changes)
    list(held.order_by("pk").select_for_update().values_list("pk"))
    held.update(cancelled_at=at, is_replaced=True)
    lines = list(version.lines.all())
    milestones = {line.title: line for line in lines if line.kind == drafts.MILESTONE}
    signed_on = at.astimezone(ZoneInfo(contract.seller.time_zone)).date()
    made = []
    for line in lines:
        change = changes.get(line.position)
        if change is None:
            continue
        stood = standing.get(line.position, rules.CalendarStanding())
        goes_on = change.before is not None and rules.starts_alike(change.before.line.due, line.due)
        first = stood.first if goes_on else None
        if line.start == drafts.EVENT and first is None:
            # An event that was confirmed makes due what is agreed after it, from the day on which that is agreed.
            known = ConfirmedEvent.objects.filter(contract=contract, event=line.starts_with).exists()
            first = signed_on if known else None
        instalments = instalments_of(
            line, contract=contract, signed_on=signed_on, milestones=milestones, started_on=first
        )
        made += [one for one in instalments if one.number > len(stood.billed)]
    Instalment.objects.bulk_create(made)

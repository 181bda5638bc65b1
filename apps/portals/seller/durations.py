"""How long it takes from a submission to its acceptance and to its money."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Max

from apps.invoicing.models import Invoice
from apps.parties.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """One invoice of an accepted milestone; ``amount`` with tax, days where the seller is."""

    contract: str
    title: str
    ref: str
    amount: Decimal
    submitted_on: date
    accepted_on: date
    paid_on: date | None


def days_to_cash(actor: Actor, *, currency: str, zone: ZoneInfo, most: int) -> Iterator[Took]:
    """The newest first, in one query; paid is what has nothing open, on the day of its last receipt.

    What is settled without money took no time to come: it was credited, or given back by deposits.
    """
    rows = Invoice.objects.visible_to(actor).filter(
        seller_id=actor.organisation_id,
        currency=currency,
        milestone__accepted_submission__isnull=False,
        milestone__accepted_submission__submitted_at__isnull=False,
    )
    for contract, title, ref, amount, submitted, decided, left, received in (
        rows.order_by("-pk")
        .annotate(received=Max("allocations__payment__received_on"))
        .values_list(
            "contract__number",
            "milestone__title",
            "milestone__ref",
            "gross",
            "milestone__accepted_submission__submitted_at",
            "milestone__accepted_at",
            "open_item__open",
            "received",
        )[:most]
    ):
        if submitted is None or decided is None or (not left and received is None):
            continue
        yield Took(
            contract=contract,
            title=title,
            ref=ref,
            amount=amount,
            submitted_on=submitted.astimezone(zone).date(),
            accepted_on=decided.astimezone(zone).date(),
            paid_on=received if not left else None,
        )

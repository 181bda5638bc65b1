"""By what a price turned out higher or lower than agreed: bonuses, credit notes, charges, defects that stay."""

from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from apps.invoicing.models import CreditNote, CreditNoteLine, Invoice, InvoiceKind
from apps.invoicing.models.charge import ChargeKind
from apps.invoicing.models.credit_note import CHARGES
from apps.milestones.models import Reservation
from apps.revenue.models import Why
from apps.revenue.services.events import Contracts, Event, Found

POSITION = Coalesce("invoice__milestone__position", "invoice__instalment__position")
"""At which line of the plan a credit note of an invoice lowers the price, where the invoice bills one line."""
CHARGED = Coalesce("charge__milestone__position", "undone_charge__milestone__position")
"""At which line it was charged, where the invoice bills several."""
CREDITED = F("net") + F("given_back")
"""What a credit note takes off the price: what it asks back, and what returned to deposits instead."""
LOWERS_NO_PRICE: Final = Q(invoice__kind=InvoiceKind.ADVANCE)
"""A deposit that later invoices give back is no part of the price: what is credited of it changes no revenue."""
BY_LINE: Final = Q(invoice__kind=InvoiceKind.APPLICATION) & ~Q(purpose__in=CHARGES)
"""Credit notes whose lines lower the price of a milestone each."""
LOWERS_A_LINE: Final = Q(credit_note__purpose=CreditNote.Purpose.CORRECTION, invoice_line__milestone__isnull=False)
"""Those lines."""


def bonuses(contracts: Contracts) -> Found:
    """What a milestone earned beside its price by being early, and what of it was credited again.

    A change of the transaction price that is of one obligation alone (IFRS 15.85), so it is earned as that is.
    """
    billed = Invoice.objects.filter(contract_id__in=contracts, kind=InvoiceKind.BONUS)
    for pk, ref, on, at, net, position in billed.values_list(
        "contract_id", "ref", "issued_on", "issued_at", "net", "charge__milestone__position"
    ):
        event = Event(
            why=Why.BONUS, cause=f"bonus:{ref}", on=on, at=at, position=position, amount=net, settles=ChargeKind.BONUS
        )
        yield pk, event
    credited = CreditNote.objects.filter(contract_id__in=contracts, invoice__kind=InvoiceKind.BONUS)
    for pk, ref, on, at, net, position in credited.values_list(
        "contract_id", "ref", "issued_on", "issued_at", "net", "invoice__charge__milestone__position"
    ):
        yield pk, Event(why=Why.BONUS, cause=f"credit:{ref}", on=on, at=at, position=position, amount=-net)


def corrections(contracts: Contracts) -> Found:
    """Corrections of a price, and what was charged against it and withdrawn again.

    What is credited because an acceptance is withdrawn is billed again with the next one.
    """
    notes = CreditNote.objects.of_supplies().filter(
        contract_id__in=contracts, purpose__in=[CreditNote.Purpose.CORRECTION, *CHARGES]
    )
    rows = (
        notes.exclude(LOWERS_NO_PRICE)
        .exclude(invoice__kind=InvoiceKind.BONUS)
        .exclude(BY_LINE)
        .annotate(worth=CREDITED, position=Coalesce(POSITION, CHARGED))
        .values_list("contract_id", "ref", "issued_on", "issued_at", "worth", "position", "purpose")
    )
    for pk, ref, on, at, worth, position, purpose in rows:
        settles = purpose if purpose in CHARGES and worth > 0 else ""
        event = Event(
            why=Why.CREDIT, cause=f"credit:{ref}", on=on, at=at, position=position, amount=worth, settles=settles
        )
        yield pk, event


def credits_by_line(contracts: Contracts) -> Found:
    """The same of applications for payment, whose invoices bill several milestones: each line lowers its own price."""
    lines = CreditNoteLine.objects.filter(LOWERS_A_LINE, credit_note__contract_id__in=contracts)
    of_note = ("contract_id", "ref", "issued_on", "issued_at")
    rows = lines.order_by().values_list(
        *(f"credit_note__{name}" for name in of_note), "invoice_line__milestone__position"
    )
    for pk, ref, on, at, position, net in rows.annotate(Sum("net")):
        cause = f"credit:{ref}:{position}"
        yield pk, Event(why=Why.CREDIT, cause=cause, on=on, at=at, position=position, amount=net)


def lower_prices(contracts: Contracts, *, zone: ZoneInfo) -> Found:
    """What both sides took off a price for a defect where applications for payment are billed: nothing of it was
    invoiced, so there is no credit note to say it."""
    found = Reservation.objects.lower_prices().never_billed().filter(contract_id__in=contracts)
    rows = found.values_list("contract_id", "ref", "settled_at", "milestone__position", "reduced_by")
    for pk, ref, at, position, off in rows:
        if at is None:
            continue
        on = at.astimezone(zone).date()
        yield pk, Event(why=Why.CREDIT, cause=f"defect:{ref}", on=on, at=at, position=position, amount=off)

"""Reminding buyers of what is overdue: by the seller's schedule, or because somebody asked for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, IntegerField, Max, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from apps.audit import services as audit
from apps.core.errors import Refused
from apps.invoicing import rules
from apps.invoicing.models import (
    Delivery,
    Document,
    Invoice,
    OpenItem,
    PayeeInstruction,
    ReminderPause,
    ReminderSchedule,
)
from apps.invoicing.models.document import DocumentState
from apps.invoicing.services.arrival import never_arrived
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action


@dataclass(frozen=True, slots=True)
class DueReminder:
    """A reminder that the schedule of a seller makes due."""

    invoice_ref: str
    seller_id: int
    number: int


def set_reminders(*, actor: Actor, days: Sequence[int], at: datetime) -> ReminderSchedule:
    """From now on reminders go out on these days after the due date; no days, no reminders."""
    actor.require(Action.RECORD_PAYMENT, organisation_id=actor.organisation_id)
    ordered = rules.schedule(days)
    made, _is_new = ReminderSchedule.objects.update_or_create(
        seller_id=actor.organisation_id, defaults={"days": ordered, "set_by_name": actor.name, "set_at": at}
    )
    seller = Organisation.objects.get(pk=actor.organisation_id)
    audit.record(
        chain=f"organisation:{seller.ref}",
        parties=(seller.pk,),
        verb="reminders.set",
        subject=f"organisation:{seller.ref}",
        actor=actor,
        at=at,
        days=ordered,
    )
    return made


def reminders_due(*, at: datetime) -> list[DueReminder]:
    """Every reminder that is due at a moment, of whichever seller, oldest debt first: read with the owner's eyes."""
    found = []
    schedules = ReminderSchedule.objects.using("owner").exclude(days=[]).select_related("seller").order_by("seller")
    for plan in schedules:
        today = at.astimezone(ZoneInfo(plan.seller.time_zone)).date()
        ready = OpenItem.objects.using("owner").filter(seller=plan.seller, invoice__document__state=DocumentState.READY)
        paused = ReminderPause.objects.using("owner").holding(today=today).filter(invoice=OuterRef("invoice"))
        items = _overdue(ready, today=today).exclude(Exists(paused))
        for ref, due_on, sent, before in items.values_list("invoice__ref", "due_on", "sent", "before"):
            reached = rules.reminder_due(plan.days, days_late=(today - due_on).days, sent=sent - before)
            if reached:
                found.append(DueReminder(ref, plan.seller_id, before + reached))
    return found


def remind(*, invoice_ref: str, actor: Actor, at: datetime, number: int = 0) -> Delivery | None:
    """Put a reminder on its way; ``number`` where the schedule asks for it, and 0 for one more because somebody asks.

    What the schedule asks for and is due no more (it was paid, disputed, assigned, or reminded of) gives None; whoever
    asks himself is told why not.
    """
    document = (
        Document.objects.visible_to(actor)
        .select_related("invoice__contract", "invoice__seller")
        .select_for_update(of=("self",))
        .filter(invoice__ref=invoice_ref, invoice__seller_id=actor.organisation_id)
        .first()
    )
    if document is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    invoice = document.invoice
    if not number:
        actor.require(Action.RECORD_PAYMENT, organisation_id=invoice.seller_id)
    today = at.astimezone(ZoneInfo(invoice.seller.time_zone)).date()
    item = _overdue(OpenItem.objects.filter(invoice=invoice), today=today).first()
    sent: int = getattr(item, "sent", 0)
    if item is None or document.state != DocumentState.READY or (number and number <= sent):
        if number:
            return None
        _refuse_what_came_back(invoice)
        raise Refused(
            "There is nothing to remind of: {number} is not overdue, or what is open of it is disputed, assigned or"
            " has no document yet.",
            number=invoice.number,
        )
    pause = ReminderPause.objects.holding(today=today).filter(invoice=invoice).first()
    if pause is not None:
        if number:
            return None
        raise Refused(
            "Reminders of {number} are paused until {until}: {reason} End the pause first.",
            number=invoice.number,
            until=pause.until,
            reason=pause.reason,
        )
    last = Delivery.objects.filter(invoice=invoice, reminder__gt=0).order_by("-reminder").first()
    if not number and last is not None and _day(last.requested_at, invoice.seller) == today:
        raise Refused("{number} was reminded of today already. Give them a day.", number=invoice.number)
    delivery = Delivery.objects.create(
        invoice=invoice,
        seller_id=invoice.seller_id,
        buyer_id=invoice.buyer_id,
        asked_by="" if number else actor.name,
        reminder=number or sent + 1,
        requested_at=at,
    )
    audit.record(
        chain=f"contract:{invoice.contract.ref}",
        parties=(invoice.seller_id, invoice.buyer_id),
        verb="invoice.reminded",
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=at,
        number=invoice.number,
        reminder=delivery.reminder,
        open=item.open,
        disputed=item.disputed_open,
        currency=item.currency,
        delivery=delivery.ref,
    )
    return delivery


def _refuse_what_came_back(invoice: Invoice) -> None:
    if OpenItem.objects.filter(never_arrived("invoice"), invoice=invoice).exists():
        raise Refused(
            "Every mail with {number} came back, and nobody is known to have it. Correct the address and send the"
            " invoice again first.",
            number=invoice.number,
        )


def may_be_reminded(*, actor: Actor, invoice_id: int, today: date) -> bool:
    """Whether something of an invoice is overdue that the seller itself may ask for."""
    return _overdue(OpenItem.objects.visible_to(actor).filter(invoice=invoice_id), today=today).exists()


def _overdue(items: "QuerySet[OpenItem, OpenItem]", *, today: date) -> "QuerySet[Any, Any]":
    """What is overdue, not disputed and the seller's to ask for, with the number of the last reminder as ``sent``.

    What was assigned is its financier's to collect. An invoice that came back, and that nobody is known to have, is
    nobody's delay. ``before`` is the number of the last one that was sent before it
    fell due: what was withheld for a defect has days to pay of its own, and reminders of its own.
    """
    elsewhere = PayeeInstruction.objects.using(items.db).assigned().filter(milestone=OuterRef("invoice__milestone"))
    earlier = Q(invoice__deliveries__requested_at__date__lt=F("due_on"))
    sent, before = (
        Coalesce(Max("invoice__deliveries__reminder", filter=of), Value(0), output_field=IntegerField())
        for of in (None, earlier)
    )
    return (
        items.filter(open__gt=0, due_on__lt=today, disputed__lt=F("open"))
        .exclude(Exists(elsewhere))
        .exclude(never_arrived("invoice"))
        .annotate(sent=sent, before=before)
        .order_by("due_on", "pk")
    )


def _day(moment: datetime, seller: Organisation) -> date:
    return moment.astimezone(ZoneInfo(seller.time_zone)).date()

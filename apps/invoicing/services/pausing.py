"""Reminding of one invoice is put off until a day, and taken up again."""

from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from apps.audit import services as audit
from apps.core.errors import Refused
from apps.invoicing import rules
from apps.invoicing.models import Invoice, ReminderPause
from apps.parties.actor import Actor
from apps.parties.roles import Action

MOST_DAYS: Final = 366


def pause_reminders(*, invoice_ref: str, actor: Actor, until: date, reason: str, at: datetime) -> ReminderPause:
    """Nobody is reminded of this invoice until a day has ended, by schedule or by hand. A pause that holds is replaced.

    The invoice stays due, and what is agreed for late payment runs on.
    """
    invoice = _of_seller(invoice_ref, actor=actor)
    written = rules.reason_given(
        reason,
        missing="Say why nobody is reminded of this invoice; only your own people read it.",
    )
    today = at.astimezone(ZoneInfo(invoice.seller.time_zone)).date()
    if until < today:
        raise Refused("The pause would be over already. Choose today or a day to come.", field="until")
    if (until - today).days > MOST_DAYS:
        raise Refused("A pause lasts a year at the most. Choose an earlier day.", field="until")
    _end(invoice, actor=actor, at=at)
    pause = ReminderPause.objects.create(
        invoice=invoice,
        seller_id=invoice.seller_id,
        until=until,
        reason=written,
        paused_by_name=actor.name,
        paused_at=at,
    )
    _record(invoice, verb="reminders.paused", actor=actor, at=at, until=until, reason=written)
    return pause


def resume_reminders(*, invoice_ref: str, actor: Actor, at: datetime) -> ReminderPause:
    """The pause ends now: what the schedule has reached meanwhile goes out as one letter."""
    invoice = _of_seller(invoice_ref, actor=actor)
    pause = _end(invoice, actor=actor, at=at)
    if pause is None:
        raise Refused(
            "Reminders of {number} are not paused. Reload the page to see what happened.", number=invoice.number
        )
    _record(invoice, verb="reminders.resumed", actor=actor, at=at)
    return pause


def _of_seller(invoice_ref: str, *, actor: Actor) -> Invoice:
    mine = Invoice.objects.of_seller(actor).select_related("contract", "seller")
    invoice = mine.filter(ref=invoice_ref).first()
    if invoice is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    actor.require(Action.RECORD_PAYMENT, organisation_id=invoice.seller_id)
    return invoice


def _end(invoice: Invoice, *, actor: Actor, at: datetime) -> ReminderPause | None:
    pause = ReminderPause.objects.select_for_update().filter(invoice=invoice, ended_at__isnull=True).first()
    if pause is not None:
        pause.ended_at, pause.ended_by_name = at, actor.name
        pause.save(update_fields=["ended_at", "ended_by_name"])
    return pause


def _record(invoice: Invoice, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    """That it happened stands in the contract's chain; until when and why is told to the seller's own people alone."""
    audit.record(
        chain=f"contract:{invoice.contract.ref}",
        parties={invoice.seller_id},
        verb=verb,
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=at,
        number=invoice.number,
        private=facts,
    )

"""What happened to an advance, in the words of the page that its seller reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.core import money
from apps.financing.models import Adjustment, Tranche
from apps.financing.models.adjustment import Kind
from apps.invoicing import services as invoicing
from apps.parties.actor import Actor

NOTHING_TO_COME = ("recourse_due", "repurchased", "returned", "written_off")


@dataclass(frozen=True, slots=True)
class Happened:
    """One event: what it means for the seller, and what it owes back by it."""

    on: date
    words: str
    reason: str
    off_the_advance: Decimal
    owed: Decimal


def adjustments_of(tranche: Tranche, *, actor: Actor) -> list[Adjustment]:
    """In the order in which they happened; what the financier allows for a loss is its own."""
    return list(Adjustment.objects.visible_to(actor).filter(tranche=tranche).order_by("pk"))


def told(adjustments: Sequence[Adjustment]) -> list[Happened]:
    """The same, as the page tells it."""
    return [
        Happened(one.booked_on, _words(one), str(one.said), one.charged_back + one.written_off, one.recourse)
        for one in adjustments
    ]


def _words(one: Adjustment) -> str:
    if one.kind == Kind.SLIP and not one.recourse:
        return _("The payment is expected later. The price stays as it was.")
    if one.kind == Kind.DILUTION and not one.recourse:
        return _("The invoice was credited. The reserve bears it, and that much less of it comes to you.")
    return {
        Kind.SLIP: _("The payment is expected later. You bear the discount for the days more."),
        Kind.CHANGE: _("The milestone became smaller or was taken out, so less can be advanced on it."),
        Kind.SHORTFALL: _("The milestone was accepted for less, so less can be advanced on its invoice."),
        Kind.CARRIED: _("The milestone was accepted in part. What that does not cover is advanced on the rest now."),
        Kind.REJECTION: _("The milestone was not accepted. The advance is to be paid back by you."),
        Kind.DILUTION: _("The invoice was credited. The reserve bore what it could; you owe the rest back."),
        Kind.WRITE_OFF: _("The buyer did not pay. You owe nothing back, and the reserve is lost."),
    }[Kind(one.kind)]


def reserve_held(tranche: Tranche, adjustments: Sequence[Adjustment]) -> Decimal:
    """What of the invoice, issued or to come, is not advanced any more or never was; nothing once it is over."""
    if tranche.state in NOTHING_TO_COME:
        return money.ZERO
    total = tranche.receivable
    if tranche.state == "funded_pre" and adjustments:
        total = invoicing.amount_to_bill(tranche.milestone)
    return total - tranche.gross - money.total(one.advance + one.reserve for one in adjustments)

"""What pages of invoices and milestones say of corrections."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.invoicing.models import CorrectedInvoice, CreditNote, Invoice
from apps.milestones.models import Milestone, Nullification
from apps.parties.actor import Actor
from apps.portals.correcting.side import Side
from apps.portals.parts import Fact, Need

SHOWN = 5
"""The oldest that wait; there are hardly ever more."""


def notes_of(actor: Actor, invoice: Invoice, *, side: Side) -> list[Fact]:
    """The credit notes of an invoice with their totals, oldest first."""
    if not invoice.open_item.credited:
        return []
    facts = []
    for note in CreditNote.objects.visible_to(actor).filter(invoice=invoice).select_related("invoice").order_by("pk"):
        facts.append(Fact(term=note.about, value=note.number, url=side.url("credit_note", note.ref)))
        facts.append(Fact(term=note.reason, amount=note.gross, currency=note.currency))
    return facts


def corrections_of(actor: Actor, invoice: Invoice, *, side: Side) -> list[Fact]:
    """The corrected invoices that stand in place of an invoice, the last one first: that one stands."""
    rows = CorrectedInvoice.objects.visible_to(actor).filter(invoice=invoice).order_by("-place")
    return [
        Fact(
            term=_("Stands in its place") if place == 0 else _("Stood before"),
            value=f"{row.number}: {row.reason}",
            url=side.url("corrected_invoice", row.ref),
        )
        for place, row in enumerate(rows)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A part of an acceptance that was withdrawn: how much, why, by which credit note, none where it was not
    billed, and where it goes on."""

    amount: Decimal
    reason: str
    number: str
    note_url: str
    rest_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nullifying:
    """All that a milestone's page says of it; what is empty is not shown."""

    heading: str = ""
    waiting: Nullification | None = None
    answer_url: str = ""
    granted: tuple[Granted, ...] = ()
    came_from: Milestone | None = None
    came_from_url: str = ""
    ask_url: str = ""


def nullifying_of(actor: Actor, milestone: Milestone, *, side: Side) -> Nullifying:
    """What was asked and agreed on a milestone, or on the one of which it is the rest: two queries."""
    asked = Nullification.objects.visible_to(actor).filter(milestone=milestone).select_related("rest", "credit_note")
    found = list(asked.order_by("pk"))
    waiting = next((one for one in found if one.state == "asked"), None)
    before = Nullification.objects.visible_to(actor).filter(rest=milestone).select_related("milestone").first()
    is_own = waiting is not None and waiting.asked_by == side.name
    return Nullifying(
        heading=_("You asked to withdraw this acceptance")
        if is_own
        else _("The other side asks to withdraw this acceptance"),
        waiting=waiting,
        answer_url=side.url("answer_nullification", waiting.ref) if waiting is not None else "",
        granted=tuple(_granted(one, side=side) for one in found if one.rest is not None),
        came_from=before.milestone if before is not None else None,
        came_from_url=side.url("milestone", before.milestone.ref) if before is not None else "",
        ask_url=side.url("ask_nullification", milestone.ref)
        if milestone.state == "accepted" and waiting is None
        else "",
    )


def needs_of(actor: Actor, *, side: Side) -> Iterator[Need]:
    """What the other side asks to withdraw and waits for this one's answer, the oldest first."""
    waiting = side.nullifications(actor).waiting().exclude(asked_by=side.name).order_by("pk")
    for one in waiting[:SHOWN]:
        contract = one.milestone.contract
        yield Need(
            what=_("Asked to withdraw an acceptance: %(title)s") % {"title": one.milestone.title},
            who=contract.buyer.legal_name if side.name == "seller" else contract.seller.legal_name,
            url=side.url("answer_nullification", one.ref),
            button=_("Look at it"),
            amount=one.amount,
            currency=one.milestone.currency,
            note=one.reason,
            icon="arrow-counterclockwise",
            tone="attention",
        )


def _granted(one: Nullification, *, side: Side) -> Granted:
    note: CreditNote | None = getattr(one, "credit_note", None)
    return Granted(
        amount=one.amount,
        reason=one.reason,
        number=note.number if note is not None else "",
        note_url=side.url("credit_note", note.ref) if note is not None else "",
        rest_url=side.url("milestone", one.rest.ref) if one.rest is not None else "",
    )

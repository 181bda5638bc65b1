"""What pages of contracts, milestones and invoices say of disputes."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.core import clock, money
from apps.invoicing.models import Invoice
from apps.invoicing.services.disputes import is_about_release
from apps.milestones.models import Dispute, Milestone
from apps.milestones.models.dispute import LIVE
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.correcting.side import Side
from apps.portals.parts import Need

SHOWN = 5
"""The oldest that wait on the first page; so many on the page of a contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A dispute as a list shows it: what it is about, where its page is, and whether a position is late. The amounts
    are net of tax, but of a statement of released retention, which has none."""

    one: Dispute
    about: str
    url: str
    is_late: bool
    is_release: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputes:
    """All that a page says of disputes; what is empty is not shown."""

    rows: tuple[Row, ...] = ()
    raise_url: str = ""
    currency: str = ""
    open_gross: Decimal | None = None
    of_gross: Decimal | None = None


def disputes_of(actor: Actor, *, side: Side) -> "QuerySet[Dispute, Dispute]":
    """The disputes of contracts in which the actor's organisation is on this side."""
    rows = Dispute.objects.visible_to(actor).filter(**{f"contract__{side.name}_id": actor.organisation_id})
    related = ("contract__seller", "contract__buyer", "submission__milestone", "milestone", "reservation")
    return rows.select_related(*related, "billed__invoice", "billed__credit_note")


def about_of(dispute: Dispute, *, side: Side) -> tuple[str, str]:
    """What it is about, and where that stands."""
    billed = getattr(dispute, "billed", None)
    if billed is not None:
        return billed.invoice.number, side.url("invoice", billed.invoice.ref)
    if dispute.reservation is not None:
        return dispute.reservation.title, side.url("reservation", dispute.reservation.ref)
    milestone = dispute.milestone
    if milestone is None:
        return "", ""
    return milestone.title, side.url("milestone", milestone.ref)


def of_milestone(actor: Actor, milestone: Milestone, *, side: Side) -> Disputes:
    """What was disputed of a milestone's submissions, of the one of which it is the rest, or of its defects."""
    of_it = Q(milestone=milestone) | Q(submission__milestone=milestone) | Q(reservation__milestone=milestone)
    found = disputes_of(actor, side=side).filter(of_it)
    rows = _rows(found, side=side)
    newest = milestone.submissions.exclude(state="draft").order_by("-number").first()
    may = (
        newest is not None
        and newest.state in ("submitted", "changes_requested")
        and actor.may(Action.RAISE_DISPUTE)
        and not any(row.one.is_live and row.one.submission_id == newest.pk for row in rows)
    )
    url = side.url("dispute_submission", newest.ref) if may and newest is not None else ""
    return Disputes(rows=rows, raise_url=url, currency=milestone.currency)


def of_invoice(actor: Actor, invoice: Invoice, *, side: Side) -> Disputes:
    """What was disputed of an invoice, and how much of what is open is in dispute."""
    item = invoice.open_item
    may = item.open and not item.disputed and actor.may(Action.RAISE_DISPUTE)
    return Disputes(
        rows=_rows(disputes_of(actor, side=side).filter(billed__invoice=invoice), side=side),
        raise_url=side.url("dispute_invoice", invoice.ref) if may else "",
        currency=invoice.currency,
        open_gross=item.disputed_open or None,
        of_gross=item.open,
    )


def not_in_dispute() -> CombinedExpression:
    """What of a submitted milestone can be signed off now, net of tax: what is in dispute is not before that is over.
    For both sides, so that their figures are the same."""
    disputed = Dispute.objects.live().filter(milestone=OuterRef("pk"), submission__state="submitted")
    return F("amount") - Coalesce(Subquery(disputed.values("amount")[:1]), money.ZERO)


def of_contract(actor: Actor, contract: Contract, *, side: Side) -> Disputes:
    """What is in dispute on a contract now."""
    live = disputes_of(actor, side=side).filter(contract=contract, state__in=LIVE)
    return Disputes(rows=_rows(live, side=side), currency=contract.currency)


def waiting_for(actor: Actor, *, side: Side) -> "QuerySet[Dispute, Dispute]":
    """The disputes in which it is this side's turn; none where the actor may not answer them."""
    rows = disputes_of(actor, side=side).filter(state__in=LIVE, awaits=side.name)
    return rows if actor.may(Action.RAISE_DISPUTE) else rows.none()


def needs_of(actor: Actor, *, side: Side) -> Iterator[Need]:
    """The disputes in which it is this side's turn, the most urgent first."""
    for one in waiting_for(actor, side=side).order_by("answer_due_at", "pk")[:SHOWN]:
        contract, (about, _url) = one.contract, about_of(one, side=side)
        yield Need(
            what=_("In dispute: %(about)s") % {"about": about},
            who=contract.buyer.legal_name if side.name == "seller" else contract.seller.legal_name,
            url=side.url("dispute", one.ref),
            button=_("Answer"),
            amount=one.amount,
            currency=one.currency,
            due=timezone.localdate(one.answer_due_at) if one.answer_due_at else None,
            note=_("an outcome is proposed") if one.state == "proposed" else "",
            icon="exclamation-triangle",
            tone="attention",
        )


def _rows(found: "QuerySet[Dispute, Dispute]", *, side: Side) -> tuple[Row, ...]:
    now = clock.now()
    return tuple(
        Row(
            one=one,
            about=about_of(one, side=side)[0],
            url=side.url("dispute", one.ref),
            is_late=one.is_live and one.answer_due_at is not None and one.answer_due_at < now,
            is_release=is_about_release(one),
        )
        for one in found.order_by("pk")
    )

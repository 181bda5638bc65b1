"""The seller's first page: what waits for the seller, the figures per currency, what happened last."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, Sum
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from apps.contracts.models import Contract, ContractVersion
from apps.core import clock
from apps.financing.models import Offer
from apps.invoicing.models import (
    BankTransaction,
    CorrectedInvoice,
    CreditNote,
    CreditNoteDocument,
    Document,
    Invoice,
    OpenSum,
)
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import asking, formats, latest, payment_documents, returned
from apps.portals.access import PortalRequest, portal
from apps.portals.changing.waiting import change_orders, unpriced_changes
from apps.portals.charging.shown import needs_of as charged_needs
from apps.portals.correcting.shown import needs_of
from apps.portals.correcting.side import SELLER
from apps.portals.disputing import shown as disputes
from apps.portals.drafting.desk import Desk
from apps.portals.hosted.asking import waiting_about_invoices
from apps.portals.paging import shown_size, sizes
from apps.portals.parts import Need, Tab, Tile
from apps.portals.reserving import shown as reservations
from apps.portals.seller import unapplied
from apps.portals.seller.cash import SOON as THIRTY_DAYS
from apps.portals.seller.cash import Cash, cash
from apps.portals.seller.fundable import available, early_payments
from apps.portals.seller.pages import page, today_of
from apps.portals.shown import later_proposals
from apps.portals.terminating import desk as terminations

SOON = timedelta(days=7)
"""A planned milestone is shown as due to submit from this long before its date."""
SHOWN = 8
"""At most so many of one kind; the lists hold the rest."""


@require_GET
@portal("seller")
def home(request: PortalRequest) -> HttpResponse:
    """Needs you first; then the figures; then what happened."""
    actor, today = request.actor, today_of(request)
    money_of, early = cash(actor, today=today), early_payments(actor, today=today)
    fundable, is_early = available(early), request.GET.get("early") == "yes"
    return page(
        request,
        "home",
        {
            "needs": list(_needs(actor, today)),
            "unapplied": unapplied.payments(actor),
            "tiles": _tiles(actor, today, early=fundable, expected=money_of),
            "charts": money_of.charts(early if is_early else {}),
            "switch": _switch(is_early=is_early) if any(fundable.values()) else (),
            "events": latest.recent(actor),
            "is_new": not Contract.objects.of_seller(actor).exists(),
        },
    )


def _switch(*, is_early: bool) -> list[Tab]:
    """Whether the chart shows the invoices that could be paid early as paid now."""
    here = reverse("seller:home")
    return [
        Tab(label=_("As it is due"), url=f"{here}#cash", is_current=not is_early),
        Tab(label=_("With early payment"), url=f"{here}?early=yes#cash", is_current=is_early),
    ]


def _needs(actor: Actor, today: date) -> Iterator[Need]:
    yield from returned.needs(actor)
    if actor.may(Action.REQUEST_FUNDING):
        yield from _offers(actor)
    if actor.may(Action.SUBMIT_MILESTONE):
        yield from asking.waiting_for_answer(actor)
        yield from _milestones(actor, today)
    if actor.may(Action.EDIT_CONTRACT):
        yield from _proposals(actor)
        yield from change_orders(actor, side="seller")
        yield from unpriced_changes(actor, side="seller")
        yield from _drafts(actor)
    if actor.may(Action.SIGN_CONTRACT):
        yield from terminations.needs_of(actor, desk=Desk("seller"))
    if actor.may(Action.CREDIT_INVOICE):
        yield from needs_of(actor, side=SELLER)
        yield from charged_needs(actor)
    yield from disputes.needs_of(actor, side=SELLER)
    yield from reservations.needs_of(actor, side=SELLER)
    yield from _documents(actor)
    if actor.may(Action.RECORD_PAYMENT):
        yield from payment_documents.needs(actor, side="seller")
        yield from waiting_about_invoices(actor)
        yield from _transactions(actor)


def _offers(actor: Actor) -> Iterator[Need]:
    rows = (
        Offer.objects.visible_to(actor)
        .filter(seller_id=actor.organisation_id, state="issued", expires_at__gt=clock.now())
        .select_related("request", "financier")
        .order_by("expires_at")
    )
    for offer in rows[:SHOWN]:
        yield Need(
            what=_("Offer for %(about)s") % {"about": offer.request.about},
            who=offer.financier.legal_name,
            url=reverse("seller:offer", args=[offer.ref]),
            button=_("Read the offer"),
            amount=offer.net,
            currency=offer.currency,
            due=offer.expires_at.date(),
            note=_("paid to you early"),
            icon="lightning-charge",
        )


def _milestones(actor: Actor, today: date) -> Iterator[Need]:
    """What is to be submitted, except where a dispute of it waits for this side: that stands there by itself."""
    rows = (
        Milestone.objects.sold_by(actor)
        .filter(Q(state="changes_requested") | Q(state="planned", planned_on__lte=today + SOON))
        .exclude(Exists(disputes.waiting_for(actor, side=SELLER).filter(milestone=OuterRef("pk"))))
        .select_related("contract__buyer")
        .order_by("state", "planned_on", "pk")
    )
    for milestone in rows[:SHOWN]:
        is_back = milestone.state == "changes_requested"
        is_late = milestone.planned_on is not None and milestone.planned_on < today
        template = _("See what is missing: %(title)s") if is_back else _("Submit %(title)s")
        yield Need(
            what=template % {"title": milestone.title},
            who=milestone.contract.buyer.legal_name,
            url=reverse("seller:milestone", args=[milestone.ref]),
            button=_("Revise") if is_back else _("Prepare"),
            amount=milestone.amount,
            currency=milestone.currency,
            due=milestone.planned_on,
            note=_("changes requested") if is_back else "",
            icon="arrow-return-left" if is_back else "flag",
            tone="attention" if is_back or is_late else "accent",
        )


def _proposals(actor: Actor) -> Iterator[Need]:
    """What buyers propose: the newest version of a contract, where it is the buyer's."""
    rows = (
        ContractVersion.objects.visible_to(actor)
        .filter(
            contract__seller_id=actor.organisation_id,
            contract__state="proposed",
            author="buyer",
            proposed_at__isnull=False,
        )
        .exclude(Exists(later_proposals()))
        .select_related("contract__buyer")
        .order_by("proposed_at")
    )
    for version in rows[:SHOWN]:
        contract = version.contract
        yield Need(
            what=_("Answer version %(number)s: %(title)s") % {"number": version.number, "title": contract.title},
            who=contract.buyer.legal_name,
            url=reverse("seller:contract", args=[contract.ref]),
            button=_("Read and answer"),
            amount=version.price,
            currency=contract.currency,
            due=version.answer_until,
            icon="pen",
        )


def _drafts(actor: Actor) -> Iterator[Need]:
    rows = (
        Contract.objects.of_seller(actor)
        .filter(
            state="draft",
            versions__author="seller",
            versions__proposed_at__isnull=True,
            versions__option_of__isnull=True,
        )
        .select_related("buyer")
        .prefetch_related("versions")
        .order_by("-was_proposed", "-pk")
    )
    for contract in rows[:SHOWN]:
        newest = max(contract.versions.all(), key=lambda version: version.number)
        template = _("Changes requested: %(title)s") if contract.was_proposed else _("Draft to send: %(title)s")
        yield Need(
            what=template % {"title": contract.title},
            who=contract.buyer.legal_name,
            url=reverse("seller:contract", args=[contract.ref]),
            button=_("Revise") if contract.was_proposed else _("Continue"),
            amount=newest.price,
            currency=contract.currency,
            icon="arrow-return-left" if contract.was_proposed else "pencil",
            tone="attention" if contract.was_proposed else "accent",
        )


def _documents(actor: Actor) -> Iterator[Need]:
    """Invoices, and what corrects them, whose document could not be made."""
    failed = Document.objects.visible_to(actor).filter(invoice__seller_id=actor.organisation_id, state="failed")
    for document in failed.select_related("invoice__buyer").order_by("pk")[:SHOWN]:
        yield _to_make_again(document.invoice, url=reverse("seller:invoice", args=[document.invoice.ref]))
    corrected = CreditNoteDocument.objects.visible_to(actor).filter(state="failed")
    corrected = corrected.filter(credit_note__seller_id=actor.organisation_id).select_related("credit_note__buyer")
    for made in corrected.order_by("pk")[:SHOWN]:
        yield _to_make_again(made.credit_note, url=reverse("seller:credit_note", args=[made.credit_note.ref]))
    anew = CorrectedInvoice.objects.of_seller(actor).filter(state="failed").select_related("buyer")
    for one in anew.order_by("pk")[:SHOWN]:
        yield _to_make_again(one, url=reverse("seller:corrected_invoice", args=[one.ref]))


def _to_make_again(issued: Invoice | CreditNote | CorrectedInvoice, *, url: str) -> Need:
    return Need(
        what=_("The PDF of %(number)s could not be made") % {"number": issued.number},
        who=issued.buyer.legal_name,
        url=url,
        button=_("Try again"),
        amount=issued.gross,
        currency=issued.currency,
        icon="file-earmark-x",
        tone="negative",
    )


def _transactions(actor: Actor) -> Iterator[Need]:
    """What the bank says arrived and no rule could apply, all of it as one thing to do."""
    waiting = sizes(actor, {"open": BankTransaction.objects.visible_to(actor).filter(state="open")})["open"]
    if waiting:
        yield Need(
            what=ngettext("%(number)s bank transaction to look at", "%(number)s bank transactions to look at", waiting)
            % {"number": shown_size(waiting)},
            url=reverse("seller:transactions"),
            button=_("Look"),
            note=_("with what is proposed"),
            icon="bank",
        )


def _tiles(actor: Actor, today: date, *, early: Mapping[str, Decimal], expected: Cash) -> list[Tile]:
    """Four figures for each currency in which something moves, in the order of the money's way."""
    submitted = Milestone.objects.sold_by(actor).filter(state="submitted")
    waiting = dict(submitted.order_by().values_list("currency").annotate(sum=Sum(disputes.not_in_dispute())))
    owed = OpenSum.objects.of_seller(actor).by_currency(overdue_on=today)
    soon = expected.within(THIRTY_DAYS)
    invoices, zero = reverse("seller:invoices"), Decimal(0)
    tiles = []
    for currency in sorted({*waiting, *owed, *early, *soon}):
        opened, overdue = owed.get(currency, (zero, zero))
        tiles += [
            Tile(
                label=_("Expected in 30 days"),
                amount=soon.get(currency, zero),
                currency=currency,
                icon="calendar-check",
                url="#cash",
                note=_("with tax; invoiced and open %(amount)s") % {"amount": formats.money(opened, currency)},
            ),
            Tile(
                label=_("Waiting for sign-off"),
                amount=waiting.get(currency, zero),
                currency=currency,
                icon="hourglass-split",
                note=_("submitted and not in dispute, net of tax"),
            ),
            Tile(
                label=_("Available to finance"),
                amount=early.get(currency, zero),
                currency=currency,
                icon="lightning-charge",
                url=reverse("seller:funding"),
                note=_("before discount and fee"),
            ),
            Tile(
                label=_("Overdue"),
                amount=overdue,
                currency=currency,
                icon="exclamation-triangle",
                url=f"{invoices}?state=overdue",
                note=_("past the due date"),
            ),
        ]
    return tiles

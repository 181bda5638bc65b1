"""The buyer's first page: what waits for the buyer, the figures, what is to pay, the contracts, who decides."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.contracts.models import Contract, ContractVersion
from apps.core import money
from apps.invoicing.models import OpenItem, OpenSum
from apps.milestones.models import Dispute, Milestone, Submission
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import formats, payment_documents
from apps.portals.access import PortalRequest, portal
from apps.portals.applying.needs import to_certify
from apps.portals.buyer import committed, figures, payees, versions
from apps.portals.buyer.approvals import rules_of
from apps.portals.buyer.pages import page, today_of, zone_of
from apps.portals.buyer.to_pay import first_bills
from apps.portals.changing.waiting import change_orders
from apps.portals.correcting.shown import needs_of
from apps.portals.correcting.side import BUYER
from apps.portals.disputing import shown as disputes
from apps.portals.drafting.desk import Desk
from apps.portals.parts import Need, Tile
from apps.portals.reserving import shown as reservations
from apps.portals.shown import contract_state, later_proposals, with_lapse
from apps.portals.terminating import desk as terminations

SOON = timedelta(days=14)
"""An open invoice needs the buyer from this long before its due date."""
SHOWN = 8
"""At most so many of one kind; the lists hold the rest."""


@require_safe
@portal("buyer")
def home(request: PortalRequest) -> HttpResponse:
    """Needs you first; then figures per currency, bills with their accounts, the newest contracts, and the rules."""
    actor, today = request.actor, today_of(request)
    zone = ZoneInfo(zone_of(request))
    contracts = list(
        with_lapse(Contract.objects.of_buyer(actor)).select_related("seller", "active_version").order_by("-pk")[:SHOWN]
    )
    sums, prices = figures.of_contracts(actor, contracts), versions.newest_prices(actor, contracts)
    return page(
        request,
        "home",
        {
            "needs": [
                *_sign_offs(actor, zone),
                *to_certify(actor),
                *_proposals(actor),
                *change_orders(actor, side="buyer"),
                *(terminations.needs_of(actor, desk=Desk("buyer")) if actor.may(Action.SIGN_CONTRACT) else ()),
                *_answers(actor),
                *(needs_of(actor, side=BUYER) if actor.may(Action.DECIDE_MILESTONE) else ()),
                *disputes.needs_of(actor, side=BUYER),
                *reservations.needs_of(actor, side=BUYER),
                *_assignments(actor),
                *(payment_documents.needs(actor, side="buyer") if actor.may(Action.CONFIRM_DOCUMENT) else ()),
                *_due(actor, today),
            ],
            "tiles": _tiles(actor, today=today, currency=request.membership.organisation.currency),
            "bills": first_bills(actor, today=today),
            "approvals": rules_of(actor) if contracts else None,
            "charts": committed.by_month(actor, today=today),
            "rows": [
                (contract, contract_state(contract), sums.get(contract.pk), prices.get(contract.pk))
                for contract in contracts
            ],
        },
        zone=zone_of(request),
    )


def _sign_offs(actor: Actor, zone: ZoneInfo) -> Iterator[Need]:
    rows = (
        Submission.objects.filter(milestone__in=Milestone.objects.waiting_for(actor), state="submitted")
        .select_related("milestone", "contract__seller")
        .annotate(disputed=Subquery(Dispute.objects.live().filter(submission=OuterRef("pk")).values("amount")[:1]))
        # What is in dispute as a whole is signed off when that is over; until then the dispute is what waits.
        .filter(Q(disputed__isnull=True) | Q(disputed__lt=F("milestone__amount")))
        .order_by("review_due_at", "pk")
    )
    for submission in rows[:SHOWN]:
        milestone = submission.milestone
        # While the clock stands still nothing is due of the buyer: the seller has to answer.
        due_at = None if submission.suspended_at is not None else submission.review_due_at
        yield Need(
            what=_("Sign off: %(title)s") % {"title": milestone.title},
            who=submission.contract.seller.legal_name,
            url=reverse("buyer:milestone", args=[milestone.ref]),
            button=_("Review"),
            amount=milestone.amount - (vars(submission)["disputed"] or money.ZERO),
            currency=milestone.currency,
            due=due_at.astimezone(zone).date() if due_at else None,
            note=_without_disputed(submission),
            icon="clipboard-check",
        )


def _without_disputed(submission: Submission) -> str:
    title, disputed = submission.contract.title, vars(submission)["disputed"]
    if not disputed:
        return title
    amount = formats.money(disputed, submission.milestone.currency)
    return _("%(title)s · besides %(amount)s in dispute") % {"title": title, "amount": amount}


def _proposals(actor: Actor) -> Iterator[Need]:
    rows = (
        ContractVersion.objects.visible_to(actor)
        .filter(
            contract__buyer_id=actor.organisation_id,
            contract__state="proposed",
            author="seller",
            proposed_at__isnull=False,
            changes_asked_at__isnull=True,
        )
        .exclude(Exists(later_proposals()))
        .select_related("contract__seller")
        .order_by("proposed_at", "pk")
    )
    for version in rows[:SHOWN]:
        contract = version.contract
        yield Need(
            what=_("Sign the contract: %(title)s") % {"title": contract.title},
            who=contract.seller.legal_name,
            url=reverse("buyer:contract", args=[contract.ref]),
            button=_("Read and sign"),
            amount=version.price,
            currency=contract.currency,
            due=version.answer_until,
            note=_("version %(number)s") % {"number": version.number},
            icon="pen",
        )


def _answers(actor: Actor) -> Iterator[Need]:
    """Versions of the buyer's own that wait to be sent: changes were asked for, or nobody signed in time."""
    if not actor.may(Action.EDIT_CONTRACT):
        return
    rows = (
        ContractVersion.objects.visible_to(actor)
        .filter(contract__buyer_id=actor.organisation_id, author="buyer", proposed_at__isnull=True)
        .filter(contract__state__in=["draft", "proposed"])
        .select_related("contract__seller")
        .order_by("-pk")
    )
    for draft in rows[:SHOWN]:
        contract = draft.contract
        yield Need(
            what=_("Your version to send: %(title)s") % {"title": contract.title},
            who=contract.seller.legal_name,
            url=reverse("buyer:contract", args=[contract.ref]),
            button=_("Continue"),
            amount=draft.price,
            currency=contract.currency,
            icon="pencil",
        )


def _assignments(actor: Actor) -> Iterator[Need]:
    rows = list(payees.unread_assignments(actor).order_by("notified_at", "pk")[:SHOWN])
    names = payees.payee_names(actor, [assignment.milestone_id for assignment in rows])
    for assignment in rows:
        what = (
            _("The invoice for %(name)s will be assigned: confirm whom you pay")
            if assignment.invoice is None
            else _("Invoice %(name)s is assigned: confirm whom you pay")
        )
        yield Need(
            what=what % {"name": assignment.name},
            who=names.get(assignment.milestone_id, ""),
            url=reverse("buyer:acknowledge_assignment", args=[assignment.ref]),
            button=_("Read the notice"),
            amount=payees.owed(assignment),
            currency=assignment.milestone.currency,
            icon="arrow-left-right",
        )


def _due(actor: Actor, today: date) -> Iterator[Need]:
    owed = OpenItem.objects.of_buyer(actor).filter(due_on__lte=today + SOON).open()
    # Found by their keys alone, in the order of their index: what is shown beside is joined to these and no others.
    first = owed.order_by("due_on", "pk").values("pk")[:SHOWN]
    rows = OpenItem.objects.filter(pk__in=first).select_related("invoice", "seller")
    items = list(rows.order_by("due_on", "pk"))
    milestones = [item.invoice.milestone_id for item in items if item.invoice.milestone_id is not None]
    names = payees.payee_names(actor, milestones)
    for item in items:
        is_late = item.due_on < today
        payee = names.get(item.invoice.milestone_id or 0, "")
        if payee:
            what = (
                _("Overdue: invoice %(number)s, pay %(payee)s") if is_late else _("Pay invoice %(number)s to %(payee)s")
            )
        else:
            what = _("Overdue: invoice %(number)s") if is_late else _("Pay invoice %(number)s")
        yield Need(
            what=what % {"number": item.invoice.number, "payee": payee},
            who=payee or item.seller.legal_name,
            url=reverse("buyer:invoice", args=[item.invoice.ref]),
            button=_("See how to pay"),
            amount=item.open,
            currency=item.currency,
            due=item.due_on,
            note=_("assigned by %(seller)s") % {"seller": item.seller.legal_name} if payee else "",
            icon="exclamation-triangle" if is_late else "receipt",
            tone="negative" if is_late else "accent",
        )


def _tiles(actor: Actor, *, today: date, currency: str) -> list[Tile]:
    milestones = (
        Milestone.objects.bought_by(actor)
        .order_by()
        .annotate(undisputed=disputes.not_in_dispute())
        .values("currency")
        .annotate(
            to_sign_off=Sum("undisputed", filter=Q(state="submitted"), default=money.ZERO),
            committed=Sum("amount"),
        )
    )
    sums = OpenSum.objects.of_buyer(actor).by_currency(overdue_on=today)
    owed = [
        {"currency": currency, "to_pay": opened, "overdue": overdue} for currency, (opened, overdue) in sums.items()
    ]
    plans = list(milestones)
    invoices, contracts = reverse("buyer:invoices"), reverse("buyer:contracts")
    return [
        _tile(
            _("To sign off"), plans, "to_sign_off", currency, icon="clipboard-check", url=f"{contracts}?state=active"
        ),
        _tile(_("Open to pay"), owed, "to_pay", currency, icon="receipt", url=f"{invoices}?state=open"),
        _tile(_("Overdue"), owed, "overdue", currency, icon="clock-history", url=f"{invoices}?state=overdue"),
        _tile(
            _("Committed"),
            plans,
            "committed",
            currency,
            icon="calendar-check",
            url=f"{contracts}?state=active",
            note=_("agreed, not signed off yet, net of tax"),
        ),
    ]


def _tile(
    label: str,
    rows: Iterable[Mapping[str, Any]],
    column: str,
    currency: str,
    *,
    icon: str,
    url: str = "",
    note: str = "",
) -> Tile:
    """The sum in the organisation's own currency; further currencies are named below it, never added up."""
    amounts = {str(row["currency"]): Decimal(row[column]) for row in rows}
    own = amounts.pop(currency, money.ZERO)
    more = [formats.money(amount, code) for code, amount in sorted(amounts.items()) if amount]
    if not own and more:
        code = max(amounts, key=lambda name: amounts[name])
        return _tile(label, rows, column, code, icon=icon, url=url, note=note)
    notes = [_("and %(amounts)s") % {"amounts": ", ".join(more)}] if more else []
    return Tile(
        label=label, amount=own, currency=currency, icon=icon, url=url, note="; ".join(filter(None, [*notes, note]))
    )

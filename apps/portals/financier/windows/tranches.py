from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import DateField, QuerySet, Value
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import money as amounts
from apps.financing import services as financing
from apps.financing.models import Assignment, Facility, FundingRequest, Offer, Tranche
from apps.financing.models.offer import Stage
from apps.financing.models.tranche import OUTSTANDING
from apps.parties.actor import Actor
from apps.portals import formats
from apps.portals.financier import badges, journal, stories
from apps.portals.financier.action import ActionPage
from apps.portals.financier.actions.losses import AllowForLoss, DeclareDefault, WriteOffAdvance
from apps.portals.financier.actions.recourse import DemandAdvance, PostponeAdvance, RecordRepayment
from apps.portals.financier.actions.tranches import (
    CancelTranche,
    CollectPayment,
    FundTranche,
    PayReserve,
    due_of,
    open_of,
)
from apps.portals.financier.actions.treasury import (
    RecordMisdirected,
    RecordPassedOn,
    ReturnDisbursement,
    ReturnSurplus,
)
from apps.portals.financier.disputed import in_dispute
from apps.portals.financier.evidence import invoice_files
from apps.portals.financier.filters import Ages, Buyers, Sellers, TrancheStates
from apps.portals.financier.pages import Button, address, asker, rate, today_of
from apps.portals.financier.queues import with_reserve_due
from apps.portals.financier.window import Window
from apps.portals.parts import Fact, Step, Tile
from apps.portals.templatetags.cairn import day, money

RECOURSE = (PostponeAdvance, DemandAdvance, RecordRepayment, DeclareDefault, AllowForLoss, WriteOffAdvance)

TREASURY = (ReturnDisbursement, ReturnSurplus, RecordMisdirected, RecordPassedOn)


class TrancheWindow(Window):
    """Advances: paid out on one invoice, repaid by its buyer."""

    title = gettext_lazy("Advances")
    about = gettext_lazy("What you paid out on each invoice, and what came back.")
    nothing = gettext_lazy("When a seller accepts an offer, the advance will stand here.")
    list_display = ("subject", "parties", "expected", "state", "advance", "outstanding")
    end = ("advance", "outstanding")
    list_filter = (TrancheStates, Sellers, Buyers, Ages)
    list_select_related = ("seller", "buyer", "milestone__invoice", "line")
    search_fields = ("^milestone__invoice__number", "^milestone__title", "^seller__legal_name", "^buyer__legal_name")
    search_help_text = gettext_lazy("Invoice number, seller or buyer")
    pages = (FundTranche, CollectPayment, PayReserve, CancelTranche, *RECOURSE, *TREASURY)
    page_template = "admin/pages/tranche.html"
    page_related = (
        "seller",
        "buyer",
        "facility__seller",
        "contract__buyer",
        "contract__active_version",
        "milestone__invoice__open_item",
        "milestone__invoice__document",
        "offer__request",
        "line",
        "assignment",
        "disbursement__sent_by",
        "carried_from__milestone__invoice",
    )

    def rows(self, actor: Actor) -> QuerySet[Any]:
        return with_reserve_due(super().rows(actor).filter(financier_id=actor.organisation_id))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # One "today" for all rows of a page.
        rows: QuerySet[Any] = super().get_queryset(request)
        seen: QuerySet[Any] = rows.annotate(seen_on=Value(today_of(request), DateField()), in_dispute=in_dispute())
        return seen

    @admin.display(description=gettext_lazy("For"))
    def subject(self, row: Tranche) -> str:
        return row.name

    @admin.display(description=gettext_lazy("Seller, buyer"))
    def parties(self, row: Tranche) -> str:
        return self.two(row.seller.legal_name, row.buyer.legal_name)

    @admin.display(description=gettext_lazy("Expected"))
    def expected(self, row: Tranche) -> str:
        return day(row.expected_on)

    @admin.display(description=gettext_lazy("State"))
    def state(self, row: Tranche) -> str:
        return badges.badge(badges.of_tranche(row, today=row.seen_on))  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("Advance"))
    def advance(self, row: Tranche) -> str:
        return money(row.gross, row.currency)

    @admin.display(description=gettext_lazy("Outstanding"))
    def outstanding(self, row: Tranche) -> str:
        return money(row.outstanding, row.currency)

    def name_of(self, row: Tranche) -> str:
        return _("Advance on %(number)s") % {"number": row.name}

    def page(self, request: HttpRequest, row: Tranche) -> dict[str, Any]:
        actor, currency = asker(request), row.currency
        postings = journal.of_tranche(actor, row)
        earned = _earned(postings)
        disbursement = getattr(row, "disbursement", None)
        owed_back = financing.owed_back_in_all(row)
        return {
            "status": self.state(row),
            "lead": _("To %(seller)s; %(buyer)s repays it by paying %(number)s")
            % {"seller": row.seller.legal_name, "buyer": row.buyer.legal_name, "number": row.name},
            "next": _next(row),
            "next_due": row.expected_on if row.state in OUTSTANDING else None,
            "steps": _steps(row),
            "tiles": [
                Tile(label=_("Outstanding"), amount=row.outstanding, currency=currency, note=_("of the advance")),
                Tile(label=_("Owed by the buyer"), amount=open_of(row), currency=currency),
                Tile(label=_("Due to the seller"), amount=due_of(row), currency=currency, note=_("released reserve")),
                Tile(
                    label=_("Earned"),
                    amount=earned,
                    currency=currency,
                    note=_("of %(all)s agreed") % {"all": formats.money(row.discount + row.fee, currency)},
                ),
            ],
            "facts": _facts(row),
            "disbursement": disbursement,
            "collections": list(row.collections.select_related("payment").order_by("pk")),
            "adjustments": list(row.adjustments.select_related("decided_by").order_by("pk")),
            "repayments": list(row.repayments.select_related("recorded_by").order_by("pk")),
            "owed_back": owed_back,
            "payouts": list(row.payouts.select_related("sent_by").order_by("pk")),
            "postings": postings,
            "files": invoice_files(row.invoice) if row.invoice is not None else [],
            "buttons": _buttons(self, request, row, owed_back=owed_back),
            "events": stories.of(
                actor,
                f"tranche:{row.ref}",
                f"assignment:{row.assignment.ref}",
                f"milestone:{row.milestone.ref}",
                *([f"invoice:{row.invoice.ref}"] if row.invoice is not None else []),
            ),
        }


def _earned(postings: list[journal.Posting]) -> Decimal:
    """What was recognised as income so far."""
    legs = [leg for posting in postings for leg in posting.legs if leg.code.startswith("4")]
    return amounts.total((leg.credit or Decimal(0)) - (leg.debit or Decimal(0)) for leg in legs)


def _facts(row: Tranche) -> list[Fact]:
    currency, offer, line, first = row.currency, row.offer, row.line, row.carried_from
    facts = [
        Fact(term=_("Priced"), value=_("before acceptance") if line.stage == Stage.PRE else _("as an invoice")),
        Fact(term=_("Invoice total"), amount=row.face, currency=currency),
        Fact(term=_("Advance, %(rate)s") % {"rate": rate(line.advance_rate)}, amount=row.gross, currency=currency),
        Fact(term=_("Discount"), amount=row.discount, currency=currency),
        Fact(term=_("Fee"), amount=row.fee, currency=currency),
        Fact(term=_("Paid to the seller"), amount=amounts.ZERO if first else row.net, currency=currency, is_total=True),
        *([] if first is None else [Fact(term=_("Carried from"), value=first.name, url=address(Tranche, first.ref))]),
        Fact(term=_("Reserve"), amount=row.reserve, currency=currency),
        Fact(term=_("Discount rate a year"), value=rate(line.annual_rate)),
        Fact(term=_("APR, XIRR"), value=f"{rate(line.apr)}, {rate(line.xirr)}"),
        Fact(term=_("Payment expected"), on=row.expected_on),
    ]
    if row.free_until is not None:
        facts.append(Fact(term=_("Late charge from"), on=row.free_until + timedelta(days=1)))
    return [
        *facts,
        Fact(
            term=_("Offer"), value=_("Version %(version)s") % {"version": offer.version}, url=address(Offer, offer.ref)
        ),
        Fact(term=_("Request"), value=offer.request.about, url=address(FundingRequest, offer.request.ref)),
        Fact(term=_("Assignment"), value=_("Notice to the buyer"), url=address(Assignment, row.assignment.ref)),
        Fact(term=_("Facility"), value=row.seller.legal_name, url=address(Facility, row.facility.ref)),
    ]


def _buttons(window: TrancheWindow, request: HttpRequest, row: Tranche, *, owed_back: Decimal) -> list[Button]:
    """What can be done next; the first is the one that the story waits for."""
    fund, collect, pay = FundTranche(window), CollectPayment(window), PayReserve(window)
    buttons: list[tuple[ActionPage[Tranche], str, str]] = []
    if row.state == "accepted":
        buttons.append((fund, _("Pay out %(net)s") % {"net": formats.money(row.net, row.currency)}, "cash-coin"))
        buttons.append((CancelTranche(window), _("Cancel"), "slash-circle"))
    if due_of(row) > 0:
        due = {"due": formats.money(due_of(row), row.currency)}
        label = _("Pay reserve %(due)s") if row.funded_on is not None else _("Pass %(due)s on")
        buttons.append((pay, label % due, "arrow-return-left"))
    if row.state in ("funded_post", "part_collected", "defaulted", "written_off") or (
        row.state in ("accepted", "recourse_due") and row.invoice is not None
    ):
        buttons.append((collect, _("Record a payment"), "bank"))
    if owed_back > 0:
        label = _("Record repayment of %(owed)s") % {"owed": formats.money(owed_back, row.currency)}
        buttons.append((RecordRepayment(window), label, "arrow-down-left"))
    if financing.misdirected(row) > 0:
        buttons.append((RecordPassedOn(window), _("Record what the seller passed on"), "arrow-down-left"))
    if financing.due_to_buyer(row) > 0:
        buttons.append((ReturnSurplus(window), _("Pay the surplus back"), "arrow-return-left"))
    if row.state in ("funded_post", "part_collected", "defaulted"):
        buttons.append((RecordMisdirected(window), _("Buyer paid the seller"), "signpost-split"))
    if row.state in ("funded_pre", "funded_post") and not row.collections.exists():
        buttons.append((ReturnDisbursement(window), _("It came back"), "arrow-counterclockwise"))
    if row.state == "funded_pre":
        buttons.append((PostponeAdvance(window), _("Move the date"), "calendar-check"))
        buttons.append((DemandAdvance(window), _("Demand it back"), "exclamation-triangle"))
    if row.state in ("funded_post", "part_collected", "defaulted"):
        buttons.append((AllowForLoss(window), _("Allow for a loss"), "calculator"))
    if row.state in ("funded_post", "part_collected"):
        buttons.append((DeclareDefault(window), _("Declare a default"), "x-circle"))
    if row.state == "defaulted":
        buttons.append((WriteOffAdvance(window), _("Write it off"), "slash-circle"))
    return [
        Button(
            label=label,
            url=page.url(row),
            refusal=page.why_not(request, row),
            icon=icon,
            css="btn-primary" if at == 0 else "btn-secondary",
        )
        for at, (page, label, icon) in enumerate(buttons)
    ][::-1]


def _steps(row: Tranche) -> list[Step]:
    """Accepted, buyer told, paid out, collected, reserve paid."""
    is_settled = row.state == "settled"
    marks = [
        (_("Accepted"), True, row.accepted_at.date()),
        (_("Buyer told"), row.assignment.is_notified, None),
        (_("Paid out"), row.funded_on is not None, row.funded_on),
        *_acceptance(row),
        (_("Collected"), is_settled, row.settled_on),
        (_("Reserve paid"), is_settled and due_of(row) == 0, None),
    ]
    current = next((at for at, mark in enumerate(marks) if not mark[1]), len(marks))
    return [
        Step(name=name, state="done" if at < current else "current" if at == current else "ahead", on=on)
        for at, (name, _is_done, on) in enumerate(marks)
    ]


def _acceptance(row: Tranche) -> list[tuple[str, bool, date | None]]:
    """An advance that was priced before acceptance has one step more."""
    if row.line.stage != Stage.PRE:
        return []
    accepted_at = row.milestone.accepted_at
    is_bought = row.bought_at is not None or row.state in ("funded_post", "part_collected", "settled")
    return [(_("Milestone accepted"), is_bought, accepted_at.date() if accepted_at else None)]


def _next(row: Tranche) -> str:
    buyer = {"buyer": row.buyer.legal_name}
    if badges.is_disputed(row):
        return _("buyer and seller settle their dispute. Until then nothing is paid out on it.")
    if badges.is_sent_back(row):
        return _("%(seller)s does what %(buyer)s asked for and submits the milestone again.") % {
            **buyer,
            "seller": row.seller.legal_name,
        }
    if row.state in ("settled", "cancelled") and due_of(row) > 0:
        return _("treasury pays %(due)s to %(seller)s.") % {
            "due": formats.money(due_of(row), row.currency),
            "seller": row.seller.legal_name,
        }
    waiting = (
        _("treasury pays the advance out.")
        if row.assignment.is_notified
        else _("%(buyer)s acknowledges the notice, or a second person waives that.") % buyer
    )
    return {
        "accepted": waiting,
        "funded_pre": _("%(buyer)s accepts the milestone, then its invoice is yours; its payment is expected on")
        % buyer,
        "cancelled": _("nothing. The advance was cancelled."),
        "recourse_due": _("%(seller)s pays back what it owes.") % {"seller": row.seller.legal_name},
        "returned": _("nothing. The bank returned the money; the seller can ask anew."),
        "repurchased": _("nothing. The seller bought the advance back."),
        "defaulted": _("a second person writes it off, or the buyer pays after all."),
        "written_off": _("nothing is expected. What comes in after all is recovered."),
        "settled": _("nothing. The advance is settled, and the reserve paid."),
    }.get(row.state, _("%(buyer)s pays you, expected on") % buyer)

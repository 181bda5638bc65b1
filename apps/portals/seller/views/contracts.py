"""Contracts: the list, the page of one, signing and proposing it, withdrawing it."""

from collections.abc import Mapping, Sequence

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.contracts import services as contracts_services
from apps.contracts.models import Contract, ContractVersion, GuestGrant, PlanLine
from apps.invoicing.models import Instalment, Invoice
from apps.milestones.models import Milestone
from apps.parties.roles import Action
from apps.portals import conversing, deposits, history, instalments, papers, retaining, returned, waiting
from apps.portals.access import PortalRequest, portal
from apps.portals.applying.page import panel_of as applications_of
from apps.portals.changing.desk import orders_of
from apps.portals.correcting.side import SELLER
from apps.portals.course import course_of
from apps.portals.disputing import shown as disputes
from apps.portals.drafting.desk import Desk
from apps.portals.forms import ActionForm
from apps.portals.paging import counted, page_of
from apps.portals.parts import Tab
from apps.portals.reserving import shown as reservations
from apps.portals.seller import figures
from apps.portals.seller.pages import contract_crumbs, page, today_of, why_not
from apps.portals.shown import contract_state, invoice_state, milestone_states, version_state, with_lapse
from apps.portals.terminating.desk import ending_of

DESK = Desk("seller")

FILTERS: Mapping[str, Q] = {
    "draft": Q(state="draft"),
    "proposed": Q(state="proposed"),
    "active": Q(state="active"),
    "completed": Q(state="completed"),
    "terminated": Q(state="terminated"),
}


def _search(rows: QuerySet[Contract, Contract], words: str) -> QuerySet[Contract, Contract]:
    if not words:
        return rows
    return rows.filter(Q(title__icontains=words) | Q(number__icontains=words) | Q(buyer__legal_name__icontains=words))


@require_safe
@portal("seller")
def contracts(request: PortalRequest) -> HttpResponse:
    """The seller's contracts, newest first; ``?state=`` and ``?q=`` narrow the list."""
    state, words = request.GET.get("state", ""), request.GET.get("q", "").strip()[:80]
    found = _search(Contract.objects.of_seller(request.actor), words)
    counts = counted(request.actor, found, {"all": Q(), **FILTERS})
    if state in FILTERS:
        found = found.filter(FILTERS[state])
    shown = page_of(request, with_lapse(found.select_related("buyer")))
    sums = figures.of_contracts(request.actor, shown.rows)
    return page(
        request,
        "contracts",
        {
            "rows": [(contract, contract_state(contract), sums[contract.pk]) for contract in shown.rows],
            "page": shown,
            "tabs": _tabs(counts, state=state, words=words),
            "state": state if state in FILTERS else "",
            "words": words,
        },
    )


def _tabs(counts: Mapping[str, int], *, state: str, words: str) -> list[Tab]:
    names = {
        "draft": _("Drafts"),
        "proposed": _("Proposed"),
        "active": _("Active"),
        "completed": _("Completed"),
        "terminated": _("Terminated"),
    }
    search = f"&q={words}" if words else ""
    everything = Tab(label=_("All"), url=f"?{search[1:]}", is_current=state not in FILTERS, count=counts["all"])
    return [
        everything,
        *(
            Tab(label=names[name], url=f"?state={name}{search}", is_current=state == name, count=counts[name])
            for name in FILTERS
        ),
    ]


def _contract(request: PortalRequest, ref: str) -> Contract:
    mine = with_lapse(Contract.objects.of_seller(request.actor).select_related("buyer", "seller"))
    return get_object_or_404(mine, ref=ref)


@require_safe
@portal("seller")
def contract(request: PortalRequest, ref: str) -> HttpResponse:
    """One contract: its facts, the plan with where each milestone stands, signatures, versions, what happened."""
    found = _contract(request, ref)
    actor = request.actor
    versions = list(
        ContractVersion.objects.visible_to(actor)
        .filter(contract=found)
        .order_by("-number")
        .prefetch_related("signatures__organisation")
    )
    active = found.active_version
    in_force = (active.pk, active.option_of_id) if active is not None else ()
    whole = next((version for version in versions if version.pk in in_force), versions[0])
    whole.contract = found
    current = contracts_services.plan_in_force(whole)
    lines = list(current.lines.prefetch_related("criteria"))
    milestones = list(Milestone.objects.visible_to(actor).filter(contract=found).prefetch_related("line__criteria"))
    today = today_of(request)
    by_calendar = instalments.calendars(actor, found, today=today)
    invoices = {
        invoice.milestone_id: (invoice, invoice_state(invoice.open_item, today=today))
        for invoice in Invoice.objects.of_seller(actor).filter(contract=found).select_related("open_item")
    }
    states = milestone_states(milestones)
    plan: list[tuple[PlanLine, Milestone | None, str, tuple[Invoice, str] | None]]
    plan = [(one.line, one, states[one.pk], invoices.get(one.pk)) for one in milestones]
    # What the calendar bills has no milestone, and before the signature nothing has.
    plan += [(line, None, "", None) for line in lines if line.due or not milestones]
    plan.sort(key=lambda row: row[0].position)
    link = (
        GuestGrant.objects.visible_to(actor)
        .filter(contract=found, purpose="sign_contract", subject_ref=whole.ref, revoked_at__isnull=True)
        .order_by("-pk")
        .first()
    )
    last = next((version for version in versions if version.proposed_at), None)
    draft = next((version for version in versions if version.proposed_at is None), None)
    is_buyers = last is not None and last.author == "buyer"
    for version in versions:
        version.contract = found
    sums = figures.of_contracts(actor, [found])[found.pk]
    return page(
        request,
        "contract",
        {
            "contract": found,
            "state": contract_state(found),
            "version": current,
            "whole": whole,
            "versions": [
                (version, version_state(version, contract=found, newest=last.number if last else 0))
                for version in versions
            ],
            "last": last,
            "draft": draft if found.state in ("draft", "proposed") else None,
            "may_withdraw": contracts_services.may_withdraw(found, side="seller"),
            "to_answer": last if found.state == "proposed" and is_buyers else None,
            "conversation": conversing.conversation(
                actor,
                found,
                side="seller",
                url=reverse("seller:comment_contract", args=[last.ref]) if last else "",
            ),
            "plan": plan,
            "calendars": by_calendar,
            "side": "seller",
            "figures": sums,
            "course": course_of(found, milestones=milestones, calendars=by_calendar, paid=sums.paid, today=today),
            "link": link,
            "orders": orders_of(actor, found, price=sums.price, lowered=sums.lowered),
            "ending": ending_of(actor, found, desk=DESK),
            "disputes": disputes.of_contract(actor, found, side=SELLER),
            "reservations": reservations.of_contract(actor, found, side=SELLER),
            "retention": retaining.panel_of(found, side="seller"),
            "applications": applications_of(found),
            "waiting": waiting.panel_of(found),
            "deposits": deposits.panel_of(found, calendars=by_calendar),
            "printed": papers.printed(
                actor,
                whole,
                url=reverse("seller:contract_pdf", args=[whole.ref]),
                here=_url(found),
                retry_url=reverse("seller:retry_contract_document", args=[whole.ref]),
            ),
            "came_back": returned.of_version(actor, last),
            "asked": last if found.state == "draft" and last is not None and last.changes_asked_at else None,
            "may_edit": not why_not(actor, Action.EDIT_CONTRACT),
            "events": history.of_contract(actor, found),
            "action": ActionForm(auto_id="prove_%s"),
            "next": _what_next(found, milestones, last=last, by_calendar=instalments.next_of(by_calendar)),
            "crumbs": contract_crumbs((found.number, "")),
        },
    )


def _what_next(
    contract: Contract,
    milestones: list[Milestone],
    *,
    last: ContractVersion | None,
    by_calendar: Instalment | None,
) -> dict[str, object]:
    """The one line that says what happens next, with its date where there is one."""
    buyer = contract.buyer.legal_name
    if contract.state == "draft":
        return {"text": _next_of_draft(last, buyer=buyer)}
    if contract.state == "proposed" and last is not None:
        if last.author == "buyer":
            text = _("you read version %(number)s of %(buyer)s, and sign it, ask for changes or answer with another.")
            return {"text": text % {"number": last.number, "buyer": buyer}, "due": last.answer_until}
        text = _("%(name)s reads and signs it, or asks for changes, by the personal link in the mail.")
        return {"text": text % {"name": last.signatory_name}, "due": last.answer_until}
    if contract.state == "active":
        return _next_of_milestones(milestones, buyer=buyer) or _next_by_calendar(by_calendar)
    ended = {
        "completed": _("nothing to deliver any more. Open invoices are paid."),
        "terminated": _("nothing. The contract is terminated. Open invoices are paid."),
    }
    return {"text": ended.get(contract.state, _("nothing. The contract is withdrawn."))}


def _next_of_draft(last: ContractVersion | None, *, buyer: str) -> str:
    if last is None:
        return _("you complete the draft, sign it and send it to %(buyer)s.") % {"buyer": buyer}
    if last.author == "buyer":
        return _("%(buyer)s works on a new version. You get a mail when it is ready.") % {"buyer": buyer}
    if last.expired_at is not None:
        return _("you propose it again with a later day, change it, or withdraw it: nobody signed in time.")
    return _("you revise the draft as %(buyer)s asked, and propose it again.") % {"buyer": buyer}


def _next_of_milestones(milestones: Sequence[Milestone], *, buyer: str) -> dict[str, object]:
    """What waits for the seller first, then what waits for the buyer, then what is planned next."""
    order = ("changes_requested", "submitted", "planned")
    open_ones = [milestone for milestone in milestones if milestone.state in order]
    if not open_ones:
        return {}
    first = min(open_ones, key=lambda milestone: (order.index(milestone.state), milestone.position))
    names = {"buyer": buyer, "title": first.title}
    if first.state == "changes_requested":
        return {"text": _("you revise “%(title)s” and submit it again.") % names}
    if first.state == "submitted":
        return {"text": _("%(buyer)s signs “%(title)s” off.") % names}
    if first.planned_on is None:
        return {"text": _("you deliver “%(title)s” and submit it.") % names}
    return {"text": _("you deliver “%(title)s” and submit it. Planned on") % names, "due": first.planned_on}


def _next_by_calendar(instalment: Instalment | None) -> dict[str, object]:
    if instalment is None:
        return {"text": _("nothing to deliver any more.")}
    text = _("“%(title)s” is billed by itself on") % {"title": str(instalment)}
    return {"text": text, "due": instalment.bills_on}


def _url(contract: Contract) -> str:
    return reverse("seller:contract", args=[contract.ref])

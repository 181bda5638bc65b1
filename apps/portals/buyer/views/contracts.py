"""Contracts in which the organisation buys: the list, the page of one, its signature."""

from collections.abc import Mapping, Sequence
from datetime import date

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.contracts import services as contracting
from apps.contracts.models import Contract, ContractVersion
from apps.invoicing.models import Instalment
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import ENDED
from apps.parties.roles import Action
from apps.portals import deposits, history, instalments, retaining, waiting
from apps.portals.access import PortalRequest, portal
from apps.portals.applying.page import panel_of as applications_of
from apps.portals.buyer import figures, signing, versions
from apps.portals.buyer.pages import Crumbs, contract_crumbs, page, today_of, why_not, zone_of
from apps.portals.buyer.stories import contract_story
from apps.portals.buyer.views.order_numbers import order_number_form
from apps.portals.buyer.ways import MemberWay
from apps.portals.changing.desk import orders_of
from apps.portals.correcting.side import BUYER
from apps.portals.disputing import shown as disputes
from apps.portals.drafting.desk import Desk
from apps.portals.forms import ActionForm
from apps.portals.paging import counted, page_of
from apps.portals.parts import Tab
from apps.portals.reserving import shown as reservations
from apps.portals.shown import contract_state, milestone_states, proposed_by, version_state, with_lapse
from apps.portals.terminating.desk import ending_of

WAY, DESK = MemberWay(), Desk("buyer")
FILTERS: Mapping[str, Q] = {
    "draft": Q(state="draft"),
    "to_sign": proposed_by("seller"),
    "proposed": proposed_by("buyer"),
    "active": Q(state="active"),
    "completed": Q(state="completed"),
    "terminated": Q(state="terminated"),
}


def _search(rows: QuerySet[Contract, Contract], words: str) -> QuerySet[Contract, Contract]:
    if not words:
        return rows
    return rows.filter(Q(title__icontains=words) | Q(number__icontains=words) | Q(seller__legal_name__icontains=words))


@require_safe
@portal("buyer")
def contracts(request: PortalRequest) -> HttpResponse:
    """Newest first; ``?state=`` and ``?q=`` narrow the list."""
    state, words = request.GET.get("state", ""), request.GET.get("q", "").strip()[:80]
    found = _search(Contract.objects.of_buyer(request.actor), words)
    counts = counted(request.actor, found, {"all": Q(), **FILTERS})
    if state in FILTERS:
        found = found.filter(FILTERS[state])
    rows = page_of(request, with_lapse(found.select_related("seller", "active_version")))
    sums = figures.of_contracts(request.actor, rows.rows)
    proposed = versions.newest_prices(request.actor, rows.rows)
    return page(
        request,
        "contracts",
        {
            "rows": [
                (contract, contract_state(contract), sums.get(contract.pk), proposed.get(contract.pk))
                for contract in rows.rows
            ],
            "page": rows,
            "tabs": _tabs(counts, state=state, words=words),
            "state": state if state in FILTERS else "",
            "words": words,
        },
        zone=zone_of(request),
    )


def _tabs(counts: Mapping[str, int], *, state: str, words: str) -> list[Tab]:
    names = {
        "draft": _("Drafts"),
        "to_sign": _("To sign"),
        "proposed": _("Proposed"),
        "active": _("Active"),
        "completed": _("Completed"),
        "terminated": _("Terminated"),
    }
    query = f"&q={words}" if words else ""
    return [
        Tab(label=_("All"), url=f"?{query[1:]}", is_current=state not in FILTERS, count=counts["all"]),
        *(
            Tab(label=names[name], url=f"?state={name}{query}", is_current=state == name, count=counts[name])
            for name in FILTERS
        ),
    ]


@require_safe
@portal("buyer")
def contract(request: PortalRequest, ref: str) -> HttpResponse:
    """One contract: what waits, the plan with its progress, invoices, versions with what changed, what happened."""
    actor = request.actor
    found = get_object_or_404(
        with_lapse(Contract.objects.of_buyer(actor).select_related("seller", "buyer", "active_version")), ref=ref
    )
    if not found.was_proposed:
        return _own_paper(request, found)
    sent = list(versions.proposed_to(actor).filter(contract=found).order_by("-number"))
    for version in sent:
        version.contract = found
    active = found.active_version
    in_force = (active.pk, active.option_of_id) if active is not None else ()
    shown = next((v for v in sent if v.pk in in_force), sent[0])
    draft = DESK.draft(request, found) if found.state in ("draft", "proposed") else None
    milestones = list(
        Milestone.objects.visible_to(actor)
        .filter(contract=found)
        .select_related("invoice__open_item", "line")
        .order_by("position", "part")
    )
    by_calendar = instalments.calendars(actor, found, today=today_of(request))
    sums = figures.of_contracts(actor, [found]).get(found.pk)
    states = milestone_states(milestones)
    return page(
        request,
        "contract",
        {
            "contract": found,
            "state": contract_state(found),
            "reading": versions.read(actor, shown, way=WAY),
            "figures": sums,
            "milestones": [(one, states[one.pk]) for one in milestones],
            "orders": orders_of(actor, found, price=sums.price, lowered=sums.lowered) if sums else None,
            "ending": ending_of(actor, found, desk=DESK),
            "disputes": disputes.of_contract(actor, found, side=BUYER),
            "reservations": reservations.of_contract(actor, found, side=BUYER),
            "retention": retaining.panel_of(found, side="buyer"),
            "applications": applications_of(found),
            "waiting": waiting.panel_of(found),
            "deposits": deposits.panel_of(found, calendars=by_calendar),
            "calendars": by_calendar,
            "side": "buyer",
            "versions": [(version, version_state(version, contract=found, newest=sent[0].number)) for version in sent],
            "draft": draft,
            "may_edit": not why_not(actor, Action.EDIT_CONTRACT),
            "may_withdraw": contracting.may_withdraw(found, side="buyer"),
            "events": contract_story(actor, found, versions=sent),
            "next": _what_next(found, milestones, last=sent[0], by_calendar=instalments.next_of(by_calendar)),
            "why_not": why_not(actor, Action.SIGN_CONTRACT),
            "action": ActionForm(auto_id="prove_%s"),
            "order_number_form": order_number_form(actor, found),
            "crumbs": contract_crumbs((found.number, "")),
        },
        zone=zone_of(request),
    )


def _own_paper(request: PortalRequest, contract: Contract) -> HttpResponse:
    """A contract that the buyer began and nobody else has seen: what is written so far, and how it goes on."""
    actor = request.actor
    return page(
        request,
        "order",
        {
            "contract": contract,
            "state": contract_state(contract),
            "draft": DESK.draft(request, contract) if contract.state == "draft" else None,
            "may_edit": not why_not(actor, Action.EDIT_CONTRACT),
            "events": history.of_contract(actor, contract),
            "next": (_("you complete the draft, sign it and send it to the seller."), None)
            if contract.state == "draft"
            else (_("nothing. The contract is withdrawn."), None),
            "crumbs": contract_crumbs((contract.number, "")),
        },
        zone=zone_of(request),
    )


def _what_next(
    contract: Contract, milestones: Sequence[Milestone], *, last: ContractVersion, by_calendar: Instalment | None
) -> tuple[str, date | None]:
    """What happens next, and by when."""
    is_own = last.author == "buyer"
    if contract.state == "proposed":
        theirs = _("you read the contract, and sign it or ask for changes.")
        own = _("the seller reads your version, and signs it or answers. You get a mail.")
        return own if is_own else theirs, last.answer_until
    if contract.state == "draft":
        theirs = _("the seller works on a new version. You are told when it is ready.")
        return _("you change your version and propose it again, or withdraw it.") if is_own else theirs, None
    if contract.state == "withdrawn":
        return _("nothing. The proposal is withdrawn."), None
    if contract.state == "terminated":
        return _("nothing. The contract is terminated. Open invoices are paid."), None
    return _next_of_active(milestones, by_calendar)


def _next_of_active(milestones: Sequence[Milestone], by_calendar: Instalment | None) -> tuple[str, date | None]:
    sent = next((m for m in milestones if m.state == "submitted"), None)
    if sent is not None:
        return _("you review “%(title)s” and sign it off or request changes.") % {"title": sent.title}, None
    planned = next((m for m in milestones if m.state not in ENDED), None)
    if planned is not None:
        text = _("the seller delivers “%(title)s” and submits it to you.") % {"title": planned.title}
        return text if planned.planned_on is None else _("%(what)s Planned for") % {"what": text}, planned.planned_on
    if by_calendar is not None:
        return _("“%(title)s” is billed to you on") % {"title": str(by_calendar)}, by_calendar.bills_on
    return _("nothing. Every milestone is signed off."), None


def _version(request: PortalRequest, ref: str) -> ContractVersion:
    return get_object_or_404(versions.proposed_to(request.actor), ref=ref)


def _crumbs(version: ContractVersion, here: str) -> Crumbs:
    contract = version.contract
    return contract_crumbs((contract.number, reverse("buyer:contract", args=[contract.ref])), (here, ""))


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def sign_contract(request: PortalRequest, ref: str) -> HttpResponse:
    """Sign the proposed version."""
    version = _version(request, ref)
    return signing.sign_contract(request, version, way=WAY, crumbs=_crumbs(version, _("Sign")))


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def request_contract_changes(request: PortalRequest, ref: str) -> HttpResponse:
    """Ask the seller for other terms."""
    version = _version(request, ref)
    return signing.request_contract_changes(request, version, way=WAY, crumbs=_crumbs(version, _("Ask for changes")))

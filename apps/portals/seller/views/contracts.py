"""Contracts: the list, the page of one, signing and proposing it, withdrawing it."""

from collections.abc import Mapping, Sequence

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.contracts import services as contract_services
from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import Invoice
from apps.milestones.models import Milestone
from apps.parties.roles import Action
from apps.portals import history
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, SeenForm, add_refusal, explain
from apps.portals.paging import counted, page_of
from apps.portals.parts import Tab
from apps.portals.seller import figures
from apps.portals.seller.forms.plan import past_dates
from apps.portals.seller.pages import contract_crumbs, page, today_of, why_not
from apps.portals.shown import contract_state, invoice_state, version_state
from apps.workflows import contracting

FILTERS: Mapping[str, Q] = {
    "draft": Q(state="draft"),
    "proposed": Q(state="proposed"),
    "active": Q(state="active"),
    "completed": Q(state="completed"),
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
    shown = page_of(request, found.select_related("buyer"))
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
    names = {"draft": _("Drafts"), "proposed": _("Proposed"), "active": _("Active"), "completed": _("Completed")}
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
    return get_object_or_404(Contract.objects.of_seller(request.actor).select_related("buyer", "seller"), ref=ref)


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
    current = next((version for version in versions if version.pk == found.active_version_id), versions[0])
    lines = list(current.lines.prefetch_related("criteria"))
    milestones = {
        milestone.line_id: milestone for milestone in Milestone.objects.visible_to(actor).filter(contract=found)
    }
    today = today_of(request)
    invoices = {
        invoice.milestone_id: (invoice, invoice_state(invoice.open_item, today=today))
        for invoice in Invoice.objects.of_seller(actor).filter(contract=found).select_related("open_item")
    }
    plan = [
        (line, milestone, invoices.get(milestone.pk) if milestone else None)
        for line, milestone in ((line, milestones.get(line.pk)) for line in lines)
    ]
    link = (
        GuestGrant.objects.visible_to(actor)
        .filter(contract=found, purpose="sign_contract", subject_ref=current.ref, revoked_at__isnull=True)
        .order_by("-pk")
        .first()
    )
    asked = next((version for version in versions if version.changes_asked_at), None)
    return page(
        request,
        "contract",
        {
            "contract": found,
            "state": contract_state(found),
            "version": current,
            "versions": [(version, version_state(version, contract=found)) for version in versions],
            "plan": plan,
            "figures": figures.of_contracts(actor, [found])[found.pk],
            "link": link,
            "asked": asked if found.state == "draft" else None,
            "may_edit": not why_not(actor, Action.EDIT_CONTRACT),
            "events": history.of_contract(actor, found),
            "action": ActionForm(auto_id="prove_%s"),
            "next": _what_next(found, current, list(milestones.values())),
            "crumbs": contract_crumbs((found.number, "")),
        },
    )


def _what_next(contract: Contract, version: ContractVersion, milestones: list[Milestone]) -> dict[str, object]:
    """The one line that says what happens next, with its date where there is one."""
    buyer = contract.buyer.legal_name
    if contract.state == "draft":
        text = (
            _("you revise the draft as %(buyer)s asked, and propose it again.") % {"buyer": buyer}
            if contract.was_proposed
            else _("you complete the draft, sign it and send it to %(buyer)s.") % {"buyer": buyer}
        )
        return {"text": text}
    if contract.state == "proposed":
        return {
            "text": _("%(name)s reads and signs it, or asks for changes, by the personal link in the mail.")
            % {"name": version.signatory_name}
        }
    if contract.state == "active":
        return _next_of_milestones(milestones, buyer=buyer)
    if contract.state == "completed":
        return {"text": _("nothing to deliver any more. Open invoices are paid.")}
    return {"text": _("nothing. The contract is withdrawn.")}


def _next_of_milestones(milestones: Sequence[Milestone], *, buyer: str) -> dict[str, object]:
    """What waits for the seller first, then what waits for the buyer, then what is planned next."""
    order = ("changes_requested", "submitted", "planned")
    open_ones = [milestone for milestone in milestones if milestone.state in order]
    first = min(open_ones, key=lambda milestone: (order.index(milestone.state), milestone.position))
    names = {"buyer": buyer, "title": first.title}
    if first.state == "changes_requested":
        return {"text": _("you revise “%(title)s” and submit it again.") % names}
    if first.state == "submitted":
        return {"text": _("%(buyer)s signs “%(title)s” off.") % names}
    if first.planned_on is None:
        return {"text": _("you deliver “%(title)s” and submit it.") % names}
    return {"text": _("you deliver “%(title)s” and submit it. Planned on") % names, "due": first.planned_on}


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def propose_contract(request: PortalRequest, ref: str) -> HttpResponse:
    """Check answers: everything that will be signed, and the button that signs and sends it."""
    found = _contract(request, ref)
    if found.state != "draft":
        messages.info(request, _("This contract was sent already."))
        return redirect("seller:contract", ref=found.ref)
    version = get_object_or_404(
        ContractVersion.objects.visible_to(request.actor)
        .select_related("contract__seller", "contract__buyer")
        .prefetch_related("lines__criteria"),
        contract=found,
        proposed_at__isnull=True,
    )
    refusal = why_not(request.actor, Action.SIGN_CONTRACT) or why_not(request.actor, Action.EDIT_CONTRACT)
    text, sha256 = "", ""
    try:
        text, sha256 = contract_services.preview(found)
        invoicing.check_billable(contract=version.contract, version=version)
    except Refused as refused:
        refusal = refusal or explain(refused)
    form = SeenForm(request.POST or None, initial={"seen": sha256})
    if request.method == "POST" and form.is_valid():
        try:
            contracting.propose_contract(
                actor=request.actor,
                key=form.cleaned_data["key"],
                contract_ref=found.ref,
                seen=form.cleaned_data["seen"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(
                request,
                _("Signed and sent. %(name)s gets a mail with a personal link.") % {"name": version.signatory_name},
            )
            return redirect("seller:contract", ref=found.ref)
    return page(
        request,
        "propose_contract",
        {
            "contract": found,
            "version": version,
            "lines": list(version.lines.all()),
            "text": text,
            "sha256": sha256,
            "refusal": refusal,
            "past_dates": past_dates(
                ((line.title, line.planned_on) for line in version.lines.all()), today=today_of(request)
            ),
            "statement": contract_services.seller_statement(version).text,
            "again": SeenForm(initial={"seen": sha256}),
            "crumbs": contract_crumbs(
                (found.number, _url(found)),
                (_("Check answers"), ""),
            ),
        },
        form=form,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def withdraw_contract(request: PortalRequest, ref: str) -> HttpResponse:
    """Take back a draft or a proposal: a page that says what ends, and the button."""
    found = _contract(request, ref)
    form = ActionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            contracting.withdraw_contract(actor=request.actor, key=form.cleaned_data["key"], contract_ref=found.ref)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The contract is withdrawn."))
            return redirect("seller:contract", ref=found.ref)
    effects = [_("Nobody can change or sign it any more; you can start a new contract at any time.")]
    if found.state == "proposed":
        effects.insert(0, _("The personal link that %(buyer)s has stops working.") % {"buyer": found.buyer.legal_name})
    return page(
        request,
        "withdraw_contract",
        {
            "contract": found,
            "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
            "is_open": found.state in ("draft", "proposed"),
            "effects": effects,
            "crumbs": contract_crumbs((found.number, _url(found)), (_("Withdraw"), "")),
        },
        form=form,
    )


def _url(contract: Contract) -> str:
    return reverse("seller:contract", args=[contract.ref])

"""From a draft to a proposal, and back: the check of the answers, the withdrawal, the answer with another version."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.parties.roles import Action
from apps.portals import missing_people
from apps.portals.access import PortalRequest
from apps.portals.drafting import addresses
from apps.portals.drafting.dates import past_dates
from apps.portals.drafting.desk import Desk, why_not
from apps.portals.drafting.timeline import timeline_of
from apps.portals.forms import ActionForm, SeenForm, add_refusal, explain
from apps.workflows import contracting, negotiating


def propose_contract(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Check answers: everything that will be signed, and the button that signs and sends it."""
    found = desk.contract(request, ref)
    version = desk.draft(request, found)
    if found.state not in ("draft", "proposed") or version is None:
        messages.info(request, _("This contract was sent already."))
        return redirect(desk.url("contract", found.ref))
    refusal = why_not(request.actor, Action.SIGN_CONTRACT) or why_not(request.actor, Action.EDIT_CONTRACT)
    text, sha256 = "", ""
    try:
        text, sha256 = contracts.preview(found, side=desk.side)
        if desk.side == "seller":
            invoicing.check_billable(contract=version.contract, version=version)
    except Refused as refused:
        refusal = refusal or addresses.told(refused, found, actor=request.actor, desk=desk)
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
            messages.success(request, _sent(version, desk=desk))
            return redirect(desk.url("contract", found.ref))
    lines, today = list(version.lines.all()), desk.today(request)
    return desk.page(
        request,
        "propose_contract",
        {
            "contract": found,
            "version": version,
            "lines": lines,
            "timeline": timeline_of(lines, currency=version.currency, today=today),
            "options": contracts.plans_of(version)[1:],
            "options_url": desk.url("plan_options", found.ref),
            "compare_url": desk.url("compare_plans", found.ref),
            "text": text,
            "sha256": sha256,
            "refusal": refusal,
            "past_dates": past_dates(((line.title, line.planned_on) for line in lines), today=today),
            "missing_people": missing_people.of_version(version, side=desk.side),
            "statement": contracts.statement_of(version, side=desk.side).text,
            "again": SeenForm(initial={"seen": sha256}),
            "change_url": desk.url("change_draft", found.ref),
            "crumbs": desk.crumbs((found.number, desk.url("contract", found.ref)), (_("Check answers"), "")),
        },
        form=form,
    )


def _sent(version: ContractVersion, *, desk: Desk) -> str:
    if desk.side == "seller":
        return _("Signed and sent. %(name)s gets a mail with a personal link.") % {"name": version.signatory_name}
    return _("Signed and sent. %(name)s gets a mail.") % {"name": version.contract.seller.legal_name}


def withdraw_contract(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Take back a draft or a proposal: a page that says what ends, and the button."""
    found = desk.contract(request, ref)
    form = ActionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            contracting.withdraw_contract(actor=request.actor, key=form.cleaned_data["key"], contract_ref=found.ref)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The contract is withdrawn."))
            return redirect(desk.url("contract", found.ref))
    return desk.page(
        request,
        "withdraw_contract",
        {
            "contract": found,
            "refusal": why_not(request.actor, Action.EDIT_CONTRACT) or _not_last(found, desk=desk),
            "is_open": found.state in ("draft", "proposed"),
            "effects": _effects(found, desk=desk),
            "contract_url": desk.url("contract", found.ref),
            "crumbs": desk.crumbs((found.number, desk.url("contract", found.ref)), (_("Withdraw"), "")),
        },
        form=form,
    )


def _not_last(contract: Contract, *, desk: Desk) -> str:
    """Why this side cannot withdraw; nothing where it proposed last."""
    if contract.state in ("draft", "proposed") and not contracts.may_withdraw(contract, side=desk.side):
        return _("Only the side that proposed last can withdraw. Ask for changes instead.")
    return ""


def _effects(contract: Contract, *, desk: Desk) -> list[str]:
    effects = [_("Nobody can change or sign it any more; you can start a new contract at any time.")]
    if contract.state == "proposed" and desk.side == "seller":
        buyer = contract.buyer.legal_name
        effects.insert(0, _("The personal link that %(buyer)s has stops working.") % {"buyer": buyer})
    return effects


def answer_proposal(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Begin a version of one's own from what the other side proposed, and go on to write it."""
    versions = ContractVersion.objects.visible_to(request.actor).filter(proposed_at__isnull=False)
    mine = versions.filter(contract__in=desk.contracts(request.actor)).select_related("contract")
    version = get_object_or_404(mine, ref=ref)
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            negotiating.answer_proposal(actor=request.actor, key=form.cleaned_data["key"], version_ref=version.ref)
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            return redirect(desk.url("change_draft", version.contract.ref))
    return redirect(desk.url("contract", version.contract.ref))

"""A settlement is written, checked and proposed by one side, and signed by the other."""

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.core.errors import ProofNeeded, Refused
from apps.milestones import services as milestones
from apps.milestones.models import Settlement
from apps.milestones.rules import Valued
from apps.parties.roles import Action
from apps.portals import interrupted, proving
from apps.portals.access import PortalRequest
from apps.portals.drafting.desk import Desk, why_not
from apps.portals.forms import SeenForm, add_refusal, explain
from apps.portals.terminating.desk import crumbs, notice_of, settlement_of
from apps.portals.terminating.forms import SettlementForms
from apps.workflows import terminating
from apps.workflows.terminating import SettlementPreview

OWN_FIELDS: Final = frozenset({"csrfmiddlewaretoken", "key", "seen", "do"})
"""What a form says besides the settlement itself."""


def propose_settlement(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Say what the work in progress is worth, check it, sign it and send it."""
    notice = notice_of(request, ref, desk=desk)
    contract, back = notice.contract, desk.url("termination", notice.ref)
    if notice.state != "noticed" or contract.state != "active":
        messages.info(request, _("This termination is settled or withdrawn. There is nothing to propose."))
        return redirect(back)
    try:
        values, refusal = milestones.open_values(contract), ""
    except Refused as refused:
        values, refusal = [], explain(refused)
    refusal = refusal or why_not(request.actor, Action.SIGN_CONTRACT)
    do = request.POST.get("do", "")
    forms = SettlementForms(
        request.POST or None, values=_begun(values, notice.settlements.last()), currency=contract.currency
    )
    interrupted.give_back(request, forms.head, *forms.values)
    is_sent = request.method == "POST" and do != "back" and not refusal
    if is_sent and forms.is_valid():
        answer = _checked(request, ref, forms, desk=desk)
        if answer is not None:
            return answer
    return desk.page(
        request,
        "propose_settlement",
        {
            "contract": contract,
            "notice": notice,
            "forms": forms,
            "problems": forms.problems() if is_sent else [],
            "refusal": refusal,
            "back_url": back,
            "crumbs": crumbs(desk, contract, (_("Termination"), back), (_("Settlement"), "")),
        },
        room="terminating",
        is_refused=is_sent,
    )


def sign_settlement(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Everything that the signature does, and the button."""
    settlement = settlement_of(request, ref, desk=desk)
    contract = settlement.contract
    here = desk.url("termination", settlement.termination.ref)
    if request.method != "POST" and (settlement.state != "proposed" or settlement.side == desk.side):
        return redirect(here)
    form = SeenForm(request.POST or None, initial={"seen": settlement.sha256})
    if request.method == "POST" and form.is_valid():
        try:
            answer = terminating.sign_settlement(
                actor=request.actor,
                key=form.cleaned_data["key"],
                settlement_ref=settlement.ref,
                seen=form.cleaned_data["seen"],
            )
        except ProofNeeded as needed:
            interrupted.ask(request, request.user, form, needed)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            said = _("Signed. The contract is terminated.")
            if answer["invoices"]:
                said = _("Signed. The contract is terminated; issued: %(numbers)s.") % {"numbers": answer["invoices"]}
            messages.success(request, said)
            return redirect(here)
    effect, refusal, proof_url = None, why_not(request.actor, Action.SIGN_CONTRACT), ""
    try:
        effect = terminating.effect_of(settlement, side=desk.side)
        proof_url = _proof_url(request, effect, contract=contract, desk=desk)
    except Refused as refused:
        refusal = refusal or explain(refused)
    return desk.page(
        request,
        "sign_settlement",
        {
            "contract": contract,
            "settlement": settlement,
            "effect": effect,
            "statement": effect.draft.statement.text if effect is not None else "",
            "again": SeenForm(initial={"seen": settlement.sha256}),
            "refusal": refusal,
            "proof_url": proof_url,
            "here": here,
            "crumbs": crumbs(desk, contract, (_("Termination"), here), (_("Sign"), "")),
        },
        room="terminating",
        form=form,
    )


def _proof_url(request: PortalRequest, effect: SettlementPreview, *, contract: Contract, desk: Desk) -> str:
    """Where to show first who one is, for so much that the own organisation asks for it; else nowhere."""
    house, actor = contract.seller if desk.side == "seller" else contract.buyer, request.actor
    asks = milestones.needs_proof_to_end(effect.draft.at_stake, currency=contract.currency, organisation=house)
    return proving.way(request, actor) if asks and not proving.is_fresh(actor.origin.proof) else ""


def _begun(values: list[Valued], last: Settlement | None) -> list[Valued]:
    """The open milestones with the values that were proposed last, to go on from."""
    if last is None:
        return values
    said = {one.milestone.ref: one for one in last.valuations.select_related("milestone")}
    return [
        Valued(
            one.milestone_ref,
            one.position,
            one.part,
            one.title,
            one.unbilled,
            min(said[one.milestone_ref].amount, one.unbilled),
            said[one.milestone_ref].note,
        )
        if one.milestone_ref in said
        else one
        for one in values
    ]


def _checked(request: PortalRequest, ref: str, forms: SettlementForms, *, desk: Desk) -> HttpResponse | None:
    """The page that says what will be signed; or, once it was sent from there, what came of it. None: written wrong."""
    notice = notice_of(request, ref, desk=desk)
    contract, note = notice.contract, forms.head.cleaned_data["note"]
    seen = SeenForm(request.POST) if request.POST.get("seen") else None
    if seen is not None and seen.is_valid():
        try:
            terminating.propose_settlement(
                actor=request.actor,
                key=seen.cleaned_data["key"],
                contract_ref=contract.ref,
                values=forms.given(),
                note=note,
                seen=seen.cleaned_data["seen"],
            )
        except ProofNeeded as needed:
            interrupted.ask(request, request.user, seen, needed)
        except Refused as refused:
            add_refusal(seen, refused)
        else:
            messages.success(request, _("Signed and sent. The other side gets a mail."))
            return redirect(desk.url("termination", notice.ref))
    try:
        preview = terminating.preview_settlement(contract, side=desk.side, given=forms.given(), note=note)
    except Refused as refused:
        add_refusal(forms.head, refused)
        return None
    return desk.page(
        request,
        "check_settlement",
        {
            "contract": contract,
            "effect": preview,
            "text": preview.draft.text,
            "sha256": preview.draft.sha256,
            "statement": preview.draft.statement.text,
            "carried": [
                (name, value) for name, values in request.POST.lists() if name not in OWN_FIELDS for value in values
            ],
            "again": SeenForm(initial={"seen": preview.draft.sha256}),
            "crumbs": crumbs(
                desk, contract, (_("Termination"), desk.url("termination", notice.ref)), (_("Check answers"), "")
            ),
        },
        room="terminating",
        form=seen,
    )

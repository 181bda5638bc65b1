"""Notice of termination: given, read with everything that was proposed to settle it, and taken back."""

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.contracts import rules, wording
from apps.contracts import services as contracts
from apps.contracts.models import Contract, Termination
from apps.core import clock
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import CreditNote, Invoice, InvoiceLink
from apps.milestones.models import Settlement
from apps.milestones.models.settlement import SettlementState
from apps.parties.actor import ActorKind
from apps.parties.roles import Action
from apps.portals import history, papers, plan_sums
from apps.portals.access import PortalRequest
from apps.portals.drafting.desk import Desk, why_not
from apps.portals.forms import ActionForm, add_refusal, explain
from apps.portals.terminating.desk import crumbs, notice_of
from apps.portals.terminating.forms import NoticeForm
from apps.workflows import printing, terminating
from apps.workflows.terminating import SettlementPreview

DOES: Final = ("withdraw_notice", "withdraw_settlement")


def terminate_contract(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Give notice that a contract ends."""
    contract = desk.contract(request, ref)
    version = contract.active_version
    period = version.notice_days if version is not None else 0
    today = desk.today(request)
    earliest = rules.earliest_end(ground=rules.CONVENIENCE, notice_days=period, today=today)
    form = NoticeForm(request.POST or None, initial={"effective_on": earliest})
    if request.method == "POST" and form.is_valid():
        try:
            answer = terminating.give_notice(
                actor=request.actor,
                key=form.cleaned_data["key"],
                contract_ref=contract.ref,
                ground=form.cleaned_data["ground"],
                reason=form.cleaned_data["reason"],
                effective_on=form.cleaned_data["effective_on"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Notice is given. The other side gets a mail."))
            return redirect(desk.url("termination", answer["termination"]))
    return desk.page(
        request,
        "terminate_contract",
        {
            "contract": contract,
            "period": wording.notice(period),
            "refusal": why_not(request.actor, Action.SIGN_CONTRACT)
            or ("" if contract.state == "active" else _("Only an active contract is terminated.")),
            "back_url": desk.url("contract", contract.ref),
            "crumbs": crumbs(desk, contract, (_("Terminate"), "")),
        },
        room="terminating",
        form=form,
    )


def termination(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """The notice, what both sides hold to be owed, what it would do, and what can be done now."""
    notice = notice_of(request, ref, desk=desk)
    contract = notice.contract
    do = request.POST.get("do", "") if request.method == "POST" else ""
    form = ActionForm(request.POST if do in DOES else None)
    settlements = list(
        Settlement.objects.visible_to(request.actor)
        .filter(termination=notice)
        .prefetch_related("valuations__milestone", "signatures")
        .order_by("-number")
    )
    for settlement in settlements:
        settlement.contract = contract
    waiting = next((one for one in settlements if one.state == SettlementState.PROPOSED), None)
    if do in DOES and form.is_valid():
        try:
            messages.success(request, _done(request, notice, waiting, do, form))
        except Refused as refused:
            add_refusal(form, refused)
        else:
            return redirect(desk.url("termination", notice.ref))
    is_live = notice.state == "noticed" and contract.state == "active"
    effect, refusal = _effect(waiting, desk=desk) if waiting is not None and is_live else (None, "")
    now, here = clock.now(), desk.url("termination", notice.ref)
    is_effective = contracts.is_effective(notice, at=now)
    signed = next((one for one in settlements if one.state == SettlementState.SIGNED), None)
    return desk.page(
        request,
        "termination",
        {
            "contract": contract,
            "notice": notice,
            "settlements": settlements,
            "waiting": waiting,
            "effect": effect,
            "effect_refusal": refusal,
            "is_live": is_live,
            **(
                papers.settlement_piece(request.actor, signed, url=desk.url, here=here, now=now)
                if signed is not None
                else {}
            ),
            "propose_url": desk.url("propose_settlement", notice.ref),
            "sign_url": desk.url("sign_settlement", waiting.ref) if waiting is not None else "",
            "contract_url": desk.url("contract", contract.ref),
            "is_effective": is_effective,
            "is_own_notice": notice.side == desk.side,
            "is_own": waiting is not None and waiting.side == desk.side,
            "refusal": why_not(request.actor, Action.SIGN_CONTRACT),
            "action": ActionForm(),
            "events": history.of_the_end(
                request.actor, contract, notice=notice.ref, settlements=[one.ref for one in settlements]
            ),
            **(_outcome(request, contract, desk=desk) if signed is not None else {}),
            "crumbs": crumbs(desk, contract, (_("Termination"), "")),
        },
        room="terminating",
        form=form,
    )


def _done(request: PortalRequest, notice: Termination, waiting: Settlement | None, do: str, form: ActionForm) -> str:
    """Do what the button says; the answer is what was done."""
    actor, key = request.actor, form.cleaned_data["key"]

    def withdraw_notice() -> str:
        terminating.withdraw_notice(actor=actor, key=key, termination_ref=notice.ref)
        return _("The notice is withdrawn. Everything goes on as it was agreed.")

    def withdraw_settlement() -> str:
        # The one that was shown, or nobody's: another one by now is refused as answered.
        ref = request.POST.get("settlement", "").replace("\0", "")
        terminating.withdraw_settlement(actor=actor, key=key, settlement_ref=ref)
        return _("The settlement is withdrawn. The notice stands.")

    verbs: dict[str, Callable[[], str]] = {
        "withdraw_notice": withdraw_notice,
        "withdraw_settlement": withdraw_settlement,
    }
    return verbs[do]()


def _outcome(request: PortalRequest, contract: Contract, *, desk: Desk) -> dict[str, object]:
    """What the contract came to, net of tax, and what the signatures issued."""
    came_to = plan_sums.of_contracts([contract.pk])[contract.pk]["price"]
    return {"came_to": came_to, "issued": _issued(request, contract, desk=desk)}


def _issued(request: PortalRequest, contract: Contract, *, desk: Desk) -> list[tuple[Invoice | CreditNote, str]]:
    """What the signatures issued, each with the address at which the reader finds it, if there is one."""
    bills, notes = printing.issued_at_the_end(contract)
    invoices = list(bills.select_related("open_item").order_by("pk"))
    if request.actor.kind is not ActorKind.GUEST:
        credited = [(one, desk.url("credit_note", one.ref)) for one in notes.order_by("pk")]
        return [*((one, desk.url("invoice", one.ref)) for one in invoices), *credited]
    # A guest's own page ends with the contract; what is owed has a page that needs no account.
    links = {one.invoice_id: one for one in InvoiceLink.objects.live().filter(invoice__in=invoices)}
    pages = {pk: reverse("hosted:open", args=[invoicing.token_of(link)]) for pk, link in links.items()}
    return [*((one, pages.get(one.pk, "")) for one in invoices), *((one, "") for one in notes.order_by("pk"))]


def _effect(waiting: Settlement, *, desk: Desk) -> tuple[SettlementPreview | None, str]:
    """What signing what waits would do now, or why it cannot be signed."""
    answers = "buyer" if waiting.side == "seller" else "seller"
    try:
        return terminating.effect_of(waiting, side=answers), ""
    except Refused as refused:
        return None, explain(refused)

"""A change order as it stands: read it, sign it, decline it, take it back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.contracts import services as contracts
from apps.contracts.models import ChangeOrder, ContractVersion
from apps.core.errors import Refused
from apps.parties.roles import Action
from apps.portals import papers
from apps.portals.access import PortalRequest
from apps.portals.changing.desk import ChangeReading, crumbs, name_of, order_of, page, version_of
from apps.portals.changing.forms import WhyForm
from apps.portals.drafting.desk import Desk, why_not
from apps.portals.forms import SeenForm, add_refusal, explain
from apps.workflows import changing


def change_order(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """What it changes and why, what it does, who signed, and what can be done with it."""
    order = order_of(request, ref, desk=desk)
    version, contract = version_of(order), order.contract
    here = desk.url("change_order", order.ref)
    return page(
        request,
        "change_order",
        {
            "contract": contract,
            "order": order,
            "version": version,
            "reading": _reading(order, version),
            "is_own": order.author == desk.side,
            "may_edit": not why_not(request.actor, Action.EDIT_CONTRACT),
            "refusal": why_not(request.actor, Action.SIGN_CONTRACT),
            "printed": papers.printed(
                request.actor,
                version,
                url=desk.url("contract_pdf", version.ref),
                here=here,
                retry_url=desk.url("retry_contract_document", version.ref),
            )
            if version is not None
            else None,
            "crumbs": crumbs(desk, contract, (name_of(order), "")),
        },
        desk=desk,
    )


def sign_change(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Everything that the signature does, and the button."""
    order = order_of(request, ref, desk=desk)
    version, here = version_of(order), desk.url("change_order", order.ref)
    if version is None or (request.method != "POST" and (order.state != "proposed" or order.author == desk.side)):
        return redirect(here)
    form = SeenForm(request.POST or None, initial={"seen": version.sha256})
    if request.method == "POST" and form.is_valid():
        try:
            changing.sign_change(
                actor=request.actor,
                key=form.cleaned_data["key"],
                order_ref=order.ref,
                seen=form.cleaned_data["seen"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("You signed the change order. It is in force."))
            return redirect(here)
    reading = _reading(order, version)
    return page(
        request,
        "sign_change",
        {
            "contract": order.contract,
            "order": order,
            "version": version,
            "reading": reading,
            "statement": contracts.statement_of(version, side=desk.side).text,
            "again": SeenForm(initial={"seen": version.sha256}),
            "refusal": why_not(request.actor, Action.SIGN_CONTRACT),
            "here": here,
            "crumbs": crumbs(desk, order.contract, (name_of(order), here), (_("Sign"), "")),
        },
        desk=desk,
        form=form,
    )


def decline_change(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Not sign it, and say why."""
    return _close(request, order_of(request, ref, desk=desk), desk=desk, is_own=False)


def withdraw_change(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Take back what one's own side proposed or recorded, and say why."""
    return _close(request, order_of(request, ref, desk=desk), desk=desk, is_own=True)


def _close(request: PortalRequest, order: ChangeOrder, *, desk: Desk, is_own: bool) -> HttpResponse:
    here = desk.url("change_order", order.ref)
    can_be = order.state in ("proposed", "unpriced", "declined") if is_own else order.state == "proposed"
    if request.method != "POST" and (not can_be or (order.author == desk.side) is not is_own):
        return redirect(here)
    form = WhyForm(request.POST or None)
    act = changing.withdraw_change if is_own else changing.decline_change
    if request.method == "POST" and form.is_valid():
        try:
            act(
                actor=request.actor,
                key=form.cleaned_data["key"],
                order_ref=order.ref,
                reason=form.cleaned_data["reason"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            said = _("The change is withdrawn.") if is_own else _("The change is declined. Nothing was signed.")
            messages.success(request, said)
            return redirect(here)
    return page(
        request,
        "withdraw_change" if is_own else "decline_change",
        {
            "contract": order.contract,
            "order": order,
            "refusal": why_not(request.actor, Action.EDIT_CONTRACT if is_own else Action.SIGN_CONTRACT),
            "here": here,
            "crumbs": crumbs(
                desk, order.contract, (name_of(order), here), (_("Withdraw") if is_own else _("Decline"), "")
            ),
        },
        desk=desk,
        form=form,
    )


def _reading(order: ChangeOrder, version: ContractVersion | None) -> ChangeReading | None:
    """What a proposed change says and does; what it would do is asked only while it waits for a signature."""
    if version is None or version.changes is None:
        return None
    effect, refusal = None, ""
    if order.state == "proposed":
        try:
            effect = changing.effect_of(version)
        except Refused as refused:
            refusal = explain(refused)
    return ChangeReading(
        moved=changing.moved_by(version),
        currency=order.contract.currency,
        price_before=version.changes.price,
        price_after=version.price,
        effect=effect,
        refusal=refusal,
        financed=changing.financed(order.contract) if order.state == "proposed" else (),
    )

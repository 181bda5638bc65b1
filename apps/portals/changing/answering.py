"""A change order as it stands: read it, sign it, decline it, take it back."""

from typing import Final

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.contracts import services as contracts
from apps.contracts.models import ChangeOrder, ContractVersion, GuestGrant
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.milestones import services as milestones
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action
from apps.portals import interrupted, papers, proving
from apps.portals.access import PortalRequest
from apps.portals.changing.desk import ChangeReading, crumbs, name_of, order_of, tell, version_of
from apps.portals.changing.forms import WhyForm
from apps.portals.changing.retention import changes_retention
from apps.portals.changing.terms import terms_in_words
from apps.portals.drafting.desk import Desk, why_not
from apps.portals.forms import SeenForm, add_refusal, explain
from apps.workflows import change_effects, changing

OF_AN_ORDER: Final = ("sign_change", "decline_change", "price_change", "withdraw_change")
"""What is done with an order on a page of its own."""


def change_order(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """What it changes and why, what it does, who signed, and what can be done with it."""
    return show_change(request, order_of(request, ref, desk=desk), desk=desk)


def show_change(
    request: PortalRequest, order: ChangeOrder, *, desk: Desk, grant: GuestGrant | None = None
) -> HttpResponse:
    """The same of an order that was found; ``grant`` is the personal link of a guest."""
    version, contract = version_of(order), order.contract
    here = desk.url("change_order", order.ref)
    reading = _reading(order, version, actor=request.actor)
    return desk.page(
        request,
        "change_order",
        {
            "grant": grant,
            "token": getattr(desk, "token", ""),
            "contract": contract,
            "order": order,
            "version": version,
            "reading": reading,
            "is_own": order.author == desk.side,
            "may_edit": grant is None and not why_not(request.actor, Action.EDIT_CONTRACT),
            "refusal": _why_not_sign(request),
            "may_decline": not _why_not_sign(request),
            "urls": {name: desk.url(name, order.ref) for name in OF_AN_ORDER},
            "contract_url": desk.url("contract", contract.ref),
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
        room="changing",
    )


def sign_change(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Everything that the signature does, and the button."""
    return answer_by_signature(request, order_of(request, ref, desk=desk), desk=desk)


def answer_by_signature(request: PortalRequest, order: ChangeOrder, *, desk: Desk) -> HttpResponse:
    """The same of an order that was found."""
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
            tell(request, _("You signed the change order. It is in force."))
            return redirect(here)
    reading = _reading(order, version, actor=request.actor)
    return desk.page(
        request,
        "sign_change",
        {
            "contract": order.contract,
            "order": order,
            "version": version,
            "reading": reading,
            "statement": contracts.statement_of(version, side=desk.side).text,
            "again": SeenForm(initial={"seen": version.sha256}),
            "refusal": _why_not_sign(request),
            "proof_url": _proof_url(request, order, version, desk=desk),
            "here": here,
            "crumbs": crumbs(desk, order.contract, (name_of(order), here), (_("Sign"), "")),
        },
        room="changing",
        form=form,
    )


def decline_change(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Not sign it, and say why."""
    return close(request, order_of(request, ref, desk=desk), desk=desk, is_own=False)


def withdraw_change(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Take back what one's own side proposed or recorded, and say why."""
    return close(request, order_of(request, ref, desk=desk), desk=desk, is_own=True)


def close(request: PortalRequest, order: ChangeOrder, *, desk: Desk, is_own: bool) -> HttpResponse:
    """Decline an order, or take back one's own, with the reason."""
    here = desk.url("change_order", order.ref)
    can_be = order.state in ("proposed", "unpriced", "declined", "expired") if is_own else order.state == "proposed"
    if request.method != "POST" and (not can_be or (order.author == desk.side) is not is_own):
        return redirect(here)
    form = WhyForm(request.POST or None)
    interrupted.give_back(request, form)
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
            tell(request, said)
            return redirect(here)
    return desk.page(
        request,
        "withdraw_change" if is_own else "decline_change",
        {
            "contract": order.contract,
            "order": order,
            "refusal": why_not(request.actor, Action.EDIT_CONTRACT) if is_own else _why_not_sign(request),
            "here": here,
            "crumbs": crumbs(
                desk, order.contract, (name_of(order), here), (_("Withdraw") if is_own else _("Decline"), "")
            ),
        },
        room="changing",
        form=form,
    )


def _why_not_sign(request: PortalRequest) -> str:
    """A guest came through a link for this very action; whether it is still alive is said by the service."""
    return why_not(request.actor, Action.SIGN_CONTRACT) if request.actor.kind is not ActorKind.GUEST else ""


def _proof_url(request: PortalRequest, order: ChangeOrder, version: ContractVersion, *, desk: Desk) -> str:
    """Where to show first who one is, where an acceptance is taken back of which the own organisation asks for that;
    else nowhere."""
    if order.state != "proposed" or proving.is_fresh(request.actor.origin.proof):
        return ""
    house = order.contract.seller if desk.side == "seller" else order.contract.buyer
    taken = milestones.deductions(contract=order.contract, moved=change_effects.moved_by(version))
    asks = any(milestones.needs_own_proof(one.milestone, organisation=house) for one in taken)
    return proving.way(request, request.actor) if asks else ""


def _reading(order: ChangeOrder, version: ContractVersion | None, *, actor: Actor) -> ChangeReading | None:
    """What a proposed change says and does; what it would do is asked only while it waits for a signature."""
    if version is None or version.changes is None:
        return None
    effect, advances, refusal = None, change_effects.AdvancesAhead(), ""
    if order.state == "proposed":
        try:
            effect = change_effects.effect_of(version)
            advances = change_effects.advances_by(version, actor=actor)
        except Refused as refused:
            refusal = explain(refused)
    moved, terms = change_effects.moved_by(version), contracts.terms_moved(version)
    return ChangeReading(
        is_by_application=version.is_by_application,
        moved=moved,
        currency=order.contract.currency,
        price_before=version.changes.price,
        price_after=version.price,
        terms=terms_in_words(terms, currency=order.contract.currency),
        changes_retention=changes_retention(terms) and order.state == "proposed",
        retention=invoicing.retention_state(order.contract) if order.state == "proposed" else None,
        effect=effect,
        withheld=change_effects.withheld_by(version, effect=effect) if effect is not None else None,
        refusal=refusal,
        advances=advances,
        at_once=change_effects.billed_at_once(order.contract, moved=moved) if order.state == "proposed" else (),
    )

"""A change is written down, priced, checked and proposed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.contracts import rules
from apps.contracts import services as contracts
from apps.contracts.drafts import DEPOSIT, MILESTONE, ChangeDraft
from apps.contracts.models import ChangeOrder, Contract
from apps.contracts.models.change_order import ChangeOrderState
from apps.contracts.rules import PlacedLine
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import OPEN, MilestoneState
from apps.parties.roles import Action
from apps.portals.access import PortalRequest
from apps.portals.changing import kept
from apps.portals.changing.desk import ChangeReading, crumbs, name_of, order_of
from apps.portals.changing.forms import ChangeForms, ReasonsForm
from apps.portals.changing.retention import changes_retention
from apps.portals.changing.terms import terms_in_words
from apps.portals.drafting.desk import Desk, why_not
from apps.portals.forms import SeenForm, add_refusal
from apps.workflows import change_effects, changing

AT_ONCE: Final = 100
"""So many lines of the plan stand on one page; what was typed on it goes along to the others (:mod:`~.kept`)."""
OWN_FIELDS: Final = frozenset({"csrfmiddlewaretoken", "key", "seen", "do"})
"""What a form says besides the change itself."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The lines that can be changed, in order, and which deposits are ``invoiced``, and stay as they are."""

    lines: Sequence[PlacedLine]
    invoiced: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The lines that stand on a page; those of others of which something was sent; where the page itself, the one
    before and the next one begin, and how many lines there are in ``all``."""

    lines: Sequence[PlacedLine]
    elsewhere: Sequence[PlacedLine]
    begins: int | None
    before: int | None
    after: int | None
    all: int
    invoiced: Sequence[str]


def record_change(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Write down a change that nobody has priced yet."""
    contract = desk.contract(request, ref)
    form = ReasonsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            answer = changing.record_change(
                actor=request.actor,
                key=form.cleaned_data["key"],
                contract_ref=contract.ref,
                draft=ChangeDraft(title=form.cleaned_data["title"], reason=form.cleaned_data["reason"]),
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The change is recorded, without a price. The other side gets a mail."))
            return redirect(desk.url("change_order", answer["change_order"]))
    return desk.page(
        request,
        "record_change",
        {
            "contract": contract,
            "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
            "back_url": desk.url("contract", contract.ref),
            "crumbs": crumbs(desk, contract, (_("Record a change"), "")),
        },
        room="changing",
        form=form,
    )


def propose_change(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Write a change of an active contract, check it, sign it and send it."""
    return _propose(request, desk.contract(request, ref), None, desk=desk)


def price_change(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """The same for an order that was recorded without a price, or declined."""
    order = order_of(request, ref, desk=desk)
    return _propose(request, order.contract, order, desk=desk)


def _propose(request: PortalRequest, contract: Contract, order: ChangeOrder | None, *, desk: Desk) -> HttpResponse:
    back = desk.url("change_order", order.ref) if order is not None else desk.url("contract", contract.ref)
    if contract.state != "active" or contract.active_version is None:
        messages.info(request, _("Only an active contract is changed."))
        return redirect(back)
    waiting = contract.change_orders.filter(state=ChangeOrderState.PROPOSED).first()
    if waiting is not None and request.method != "POST":
        messages.info(request, _("One change is proposed at a time. This one still waits for an answer."))
        return redirect(desk.url("change_order", waiting.ref))
    contract.active_version.contract = contract
    billed = change_effects.billed_times(contract)
    do, _colon, to = request.POST.get("do", "").partition(":")
    data = kept.with_kept(request.POST) if request.method == "POST" else None
    plan = _open_plan(contract, billed=billed)
    stands = contracts.as_signed(contract.active_version)

    def page_from(begins: str) -> tuple[Page, ChangeForms]:
        page = _page_of(plan, begins=begins, sent=kept.sent_positions(data) if data is not None else set())
        return page, ChangeForms(
            data,
            plan=page.lines,
            elsewhere=page.elsewhere,
            stands=stands,
            billed=billed,
            order_ref=order.ref if order is not None else "",
            more=1 if request.method != "POST" or do == "add" else 0,
        )

    page, forms = page_from(to or request.POST.get("from") or request.GET.get("from", ""))
    is_sent = request.method == "POST" and do not in ("add", "back", "go")
    if is_sent and forms.is_valid():
        answer = _checked(request, contract, order, forms, desk=desk)
        if answer is not None:
            return answer
    elif is_sent and (wrong := forms.wrong_elsewhere()) is not None:
        page, forms = page_from(str(wrong))
        forms.is_valid()
    return desk.page(
        request,
        "propose_change",
        {
            "contract": contract,
            "order": order,
            "forms": forms,
            "problems": forms.problems() if is_sent else [],
            "others": page,
            "kept": kept.written(forms.elsewhere, data) if data is not None else "",
            "refusal": why_not(request.actor, Action.SIGN_CONTRACT) or why_not(request.actor, Action.EDIT_CONTRACT),
            "back_url": back,
            "crumbs": crumbs(desk, contract, (name_of(order) if order is not None else _("Change the contract"), "")),
        },
        room="changing",
        is_refused=is_sent,
    )


def _checked(
    request: PortalRequest, contract: Contract, order: ChangeOrder | None, forms: ChangeForms, *, desk: Desk
) -> HttpResponse | None:
    """The page that says what will be signed; or, once it was sent from there, what came of it. None: written wrong."""
    draft = forms.draft()
    seen = SeenForm(request.POST) if request.POST.get("seen") else None
    if seen is not None and seen.is_valid():
        try:
            answer = changing.propose_change(
                actor=request.actor,
                key=seen.cleaned_data["key"],
                contract_ref=contract.ref,
                draft=draft,
                seen=seen.cleaned_data["seen"],
            )
        except Refused as refused:
            add_refusal(seen, refused)
        else:
            messages.success(request, _("Signed and sent. The other side gets a mail."))
            return redirect(desk.url("change_order", answer["change_order"]))
    try:
        preview = change_effects.preview_change(contract, draft=draft, actor=request.actor, side=desk.side)
    except Refused as refused:
        add_refusal(forms.head, refused)
        return None
    change = preview.change
    return desk.page(
        request,
        "check_change",
        {
            "contract": contract,
            "order": change.order,
            "reading": ChangeReading(
                moved=preview.moved,
                currency=contract.currency,
                price_before=rules.price_of(change.before),
                price_after=change.version.price,
                terms=terms_in_words(change.terms, currency=contract.currency),
                changes_retention=changes_retention(change.terms),
                retention=invoicing.retention_state(contract),
                effect=preview.effect,
                withheld=preview.withheld,
                advances=preview.advances,
                is_by_application=change.version.is_by_application,
                at_once=change_effects.billed_at_once(contract, moved=preview.moved),
            ),
            "text": change.text,
            "until": change.version.answer_until,
            "sha256": change.sha256,
            "statement": _statement(change, side=desk.side),
            "carried": [
                (name, value) for name, values in request.POST.lists() if name not in OWN_FIELDS for value in values
            ],
            "again": SeenForm(initial={"seen": change.sha256}),
            "refusal": why_not(request.actor, Action.SIGN_CONTRACT) or why_not(request.actor, Action.EDIT_CONTRACT),
            "crumbs": crumbs(desk, contract, (_("Check answers"), "")),
        },
        room="changing",
        form=seen,
    )


def _statement(change: contracts.Change, *, side: str) -> str:
    version = change.version
    version.change_order = change.order
    return contracts.statement_of(version, side=side).text


def _open_plan(contract: Contract, *, billed: Mapping[int, int]) -> Plan:
    """What of the plan in force can be changed."""
    version = contract.active_version
    if version is None:
        return Plan([], [])
    states = (*OPEN, MilestoneState.ACCEPTED, MilestoneState.SUBMITTED)
    found = Milestone.objects.filter(contract=contract, state__in=states).values_list("position", "state")
    stands = list(found)
    under_review = {position for position, state in stands if state == MilestoneState.SUBMITTED}
    plan = contracts.plan_of(version)
    invoiced = [one for one in plan if one.line.kind == DEPOSIT and billed.get(one.position)]
    by_calendar = {one.position for one in plan if one.line.kind != MILESTONE} - {one.position for one in invoiced}
    positions = ({position for position, _state in stands} - under_review) | by_calendar
    lines = sorted((one for one in plan if one.position in positions), key=lambda one: one.position)
    return Plan(lines, [one.line.title for one in invoiced])


def _page_of(plan: Plan, *, begins: str, sent: Collection[int]) -> Page:
    """The page that begins with the line at this position, or the first one after it."""
    first = int(begins) if begins.isascii() and begins.isdigit() and len(begins) < 9 else 0
    lines = plan.lines
    at = next((place for place, one in enumerate(lines) if one.position >= first), 0)
    here, end = lines[at : at + AT_ONCE], at + AT_ONCE
    others = [one for one in (*lines[:at], *lines[end:]) if one.position in sent]
    return Page(
        lines=here,
        elsewhere=others,
        begins=here[0].position if here else None,
        before=lines[max(at - AT_ONCE, 0)].position if at else None,
        after=lines[end].position if len(lines) > end else None,
        all=len(lines),
        invoiced=plan.invoiced,
    )

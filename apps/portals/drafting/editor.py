"""Writing a contract: parties, terms and the billing plan on one page that is saved as a whole.

Every button of the plan is a submit button: the page comes back with the row added, removed or moved and everything
else as typed. With htmx the same answer is asked for, and only the plan is swapped.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.contracts import rules
from apps.contracts import services as contracts
from apps.contracts.drafts import MILESTONE, ContractDraft, DraftLine
from apps.contracts.models import Contract
from apps.core import money
from apps.core.errors import Refused, Stale
from apps.parties.roles import Action
from apps.portals.access import PortalRequest
from apps.portals.drafting import plan
from apps.portals.drafting.allocation import Allocation
from apps.portals.drafting.answering import AnswerForm
from apps.portals.drafting.counterparties import known_to, speak, with_counterparty
from apps.portals.drafting.dates import past_dates
from apps.portals.drafting.desk import Desk, why_not
from apps.portals.drafting.forms import NEW, DraftForm, initial_of
from apps.portals.drafting.ordering import OrderForm
from apps.portals.drafting.sources import allocated, is_kept, kept_options, kept_plan, source_of
from apps.portals.drafting.usual import usual_terms
from apps.portals.forms import add_refusal, new_key
from apps.portals.templatetags.cairn import error_links
from apps.workflows import contracting

BEGINNING: Final[Mapping[str, type[DraftForm]]] = {"seller": DraftForm, "buyer": OrderForm}
EDITS = ("add", "remove", "up", "down", "criterion", "drop", "calculate")


def draft_contract(request: PortalRequest, *, desk: Desk) -> HttpResponse:
    """A new contract; it exists from the first time it is saved."""
    if request.method == "POST":
        return posted(request, None, desk=desk)
    initial, source = usual_terms(request, desk=desk), source_of(request, desk=desk)
    if source is not None:
        number = initial["number"]
        return opened(request, None, source.draft, initial_of(source.draft) | {"number": number}, desk=desk)
    form = _form(request, None, desk=desk, initial=initial)
    rows = plan.shown([plan.Row()], currency=initial["currency"])
    return editor(request, None, form, rows, desk=desk, price=None)


def change_draft(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Go on writing a draft; what was proposed is a version and is not written to any more."""
    contract = desk.contract(request, ref)
    if contract.state not in ("draft", "proposed") or desk.draft(request, contract) is None:
        messages.info(request, _("This contract is no draft any more, so it cannot be changed here."))
        return redirect(desk.url("contract", contract.ref))
    if request.method == "POST":
        return posted(request, contract, desk=desk)
    draft = contracts.draft_of(contract, side=desk.side)
    initial = initial_of(draft) | {"seen": contracts.fingerprint(draft)}
    return opened(request, contract, draft, initial, desk=desk)


def _form(request: PortalRequest, contract: Contract | None, *data: Any, desk: Desk, **more: Any) -> DraftForm:
    """The form of a new contract, as this side begins it, or of an answer to a proposal."""
    if contract is not None and (desk.side != contract.begun_by or contract.state == "proposed"):
        return AnswerForm(*data, contract=contract, **more)
    return BEGINNING[desk.side](*data, known=known_to(request, side=desk.side), **more)


def opened(
    request: PortalRequest,
    contract: Contract | None,
    draft: ContractDraft,
    initial: dict[str, Any],
    *,
    desk: Desk,
) -> HttpResponse:
    """The editor with what is written already; a plan too long for a form is shown and kept."""
    form = _form(request, contract, desk=desk, initial=initial)
    if is_kept(draft.lines):
        return editor(request, contract, form, [], desk=desk, price=draft.price, kept=draft.lines)
    rows = plan.rows_of(draft.lines) or [plan.Row()]
    lines = plan.shown(rows, currency=draft.currency)
    _reckon(plan.checked(_as_typed(rows), currency=draft.currency), lines, draft.price, draft.currency)
    return editor(request, contract, form, lines, desk=desk, price=draft.price)


def _as_typed(rows: list[plan.Row]) -> list[plan.Row]:
    """Saved rows as a browser would send them."""
    lines = plan.shown(rows, currency="")
    return [
        plan.Row({name: line.form[name].value() for name in plan.FIELDS}, row.criteria)
        for line, row in zip(lines, rows, strict=True)
    ]


def posted(request: PortalRequest, contract: Contract | None, *, desk: Desk) -> HttpResponse:
    """What a button of the page does: the plan edited, the draft saved, or the answers checked."""
    do = request.POST.get("do", "save")
    kept = kept_plan(request, contract, desk=desk)
    rows = [] if kept is not None else plan.read(request.POST) or [plan.Row()]
    bound = _form(request, contract, request.POST, desk=desk)
    bound.full_clean()
    currency = bound.contract.currency if isinstance(bound, AnswerForm) else str(request.POST.get("currency", ""))
    price = bound.cleaned_data.get("price")
    if do.split(":")[0] in EDITS:
        form = _form(request, contract, desk=desk, initial=_typed(request.POST, bound))
        if kept is not None:
            return editor(request, contract, form, [], desk=desk, price=price, kept=kept)
        rows = plan.edited(rows, do)
        lines = plan.shown(rows, currency=currency)
        plan.focus(lines, do)
        _reckon(plan.checked(rows, currency=currency), lines, price, currency)
        return editor(request, contract, form, lines, desk=desk, price=price)
    lines = plan.checked([row for row in rows if not row.is_blank], currency=currency)
    _reckon(lines, lines, price, currency)
    if all([bound.is_valid(), *(line.is_valid for line in lines)]):
        try:
            drafted = tuple(line.draft() for line in lines) if kept is None else kept
            others = kept_options(request, contract, desk=desk)
            _check(replace(bound.draft(other_ref="", lines=drafted), **others), do)
            if not isinstance(bound, AnswerForm):
                bound = with_counterparty(request, bound)
                speak(request, bound)
            whole = replace(bound.draft(other_ref=bound.cleaned_data[bound.other], lines=drafted), **others)
            ref = _save(request, contract, bound, whole)
        except Refused as refused:
            add_refusal(bound, refused)
            if contract is not None and isinstance(refused, Stale):
                # Told of the other changes, the person may now replace them knowingly.
                bound.data = {**{name: bound.data[name] for name in bound.data}, "seen": _fingerprint(contract, desk)}
        else:
            if do == "check":
                return redirect(desk.url("propose_contract", ref))
            messages.success(request, _("The draft is saved. Only your organisation sees it."))
            planned = ((line.title, line.planned_on) for line in drafted)
            if past := past_dates(planned, today=desk.today(request)):
                messages.warning(request, past)
            return redirect(desk.url("change_draft", ref))
    shown = lines if lines or kept is not None else plan.shown([plan.Row()], currency=currency)
    return editor(request, contract, bound, shown, desk=desk, price=price, kept=kept)


def _fingerprint(contract: Contract, desk: Desk) -> str:
    """Of the draft as it is saved now."""
    return contracts.fingerprint(contracts.draft_of(Contract.objects.get(pk=contract.pk), side=desk.side))


def _typed(data: QueryDict, bound: DraftForm) -> dict[str, Any]:
    """Everything as it was typed, for a form that does not complain yet."""
    return {name: bound[name].value() for name in bound.fields} | {"key": data.get("key") or new_key()}


def _check(draft: ContractDraft, do: str) -> None:
    """Refuse what could not be kept, or with ``check`` what could not be proposed, before anything is written."""
    checked = rules.check_draft_with_options(draft)
    if do == "check":
        rules.check_offer(checked)


def _save(request: PortalRequest, contract: Contract | None, form: DraftForm, draft: ContractDraft) -> str:
    key = form.cleaned_data["key"]
    if contract is None:
        return contracting.draft_contract(actor=request.actor, key=key, draft=draft)["contract"]
    changed = contracting.change_draft(
        actor=request.actor, key=key, contract_ref=contract.ref, draft=draft, seen=form.cleaned_data["seen"]
    )
    return changed["contract"]


def _reckon(read: list[plan.Line], shown: list[plan.Line], price: Decimal | None, currency: str) -> None:
    """Set what each line comes to, as far as the plan is written; ``read`` are the same lines as bound forms."""
    if price is None or currency not in money.currencies():
        return
    portions = [line.form.as_portion() for line in read]
    amounts = rules.known_amounts(price, currency=currency, portions=portions)
    for line, amount, portion in zip(shown, amounts, portions, strict=True):
        line.amount, line.is_advance = amount, portion.is_advance


def editor(
    request: PortalRequest,
    contract: Contract | None,
    form: DraftForm,
    lines: list[plan.Line],
    *,
    desk: Desk,
    price: Decimal | None,
    kept: tuple[DraftLine, ...] | None = None,
) -> HttpResponse:
    """The page with the form and the plan as they are, and what is wrong with them."""
    answers = isinstance(form, AnswerForm)
    currency = form.contract.currency if isinstance(form, AnswerForm) else str(form["currency"].value() or "")
    sum_of_rows = money.total(line.amount for line in lines if line.amount is not None and not line.is_advance)
    given = sum_of_rows if kept is None else allocated(kept, price=price, currency=currency)
    context = {
        "contract": contract,
        "lines": lines,
        "titles": [
            str(line.form["title"].value() or "") for line in lines if line.form["kind"].value() in ("", MILESTONE)
        ],
        "kept": kept,
        "version": desk.drafts(request, contract).first() if contract and kept else None,
        "answers": answers,
        "orders": isinstance(form, OrderForm),
        "others": len(kept_options(request, contract, desk=desk)["options"]) if contract else 0,
        "options_url": desk.url("plan_options", contract.ref) if contract else "",
        "compare_url": desk.url("compare_plans", contract.ref) if contract else "",
        "import_url": desk.url("import_plan", contract.ref) if contract else "",
        "deal_url": "" if contract else reverse(f"{desk.side}:import_deal"),
        "currency": currency,
        "allocation": Allocation(price=price, allocated=given, currency=currency),
        "is_known": currency in money.currencies(),
        "new": NEW,
        "here": request.get_full_path(),
        "back_url": desk.url("contract", contract.ref) if contract else reverse(f"{desk.side}:contracts"),
        "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
        "problems": [*(error_links(form) if form.is_bound else []), *plan.problems(lines)],
        "crumbs": desk.crumbs((contract.title if contract else _("New contract"), "")),
    }
    if getattr(request, "htmx", False) and request.POST.get("do") == "calculate":
        return render(request, "seller/parts/allocation.html", context)
    response = desk.page(request, "draft_contract", context, form=form)
    response.status_code = 422 if context["problems"] else 200
    return response

"""Writing the plans to pick from: named, generated from the base plan, and edited line by line on a page of their own.

The plan of the draft itself, the base plan, is written where the whole draft is.
"""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.contracts import rules
from apps.contracts import services as contracts
from apps.contracts.drafts import ContractDraft, DraftOption
from apps.contracts.models import Contract
from apps.core import money
from apps.core.errors import Refused, Stale
from apps.parties.roles import Action
from apps.portals.access import PortalRequest
from apps.portals.drafting import plan
from apps.portals.drafting.allocation import Allocation
from apps.portals.drafting.desk import Desk, why_not
from apps.portals.drafting.editor import EDITS
from apps.portals.forms import add_refusal, new_key
from apps.portals.planning.forms import NewOptionForm, OptionForm, PlansForm
from apps.portals.templatetags.cairn import error_links
from apps.workflows import contracting


def plan_options(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """The plans of a draft: what the base plan is called, the options beside it, and a form for one more."""
    contract = desk.contract(request, ref)
    if _is_no_draft(request, contract, desk=desk):
        return redirect(desk.url("contract", contract.ref))
    draft = contracts.draft_of(contract, side=desk.side)
    seen = contracts.fingerprint(draft)
    naming = PlansForm(initial={"seen": seen, "plan_name": draft.plan_name or _("By milestones")}, auto_id="name_%s")
    adding = NewOptionForm(initial={"seen": seen, "how": "upfront", "name": _("Upfront")}, auto_id="add_%s")
    if request.method == "POST":
        form: PlansForm | NewOptionForm
        if request.POST.get("do") == "add":
            form = adding = NewOptionForm(request.POST, auto_id="add_%s")
        else:
            form = naming = PlansForm(request.POST, auto_id="name_%s")
        if form.is_valid():
            try:
                changed = _changed(form, draft, do=request.POST.get("do", ""), desk=desk, request=request)
                _save(request, contract, changed, key=form.cleaned_data["key"], seen=form.cleaned_data["seen"])
            except Refused as refused:
                add_refusal(form, refused)
                _read_again(form, refused, seen)
            else:
                messages.success(request, _("The plans are saved. Only your organisation sees them."))
                return redirect(desk.url("plan_options", contract.ref))
    context = {
        "contract": contract,
        "draft": draft,
        "base_lines": len(draft.lines),
        "options": [
            (number, one, rules.option_price(one, price=draft.price, currency=draft.currency))
            for number, one in enumerate(draft.options, start=1)
        ],
        "naming": naming,
        "adding": adding,
        "most": rules.MOST_OPTIONS,
        "draft_url": desk.url("change_draft", contract.ref),
        "option_url": desk.url("plan_option", contract.ref),
        "compare_url": desk.url("compare_plans", contract.ref),
        "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
        "problems": [*error_links(naming), *error_links(adding)],
        "crumbs": desk.crumbs((contract.title, desk.url("contract", contract.ref)), (_("Plans to pick from"), "")),
    }
    return desk.page(request, "plan_options", context, form=adding if adding.is_bound else naming)


def _is_no_draft(request: PortalRequest, contract: Contract, *, desk: Desk) -> bool:
    if contract.state in ("draft", "proposed") and desk.draft(request, contract) is not None:
        return False
    messages.info(request, _("This contract is no draft any more, so it cannot be changed here."))
    return True


def _read_again(form: PlansForm | NewOptionForm | OptionForm, refused: Refused, seen: str) -> None:
    """Told of the other changes, the person may now replace them knowingly."""
    if isinstance(refused, Stale):
        form.data = {**{name: form.data[name] for name in form.data}, "seen": seen}


def _changed(
    form: PlansForm | NewOptionForm, draft: ContractDraft, *, do: str, desk: Desk, request: PortalRequest
) -> ContractDraft:
    said = form.cleaned_data
    if isinstance(form, PlansForm):
        verb, _colon, place = do.partition(":")
        if verb == "remove" and place.isascii() and place.isdigit():
            kept = tuple(one for number, one in enumerate(draft.options, 1) if number != int(place))
            return replace(draft, options=kept)
        return replace(draft, plan_name=said["plan_name"])
    option = _generated(draft, how=said["how"], name=said["name"], desk=desk, request=request)
    option = replace(option, discount_percent=said["discount_percent"])
    return replace(draft, options=(*draft.options, option), plan_name=draft.plan_name or _("By milestones"))


def _generated(draft: ContractDraft, *, how: str, name: str, desk: Desk, request: PortalRequest) -> DraftOption:
    if how == "upfront":
        return rules.upfront(name, title=draft.title)
    if how == "copy":
        return DraftOption(name=name, lines=draft.lines)
    count = rules.periods_of_plan(draft, period=how, today=desk.today(request))
    return rules.by_period(name, title=draft.title, period=how, count=count)


def _save(request: PortalRequest, contract: Contract, draft: ContractDraft, *, key: str, seen: str) -> None:
    contracting.change_draft(actor=request.actor, key=key, contract_ref=contract.ref, draft=draft, seen=seen)


def plan_option(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """The option that ``?number=`` names, else the first: its name, its discount, its lines.

    Every button is a submit button, as in the draft's own plan.
    """
    contract = desk.contract(request, ref)
    if _is_no_draft(request, contract, desk=desk):
        return redirect(desk.url("contract", contract.ref))
    draft = contracts.draft_of(contract, side=desk.side)
    numbers = {str(at): at for at in range(1, len(draft.options) + 1)}
    number = numbers.get(request.GET.get("number", "1"))
    if number is None:
        return redirect(desk.url("plan_options", contract.ref))
    option, seen = draft.options[number - 1], contracts.fingerprint(draft)
    if request.method == "POST":
        return _posted(request, contract, draft, number, desk=desk)
    form = OptionForm(
        initial={
            "seen": seen,
            "name": option.name,
            "discount_percent": option.discount_percent,
            "discount": option.discount,
        },
        currency=draft.currency,
    )
    kept = not plan.fits(option.lines)
    lines = [] if kept else plan.shown(plan.rows_of(option.lines) or [plan.Row()], currency=draft.currency)
    return _page(request, contract, draft, number=number, form=form, lines=lines, desk=desk, kept=kept)


def _posted(
    request: PortalRequest, contract: Contract, draft: ContractDraft, number: int, *, desk: Desk
) -> HttpResponse:
    do, option = request.POST.get("do", "save"), draft.options[number - 1]
    kept = not plan.fits(option.lines)
    rows = [] if kept else plan.read(request.POST) or [plan.Row()]
    form = OptionForm(request.POST, currency=draft.currency)
    if do.split(":")[0] in EDITS:
        typed = {name: form[name].value() for name in form.fields} | {"key": request.POST.get("key") or new_key()}
        rows = plan.edited(rows, do)
        lines = plan.shown(rows, currency=draft.currency)
        plan.focus(lines, do)
        again = OptionForm(initial=typed, currency=draft.currency)
        return _page(request, contract, draft, number=number, form=again, lines=lines, desk=desk, kept=kept)
    lines = plan.checked([row for row in rows if not row.is_blank], currency=draft.currency)
    if all([form.is_valid(), *(line.is_valid for line in lines)]):
        written = form.option(option.lines if kept else tuple(line.draft() for line in lines))
        options = tuple(written if at == number else one for at, one in enumerate(draft.options, start=1))
        try:
            _save(
                request,
                contract,
                replace(draft, options=options),
                key=form.cleaned_data["key"],
                seen=form.cleaned_data["seen"],
            )
        except Refused as refused:
            add_refusal(form, refused)
            _read_again(form, refused, contracts.fingerprint(draft))
        else:
            messages.success(request, _("The plan is saved. Only your organisation sees it."))
            return redirect(desk.url("plan_options", contract.ref))
    shown = lines or ([] if kept else plan.shown([plan.Row()], currency=draft.currency))
    return _page(request, contract, draft, number=number, form=form, lines=shown, desk=desk, kept=kept)


def _page(
    request: PortalRequest,
    contract: Contract,
    draft: ContractDraft,
    *,
    number: int,
    form: OptionForm,
    lines: list[plan.Line],
    desk: Desk,
    kept: bool,
) -> HttpResponse:
    option, currency = draft.options[number - 1], draft.currency
    price = rules.option_price(option, price=draft.price, currency=currency)
    portions = [line.form.as_portion() for line in plan.checked(_as_rows(lines), currency=currency)]
    amounts = rules.known_amounts(price, currency=currency, portions=portions)
    for line, amount, portion in zip(lines, amounts, portions, strict=True):
        line.amount, line.is_advance = amount, portion.is_advance
    context: dict[str, Any] = {
        "contract": contract,
        "option": option,
        "number": number,
        "lines": lines,
        "kept": kept,
        "titles": [str(line.form["title"].value() or "") for line in lines],
        "currency": currency,
        "allocation": Allocation(
            price=price,
            allocated=money.total(line.amount for line in lines if line.amount is not None and not line.is_advance),
            currency=currency,
        ),
        "is_known": True,
        "here": request.get_full_path(),
        "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
        "problems": [*(error_links(form) if form.is_bound else []), *plan.problems(lines)],
        "crumbs": desk.crumbs(
            (contract.title, desk.url("contract", contract.ref)),
            (_("Plans to pick from"), desk.url("plan_options", contract.ref)),
            (option.name, ""),
        ),
        "back_url": desk.url("plan_options", contract.ref),
    }
    response = desk.page(request, "plan_option", context, form=form)
    response.status_code = 422 if context["problems"] else 200
    return response


def _as_rows(lines: list[plan.Line]) -> list[plan.Row]:
    """Rows as a browser would send them."""
    return [
        plan.Row(
            {name: line.form[name].value() for name in plan.FIELDS},
            [one.typed() for one in line.criteria],
        )
        for line in lines
    ]

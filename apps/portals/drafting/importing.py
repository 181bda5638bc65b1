"""A plan from a file, in two steps, at the desk of whoever writes the draft.

The file is read when it is uploaded, and only what was read of it is kept, so that the second step imports exactly what
its page shows and a second click imports nothing twice. A file with a fault is answered at once, and nothing of it is
kept.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.contracts import rules
from apps.contracts.drafts import DraftLine
from apps.contracts.models import Contract, ContractVersion, PlanUpload
from apps.contracts.rules.schedule import Problem, Schedule, read_schedule
from apps.core import canonical, money
from apps.core.errors import Refused
from apps.parties.roles import Action
from apps.portals import spreadsheets
from apps.portals.access import PortalRequest
from apps.portals.drafting.allocation import Allocation
from apps.portals.drafting.desk import Crumbs, Desk, why_not
from apps.portals.drafting.import_forms import ConfirmForm, UploadForm
from apps.portals.forms import add_refusal, explain
from apps.workflows import contracting

SHOWN = 200
"""Rows on one page of a report."""


def _draft(request: PortalRequest, contract: Contract, *, desk: Desk) -> ContractVersion | None:
    """What this side is writing, while it may be changed by a file."""
    if contract.state not in ("draft", "proposed"):
        return None
    return desk.drafts(request, contract).first()


def _crumbs(contract: Contract, here: str, *, desk: Desk) -> Crumbs:
    return desk.crumbs((contract.number, desk.url("contract", contract.ref)), (here, ""))


def import_plan(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Choose the file. What is wrong in it is said row by row; a file without a fault goes on to its review."""
    contract = desk.contract(request, ref)
    draft = _draft(request, contract, desk=desk)
    if draft is None:
        messages.info(request, _("This contract is no draft any more, so it cannot be changed here."))
        return redirect(desk.url("contract", contract.ref))
    form = UploadForm()
    report: Schedule | None = None
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                report = _read(form, currency=draft.currency)
                if not report.problems:
                    _keep(request, contract, form, report)
                    return redirect(desk.url("check_plan", contract.ref))
            except Refused as refused:
                refused.field = refused.field if refused.field in form.fields else "file"
                add_refusal(form, refused)
    context = {
        "contract": contract,
        "version": draft,
        "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
        "report": report,
        "problems": _by_row(report.problems[:SHOWN]) if report else [],
        "more": max(len(report.problems) - SHOWN, 0) if report else 0,
        "fine": sum(row.is_fine for row in report.rows) if report else 0,
        "draft_url": desk.url("change_draft", contract.ref),
        "crumbs": _crumbs(contract, _("Import a plan"), desk=desk),
    }
    return desk.page(request, "import_plan", context, form=form, is_refused=report is not None)


def _read(form: UploadForm, *, currency: str) -> Schedule:
    rows = spreadsheets.read_rows(form.upload)
    return read_schedule(rows, currency=currency, decimal=form.decimal_sign, dates=form.date_order)


def _keep(request: PortalRequest, contract: Contract, form: UploadForm, report: Schedule) -> None:
    form.upload.seek(0)
    contracting.keep_plan(
        actor=request.actor,
        key=form.cleaned_data["key"],
        contract_ref=contract.ref,
        lines=report.lines,
        plan_name=report.plan_name,
        options=report.options,
        file_name=form.upload.name or "",
        file_sha256=hashlib.sha256(form.upload.read()).hexdigest(),
        reading=canonical.text(
            {
                "rows": [row.row for plan in report.plans for row in plan.rows],
                "decimal": report.decimal,
                "dates": report.dates,
                "ignored": report.ignored,
                "skipped_total": report.skipped_total,
            }
        ),
    )


def _by_row(problems: Sequence[Problem]) -> list[tuple[int, list[tuple[str, str]]]]:
    """The problems as (row, [(column, sentence)]); row 0 is the file as a whole."""
    return [
        (row, [(problem.column, explain(problem.refusal)) for problem in found])
        for row, found in groupby(problems, key=lambda problem: problem.row)
    ]


def check_plan(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """What was read of the file, line by line, and the button that puts it in the place of the draft's plan."""
    contract = desk.contract(request, ref)
    form = ConfirmForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            contracting.import_plan(
                actor=request.actor,
                key=form.cleaned_data["key"],
                contract_ref=contract.ref,
                upload_ref=form.cleaned_data["upload"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The plan is imported. Only your organisation sees it."))
            return redirect(desk.url("change_draft", contract.ref))
    upload = (
        PlanUpload.objects.visible_to(request.actor).filter(contract=contract).select_related("uploaded_by").first()
    )
    draft = _draft(request, contract, desk=desk)
    if upload is None or draft is None:
        for errors in form.errors.values():
            messages.warning(request, str(errors[0]))
        return redirect(desk.url("import_plan", contract.ref))
    return desk.page(request, "check_plan", _review(request, contract, draft, upload, desk=desk), form=form)


def _review(
    request: PortalRequest, contract: Contract, version: ContractVersion, upload: PlanUpload, *, desk: Desk
) -> dict[str, object]:
    reading = canonical.read(upload.reading)
    said = rules.read_plans(upload.plan)
    plans = _plans(said, version)
    lines = [line for plan in plans for line in plan.lines]
    first = _first(request.GET.get("from", ""), of=len(lines))
    found = [(plan.name, line, amount) for plan in plans for line, amount in zip(plan.lines, plan.amounts, strict=True)]
    numbered = zip(reading["rows"], found, strict=True)
    rows = [(number, *row) for number, row in numbered][first : first + SHOWN]
    return {
        "contract": contract,
        "version": version,
        "upload": upload,
        "reading": reading,
        "rows": rows,
        "count": len(lines),
        "criteria": sum(len(line.criteria) for line in lines),
        "replaced": version.lines.count(),
        "first": first + 1,
        "last": first + len(rows),
        "previous_url": f"?from={max(first - SHOWN, 0) + 1}" if first else "",
        "next_url": f"?from={first + SHOWN + 1}" if first + SHOWN < len(lines) else "",
        "plans": plans,
        "names_plans": said.options is not None,
        "is_known": version.currency in money.currencies(),
        "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
        "confirm": ConfirmForm(initial={"upload": upload.ref}),
        "again_url": desk.url("import_plan", contract.ref),
        "crumbs": _crumbs(contract, _("Check the plan"), desk=desk),
    }


@dataclass(frozen=True, slots=True)
class _Plan:
    """One plan of the file: its lines, what each comes to, and how much of its price they are."""

    name: str
    lines: Sequence[DraftLine]
    amounts: Sequence[Decimal | None]
    allocation: Allocation


def _plans(said: rules.SaidPlans, version: ContractVersion) -> list[_Plan]:
    """The base plan at the contract's price, and the others at theirs."""
    price, currency = version.price, version.currency
    found = [(said.plan_name, said.lines, price)]
    for one in said.options or ():
        found.append((one.name, one.lines, rules.option_price(one, price=price, currency=currency)))
    plans = []
    for name, lines, of_plan in found:
        portions = [rules.portion_of(line) for line in lines]
        amounts = rules.known_amounts(of_plan, currency=currency, portions=portions)
        allocated = Allocation(price=of_plan, allocated=rules.sum_of(amounts, portions), currency=currency)
        plans.append(_Plan(name, lines, amounts, allocated))
    return plans


def _first(typed: str, *, of: int) -> int:
    """Where the page begins, counted from 0."""
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1
    return number - 1 if 1 <= number <= of else 0

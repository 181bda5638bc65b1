"""Plans as files: import one into a draft, in two steps, and take one away; what two versions say differently.

The file is read when it is uploaded, and only what was read of it is kept, so that the second step imports exactly what
its page shows and a second click imports nothing twice. A file with a fault is answered at once, and nothing of it is
kept.
"""

import hashlib
from collections.abc import Sequence
from itertools import groupby

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.contracts import rules
from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion, PlanUpload
from apps.contracts.rules.schedule import Problem, Schedule, read_schedule
from apps.core import canonical, money
from apps.core.errors import Refused
from apps.parties.roles import Action
from apps.portals import spreadsheets
from apps.portals.access import PortalRequest, portal
from apps.portals.comparing import comparison
from apps.portals.drafting.allocation import Allocation
from apps.portals.forms import add_refusal, explain
from apps.portals.plan_files import plan_file
from apps.portals.planning.pages import comparable, comparison_of
from apps.portals.seller.forms.imports import ConfirmForm, UploadForm
from apps.portals.seller.pages import Crumbs, contract_crumbs, page, today_of, why_not
from apps.workflows import contracting

SHOWN = 200
"""Rows on one page of a report."""


def _contract(request: PortalRequest, ref: str) -> Contract:
    return get_object_or_404(Contract.objects.of_seller(request.actor).select_related("buyer", "seller"), ref=ref)


def _draft(contract: Contract) -> ContractVersion | None:
    """What the seller is writing, while it may be changed by a file."""
    if contract.state != "draft":
        return None
    return contract.versions.filter(author="seller", proposed_at__isnull=True).first()


def _crumbs(contract: Contract, here: str) -> Crumbs:
    return contract_crumbs((contract.number, reverse("seller:contract", args=[contract.ref])), (here, ""))


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def import_plan(request: PortalRequest, ref: str) -> HttpResponse:
    """Choose the file. What is wrong in it is said row by row; a file without a fault goes on to its review."""
    contract = _contract(request, ref)
    draft = _draft(contract)
    if draft is None:
        messages.info(request, _("This contract is no draft any more, so it cannot be changed here."))
        return redirect("seller:contract", ref=contract.ref)
    form = UploadForm()
    report: Schedule | None = None
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                report = _read(form, currency=draft.currency)
                if not report.problems:
                    _keep(request, contract, form, report)
                    return redirect("seller:check_plan", ref=contract.ref)
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
        "fine": sum(not row.problems for row in report.rows) if report else 0,
        "crumbs": _crumbs(contract, _("Import a plan")),
    }
    response = page(request, "import_plan", context, form=form)
    response.status_code = 422 if report else response.status_code
    return response


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
        file_name=form.upload.name or "",
        file_sha256=hashlib.sha256(form.upload.read()).hexdigest(),
        reading=canonical.text(
            {
                "rows": [row.row for row in report.rows],
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


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def check_plan(request: PortalRequest, ref: str) -> HttpResponse:
    """What was read of the file, line by line, and the button that puts it in the place of the draft's plan."""
    contract = _contract(request, ref)
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
            return redirect("seller:change_draft", ref=contract.ref)
    upload = (
        PlanUpload.objects.visible_to(request.actor).filter(contract=contract).select_related("uploaded_by").first()
    )
    draft = _draft(contract)
    if upload is None or draft is None:
        for errors in form.errors.values():
            messages.warning(request, str(errors[0]))
        return redirect("seller:import_plan", ref=contract.ref)
    return page(request, "check_plan", _review(request, contract, draft, upload), form=form)


def _review(
    request: PortalRequest, contract: Contract, version: ContractVersion, upload: PlanUpload
) -> dict[str, object]:
    reading = canonical.read(upload.reading)
    lines = rules.read_plan(upload.plan)
    portions = [rules.portion_of(line) for line in lines]
    amounts = rules.known_amounts(version.price, currency=version.currency, portions=portions)
    first = _first(request.GET.get("from", ""), of=len(lines))
    rows = list(zip(reading["rows"], lines, amounts, strict=True))[first : first + SHOWN]
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
        "allocation": Allocation(
            price=version.price, allocated=rules.sum_of(amounts, portions), currency=version.currency
        ),
        "is_known": version.currency in money.currencies(),
        "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
        "confirm": ConfirmForm(initial={"upload": upload.ref}),
        "crumbs": _crumbs(contract, _("Check the plan")),
    }


def _first(typed: str, *, of: int) -> int:
    """Where the page begins, counted from 0."""
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1
    return number - 1 if 1 <= number <= of else 0


@require_safe
@portal("seller")
def contract_differences(request: PortalRequest, ref: str) -> HttpResponse:
    """Any two versions, also the draft."""
    contract = _contract(request, ref)
    versions = list(ContractVersion.objects.visible_to(request.actor).filter(contract=contract))
    context = comparison(request, contract, versions)
    back = reverse("seller:contract", args=[contract.ref])
    crumbs = _crumbs(contract, _("Compare versions"))
    return page(request, "contract_differences", {**context, "crumbs": crumbs, "back": back})


@require_safe
@portal("seller")
def plan_csv(request: PortalRequest, ref: str) -> HttpResponse:
    """The plan of a version, or of the draft, for any program."""
    return plan_file(_version(request, ref), kind=spreadsheets.CSV)


@require_safe
@portal("seller")
def plan_xlsx(request: PortalRequest, ref: str) -> HttpResponse:
    """The same for spreadsheet programs."""
    return plan_file(_version(request, ref), kind=spreadsheets.XLSX)


def _version(request: PortalRequest, ref: str) -> ContractVersion:
    versions = ContractVersion.objects.visible_to(request.actor).filter(
        contract__seller_id=request.actor.organisation_id
    )
    return get_object_or_404(versions.select_related("contract__buyer"), ref=ref)


@require_safe
@portal("seller")
def compare_plans(request: PortalRequest, ref: str) -> HttpResponse:
    """The same deal by milestones, by time and upfront: what the seller writes, else what was proposed last."""
    contract = _contract(request, ref)
    version = comparable(request.actor, contract, side="seller")
    waits = contracts.proposer_of(contract) == "buyer" and version.author == "buyer"
    back = reverse("seller:contract", args=[contract.ref])
    context = comparison_of(
        version,
        side="seller",
        today=today_of(request),
        sign_url=reverse("seller:sign_contract", args=[version.ref]) if waits else "",
        quotes_for=request.actor,
    )
    crumbs = _crumbs(contract, _("By milestones, by time or upfront"))
    return page(request, "compare_plans", {**context, "crumbs": crumbs, "back": back})

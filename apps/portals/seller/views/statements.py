"""Bank statements: the list, the upload, and what came of each file."""

import hashlib

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.core.errors import Refused
from apps.invoicing.models import BankStatement, BankTransaction, StatementFile
from apps.invoicing.statements.parts import Problem, ReadFile
from apps.invoicing.statements.reading import MOST_BYTES, read_file
from apps.parties.models import BankAccount
from apps.parties.roles import Action
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import add_refusal, explain
from apps.portals.paging import page_of
from apps.portals.seller.forms.statements import StatementForm
from apps.portals.seller.pages import Crumbs, invoice_crumbs, page, why_not
from apps.workflows import statements as workflow

SHOWN = 100
"""Problems, and statements of one file, on a page."""


def statement_crumbs(*more: tuple[str, str]) -> Crumbs:
    return invoice_crumbs((_("Bank statements"), reverse("seller:statements")), *more)


def waiting_for_people(request: PortalRequest) -> int:
    """How many transactions need somebody."""
    return BankTransaction.objects.visible_to(request.actor).filter(state="open").count()


@require_GET
@portal("seller")
def statements(request: PortalRequest) -> HttpResponse:
    """The files that were imported, newest first."""
    found = StatementFile.objects.visible_to(request.actor).select_related("uploaded_by")
    rows = page_of(request, found)
    of_rows = BankStatement.objects.visible_to(request.actor).filter(file__in=rows.rows).select_related("account")
    by_file: dict[int, list[BankStatement]] = {}
    for statement in of_rows.order_by("pk"):
        by_file.setdefault(statement.file_id, []).append(statement)
    context = {
        "rows": [(file, by_file.get(file.pk, [])[:3], len(by_file.get(file.pk, []))) for file in rows.rows],
        "page": rows,
        "open": waiting_for_people(request),
        "refusal": why_not(request.actor, Action.RECORD_PAYMENT),
        "crumbs": invoice_crumbs((_("Bank statements"), "")),
    }
    return page(request, "statements", context)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def import_statements(request: PortalRequest) -> HttpResponse:
    """Choose the file. What is wrong in it is said line by line; a file without a fault is imported at once."""
    accounts = list(BankAccount.objects.visible_to(request.actor).order_by("-is_default", "currency", "pk"))
    form = StatementForm(accounts=accounts)
    report: ReadFile | None = None
    refusal = why_not(request.actor, Action.RECORD_PAYMENT)
    if request.method == "POST":
        form = StatementForm(request.POST, request.FILES, accounts=accounts)
        if form.is_valid():
            try:
                request.actor.require(Action.RECORD_PAYMENT)
                report = _read(form)
                if not report.problems:
                    return _import(request, form, report)
            except Refused as refused:
                report = None
                refused.field = refused.field if refused.field in form.fields else "file"
                add_refusal(form, refused)
    problems = report.problems if report else ()
    context = {
        "refusal": refusal,
        "report": report,
        "problems": [_told(problem) for problem in problems[:SHOWN]],
        "more": max(len(problems) - SHOWN, 0),
        "has_accounts": bool(accounts),
        "crumbs": statement_crumbs((_("Import"), "")),
    }
    response = page(request, "import_statements", context, form=form)
    response.status_code = 422 if report else response.status_code
    return response


def _read(form: StatementForm) -> ReadFile:
    if (form.upload.size or 0) > MOST_BYTES:
        raise Refused("The file is larger than {most} MB. Fetch fewer days at once.", most=MOST_BYTES // 2**20)
    content = form.upload.read(MOST_BYTES + 1)
    return read_file(content, currency=form.currency, decimal=form.decimal_sign, dates=form.date_order)


def _import(request: PortalRequest, form: StatementForm, report: ReadFile) -> HttpResponse:
    form.upload.seek(0)
    answer = workflow.import_statements(
        actor=request.actor,
        key=form.cleaned_data["key"],
        read=report,
        file_name=form.upload.name or "",
        file_sha256=hashlib.sha256(form.upload.read()).hexdigest(),
        account=form.cleaned_data["account"],
    )
    if answer["known"]:
        messages.info(request, _("This file was imported already. Nothing was changed; this is what came of it."))
    elif report.count <= workflow.AT_ONCE:
        workflow.match_statements(actor=request.actor, file_ref=answer["file"])
    return redirect("seller:statement", ref=answer["file"])


def _told(problem: Problem) -> tuple[int, str]:
    return problem.line, explain(problem.refusal)


@require_GET
@portal("seller")
def statement(request: PortalRequest, ref: str) -> HttpResponse:
    """One file: what was new, what was known, what was applied, what waits; while it is matched, how far that is."""
    files = StatementFile.objects.visible_to(request.actor).select_related("uploaded_by")
    file = get_object_or_404(files, ref=ref)
    mine = BankTransaction.objects.visible_to(request.actor).filter(statement__file=file)
    counts = mine.aggregate(
        waiting=Count("pk", filter=Q(state="waiting")),
        applied=Count("pk", filter=Q(state="applied")),
        open=Count("pk", filter=Q(state="open")),
        set_aside=Count("pk", filter=Q(state="set_aside")),
        noted=Count("pk", filter=Q(state="noted")),
    )
    sums = (
        mine.order_by("currency")
        .values("currency")
        .annotate(
            money_in=Sum("amount", filter=Q(amount__gt=0), default=0),
            money_out=Sum("amount", filter=Q(amount__lt=0), default=0),
            unapplied=Sum("unapplied", default=0),
        )
    )
    found = BankStatement.objects.visible_to(request.actor).filter(file=file).select_related("account").order_by("pk")
    context = {
        "file": file,
        "counts": counts,
        "done": file.brought - counts["waiting"],
        "sums": [{**row, "applied": row["money_in"] - row["unapplied"]} for row in sums],
        "statements": found[:SHOWN],
        "count": found.count(),
        "shown": SHOWN,
        "here": reverse("seller:statement", args=[file.ref]),
        "crumbs": statement_crumbs((file.file_name, "")),
    }
    return page(request, "statement", context)

"""The journal for accounting programs: which period, what it holds, the file; and the accounts that stand in it."""

from typing import Any, Final

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.core import clock
from apps.core.errors import Refused
from apps.ledger.exports import asking, defaults, own_accounts
from apps.ledger.exports.formats import FORMATS
from apps.ledger.models import Book, ExportFormat, JournalExport, Package
from apps.parties.roles import Action
from apps.portals import papers
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, add_refusal, explain
from apps.portals.paging import page_of
from apps.portals.seller.forms.exports import (
    AccountsForm,
    DatevForm,
    ExportForm,
    QuickBooksForm,
    XeroForm,
    last_month,
)
from apps.portals.seller.pages import Crumbs, page, today_of, why_not
from apps.workflows import exporting

FORMS: Final[dict[str, type[AccountsForm]]] = {form.package: form for form in (DatevForm, XeroForm, QuickBooksForm)}


def _crumbs(*more: tuple[str, str]) -> Crumbs:
    return [(_("Exports"), reverse("seller:exports")), *more]


def _form(request: PortalRequest, data: QueryDict | None) -> ExportForm:
    books = Book.objects.visible_to(request.actor).filter(purpose=Book.Purpose.SELLER)
    own = request.membership.organisation.currency
    found = sorted(books.values_list("currency", flat=True), key=lambda currency: (currency != own, currency))
    starts_on, ends_on = last_month(today_of(request))
    return ExportForm(data, currencies=found, initial={"starts_on": starts_on, "ends_on": ends_on, "format": "csv"})


def _exports(request: PortalRequest) -> "QuerySet[JournalExport, JournalExport]":
    mine = JournalExport.objects.visible_to(request.actor).filter(book__purpose=Book.Purpose.SELLER)
    return mine.select_related("book")


@require_safe
@portal("seller")
def exports(request: PortalRequest) -> HttpResponse:
    """Choose what to export, see what it holds and that it balances; below, what was exported before."""
    refusal = why_not(request.actor, Action.EXPORT_JOURNAL)
    if refusal:
        return page(request, "exports", {"refusal": refusal})
    form = _form(request, request.GET if "starts_on" in request.GET else None)
    rows = page_of(request, _exports(request))
    context = {
        "rows": rows.rows,
        "page": rows,
        "has_books": bool(form.fields["currency"].choices),  # type: ignore[attr-defined]
        "packages": [(label, reverse(f"seller:{package}_accounts")) for package, label in Package.choices],
        **(_preview(request, form) if form.is_bound and form.is_valid() else {}),
    }
    return page(request, "exports", context, form=form)


def _preview(request: PortalRequest, form: ExportForm) -> dict[str, Any]:
    """What the period holds, and why it cannot be exported, if it cannot."""
    said = form.cleaned_data
    try:
        wanted = asking.of_seller(
            organisation_id=request.actor.organisation_id,
            currency=said["currency"],
            kind=said["format"],
            starts_on=said["starts_on"],
            ends_on=said["ends_on"],
        )
        contents = asking.contents_of(wanted)
    except Refused as refused:
        return {"cannot": explain(refused)}
    cannot = ""
    try:
        asking.check(wanted, contents, organisation=request.membership.organisation)
    except Refused as refused:
        cannot = explain(refused)
    return {
        "wanted": wanted,
        "contents": contents,
        "late": contents.unnumbered if contents.unnumbered < contents.entries else 0,
        "is_over": said["ends_on"] < today_of(request),
        "cannot": cannot,
        "action": ActionForm(auto_id="export_%s"),
    }


@require_POST
@portal("seller")
def request_export(request: PortalRequest) -> HttpResponse:
    """Ask for the file and go to its page; when it is refused, which is said, back to what was chosen."""
    form = _form(request, request.POST)
    if not form.is_valid() or not form.cleaned_data["key"]:
        messages.error(request, _("Choose a period, a currency and a format first."))
        return redirect("seller:exports")
    said = form.cleaned_data
    try:
        answer = exporting.request_export(
            actor=request.actor,
            key=said["key"],
            currency=said["currency"],
            kind=said["format"],
            starts_on=said["starts_on"],
            ends_on=said["ends_on"],
        )
    except Refused as refused:
        messages.error(request, explain(refused))
        chosen = QueryDict(mutable=True)
        chosen.update({name: str(said[name]) for name in ("starts_on", "ends_on", "currency", "format")})
        return redirect(f"{reverse('seller:exports')}?{chosen.urlencode()}")
    return redirect("seller:journal_export", ref=answer["export"])


def _export(request: PortalRequest, ref: str) -> JournalExport:
    """An export of the organisation, for whoever may have it."""
    if not request.actor.may(Action.EXPORT_JOURNAL):
        raise Http404
    return get_object_or_404(_exports(request), ref=ref)


@require_safe
@portal("seller")
def journal_export(request: PortalRequest, ref: str) -> HttpResponse:
    """One export: what it is of, its totals, how far it is, and the file when it is there."""
    export, now = _export(request, ref), clock.now()
    context = {
        "export": export,
        "currency": export.book.currency,
        "is_given_up": export.is_given_up(now=now),
        "is_dropped": export.is_dropped(now=now),
        "here": reverse("seller:journal_export", args=[export.ref]),
        "action": ActionForm(auto_id="again_%s"),
        "crumbs": _crumbs((export.get_format_display(), "")),
    }
    return page(request, "journal_export", context)


@require_safe
@portal("seller")
def journal_export_file(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the export; 404 until they exist, and when they were kept long enough."""
    export = _export(request, ref)
    if export.is_dropped(now=clock.now()):
        raise Http404
    kind = FORMATS[ExportFormat(export.format)].content_type
    kind = "application/zip" if export.ending == "zip" else kind
    return papers.handed_over(export, name=export.file_name, content_type=kind)


@require_POST
@portal("seller")
def retry_export(request: PortalRequest, ref: str) -> HttpResponse:
    """Make an export again after it failed."""
    export, form = _export(request, ref), ActionForm(request.POST)
    if form.is_valid():
        try:
            exporting.retry_export(actor=request.actor, key=form.cleaned_data["key"], export_ref=export.ref)
        except Refused as refused:
            messages.error(request, explain(refused))
    return redirect("seller:journal_export", ref=export.ref)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def datev_accounts(request: PortalRequest) -> HttpResponse:
    """Which accounts stand in exports for DATEV, and under which numbers DATEV knows the seller."""
    return _accounts(request, Package.DATEV)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def xero_accounts(request: PortalRequest) -> HttpResponse:
    """Which account codes stand in exports for Xero."""
    return _accounts(request, Package.XERO)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def quickbooks_accounts(request: PortalRequest) -> HttpResponse:
    """Which account names stand in exports for QuickBooks."""
    return _accounts(request, Package.QUICKBOOKS)


def _accounts(request: PortalRequest, package: Package) -> HttpResponse:
    crumbs = _crumbs((_("Accounts in %(program)s") % {"program": package.label}, ""))
    refusal = why_not(request.actor, Action.EXPORT_JOURNAL)
    if refusal:
        return page(request, "own_accounts", {"refusal": refusal, "package": package, "crumbs": crumbs})
    form = _accounts_form(request, package)
    if request.method == "POST" and form.is_valid():
        try:
            exporting.set_own_accounts(
                actor=request.actor,
                key=form.cleaned_data["key"],
                package=package.value,
                accounts=form.accounts,
                details=form.details,
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Saved. Exports from now on are written with these accounts."))
            return redirect("seller:exports")
    context = {"package": package, "charts": [*defaults.DATEV] if package is Package.DATEV else [], "crumbs": crumbs}
    return page(request, "own_accounts", context, form=form)


def _accounts_form(request: PortalRequest, package: Package) -> AccountsForm:
    """What the organisation said, or what is proposed; of DATEV, what is proposed in the chart of the address."""
    organisation = request.membership.organisation
    said = own_accounts.chosen(organisation_id=organisation.pk, package=package)
    accounts, details = own_accounts.proposed(organisation=organisation, package=package)
    if said is not None:
        accounts, details = own_accounts.as_said(said)
    chart = request.GET.get("chart", "")
    if package is Package.DATEV and chart in defaults.DATEV:
        accounts, details = defaults.accounts_of(package, chart=chart), own_accounts.in_chart(details, chart)
    return FORMS[package.value](request.POST or None, accounts=accounts, details=details)

"""The page of an application for payment: what stands in it, the sheet and its summary, and what may be done."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.contracts.rules.schedule import Cell
from apps.core import canonical, clock
from apps.core.errors import ProofNeeded, Refused
from apps.invoicing.application_page import WITHHELD, charges_of, columns_of, pdf_of, summary_of
from apps.invoicing.models import Application, ApplicationLine
from apps.invoicing.models.application import ApplicationState
from apps.invoicing.services import applications, certifying
from apps.ledger.rules import guarded
from apps.parties.roles import Action
from apps.portals import interrupted, proving
from apps.portals.access import PortalRequest
from apps.portals.applying import lower_figures
from apps.portals.applying.forms import CertifyForm, ReturnForm
from apps.portals.applying.lower_figures import Part
from apps.portals.correcting.side import Side
from apps.portals.forms import ActionForm, SeenForm, add_refusal, explain
from apps.portals.link_desk import LinkSide
from apps.portals.spreadsheets.writing import XLSX, written
from apps.workflows import applying, limits


@dataclass(frozen=True, slots=True)
class Shown:
    """The text of an application as its page shows it: ``said`` with every figure as a number, or why there is none."""

    said: Mapping[str, Any] | None
    sha256: str = ""
    refusal: str = ""

    @property
    def has_withheld(self) -> bool:
        """Whether something is withheld for defects, so that the sheet has a column for it."""
        return self.said is not None and WITHHELD in self.said["totals"]


def panel_of(contract: Contract) -> list[Application] | None:
    """The applications of a contract that the reader may see, the newest first; None where it does not bill so."""
    version = contract.active_version
    if version is None or not version.is_by_application:
        return None
    found = Application.objects.filter(contract=contract).order_by("-number")
    return list(found.prefetch_related("lines").select_related("invoice"))


def application(request: PortalRequest, side: Side, ref: str) -> HttpResponse:
    """Submit what was accepted; certify it, whole or lower, or return it; withdraw it."""
    found = _of_side(request, side, ref)
    shown = _shown(found)
    standing = found.lines.exclude(claimed=0).select_related("milestone")
    lines = list(standing.order_by("milestone__position", "milestone__part", "pk"))
    part = lower_figures.part_of(request, found, lines=lines)
    forms = _forms(side, found, part=part, sha256=shown.sha256)
    do = request.POST.get("do", "") if request.method == "POST" else ""
    bound: ActionForm | None = None
    if "certify" in forms:
        interrupted.give_back(request, forms["certify"])
    if do.startswith(lower_figures.KEEP) and "certify" in forms:
        bound = forms["certify"] = kept = CertifyForm(request.POST, lines=part.lines, auto_id="certify_%s")
        if kept.is_valid():
            try:
                lower_figures.keep(request, found, part=part, own=kept.figures, comment=kept.cleaned_data["comment"])
            except Refused as refused:
                add_refusal(kept, refused)
            else:
                to = urlencode({"lines": do.removeprefix(lower_figures.KEEP)})
                return redirect(f"{side.url('application', found.ref)}?{to}#certify")
    elif do in forms:
        bound = forms[do] = _bound(do, request, lines=part.lines)
        if bound.is_valid():
            try:
                done = _done(request, found, do, bound, part=part)
            except ProofNeeded as needed:
                interrupted.ask(request, request.user, bound, needed)
            except Refused as refused:
                add_refusal(bound, refused)
            else:
                lower_figures.forget(request)
                messages.success(request, done)
                return redirect(side.url("application", found.ref))
    elif do:
        messages.warning(request, _("This cannot be done any more. See how the application stands now."))
    why = _why_not(request, side, found)
    asks = "certify" in forms and applications.needs_proof_to_certify(found, contract=found.contract)
    context = {
        "application": found,
        "contract": found.contract,
        "lines": lines,
        "part": part,
        "is_lower": any(line.uncertified for line in lines if line.certified is not None),
        "shown": shown,
        "summary": summary_of(shown.said["summary"]) if shown.said else [],
        "charges": charges_of(shown.said) if shown.said else [],
        "forms": forms,
        "may": {} if why else dict.fromkeys(forms, True),
        "why": why if forms else "",
        "invoice": getattr(found, "invoice", None),
        "certifies": certifying.certificate_statement(found).text
        if side.name == "buyer" and "certify" in forms
        else "",
        "proof_url": proving.way(request, request.actor)
        if asks and not why and not proving.is_fresh(request.actor.origin.proof)
        else "",
        "pdf_url": side.url("application_pdf", found.ref) if found.submitted_at is not None else "",
        "xlsx_url": side.url("application_xlsx", found.ref) if shown.said else "",
        "is_link": not side.has_crumbs,
        "token": side.token if isinstance(side, LinkSide) else "",
        "grant": getattr(request, "grant", None),
        "crumbs": []
        if not side.has_crumbs
        else [
            (_("Contracts"), reverse(f"{side.name}:contracts")),
            (found.contract.number, side.url("contract", found.contract.ref)),
            (str(found), ""),
        ],
    }
    return side.applying_page(request, "application", context, form=bound)


def application_xlsx(request: PortalRequest, side: Side, ref: str) -> HttpResponse:
    """The sheet and the summary for spreadsheet programs."""
    found = _of_side(request, side, ref)
    shown = _shown(found)
    if shown.said is None:
        raise Http404
    return written(_cells(shown.said), kind=XLSX, name=f"{found.contract.number}-{found}")


def application_pdf(request: PortalRequest, side: Side, ref: str) -> HttpResponse:
    """What was submitted, or certified, as PDF: made from the frozen text when somebody asks for it."""
    found = _of_side(request, side, ref)
    at = found.decided_at if found.certified_text else found.submitted_at
    if at is None:
        raise Http404
    limits.count(limits.PRINTS, str(request.user.pk or f"link {request.actor.grant_id}"))
    response = HttpResponse(pdf_of(found.certified_text or found.text, at=at), content_type="application/pdf")
    name = slugify(f"{found.contract.number}-{found}")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _of_side(request: PortalRequest, side: Side, ref: str) -> Application:
    """An application of this side; the buyer sees what was submitted, and what collects for it."""
    mine = Application.objects.visible_to(request.actor).filter(**{f"{side.name}_id": request.actor.organisation_id})
    related = ("contract__seller", "contract__buyer", "contract__active_version", "invoice")
    return get_object_or_404(mine.select_related(*related).prefetch_related("lines"), ref=ref)


def _why_not(request: PortalRequest, side: Side, found: Application) -> str:
    """Nothing where this side's person may act on it, else the reason to show in the place of the buttons."""
    actor = request.actor
    try:
        if side.name == "seller":
            actor.require(Action.RECORD_PAYMENT)
        else:
            actor.require(Action.DECIDE_MILESTONE)
            applications.check_limit(found, contract=found.contract, limit=actor.approval_limit)
    except Refused as refused:
        return explain(refused)
    return ""


def _shown(found: Application) -> Shown:
    """What was certified, else what was submitted, else what would be submitted now."""
    text, sha256 = found.certified_text or found.text, found.sha256
    if not text:
        today = clock.today(found.contract.seller.time_zone)
        try:
            text, sha256 = applications.preview_application(found, contract=found.contract, today=today)
        except Refused as refused:
            return Shown(None, refusal=explain(refused))
    return Shown(_read(canonical.read(text)), sha256)


def _read(said: dict[str, Any]) -> dict[str, Any]:
    columns = columns_of(said)
    rows = [{**row, **{name: Decimal(row[name]) for name in columns}} for row in said["sheet"]]
    totals = {**said["totals"], **{name: Decimal(said["totals"][name]) for name in columns}}
    return {
        **said,
        "sheet": rows,
        "totals": totals,
        "summary": {name: Decimal(amount) for name, amount in said["summary"].items()},
        "invoice": {name: Decimal(amount) for name, amount in said["invoice"].items()},
        "period": {name: date.fromisoformat(day) for name, day in said["period"].items()},
    }


def _forms(side: Side, found: Application, *, part: Part, sha256: str) -> dict[str, ActionForm]:
    """What this side may do with it now."""
    seen = {"seen": sha256}
    if side.name == "seller":
        if found.state == ApplicationState.OPEN and sha256:
            return {"submit": SeenForm(initial=seen, auto_id="submit_%s")}
        if found.state == ApplicationState.SUBMITTED:
            return {"withdraw": ActionForm(auto_id="withdraw_%s")}
    elif found.state == ApplicationState.SUBMITTED:
        return {
            "certify": CertifyForm(initial={**seen, **part.initial}, lines=part.lines, auto_id="certify_%s"),
            "return": ReturnForm(initial=seen, auto_id="return_%s"),
        }
    return {}


def _bound(do: str, request: PortalRequest, *, lines: Sequence[ApplicationLine]) -> ActionForm:
    if do == "certify":
        return CertifyForm(request.POST, lines=lines, auto_id="certify_%s")
    kinds: dict[str, type[ActionForm]] = {"submit": SeenForm, "withdraw": ActionForm, "return": ReturnForm}
    return kinds[do](request.POST, auto_id=f"{do}_%s")


def _done(request: PortalRequest, found: Application, do: str, form: ActionForm, *, part: Part) -> str:
    """Do what the button says; the answer is what was done."""
    actor, said, ref = request.actor, form.cleaned_data, found.ref

    def submit() -> str:
        applying.submit_application(actor=actor, key=said["key"], application_ref=ref, seen=said["seen"])
        return _("Submitted. The buyer is asked to certify it.")

    def withdraw() -> str:
        applying.withdraw_application(actor=actor, key=said["key"], application_ref=ref)
        return _("Withdrawn. What stood in it stands in the next application.")

    def certify() -> str:
        figures = part.figures(form.figures) if isinstance(form, CertifyForm) else {}
        answer = applying.certify_application(
            actor=actor,
            key=said["key"],
            application_ref=ref,
            seen=said["seen"],
            figures=figures,
            comment=said["comment"],
        )
        return _("Certified. Invoice %(number)s is issued.") % {"number": answer["number"]}

    def back() -> str:
        applying.return_application(
            actor=actor, key=said["key"], application_ref=ref, seen=said["seen"], reason=said["comment"]
        )
        return _("Returned. The seller reads why.")

    verbs: dict[str, Callable[[], str]] = {"submit": submit, "withdraw": withdraw, "certify": certify, "return": back}
    return verbs[do]()


def _cells(said: Mapping[str, Any]) -> Iterator[list[Cell]]:
    """The sheet, then the summary. What people typed never begins a formula; figures stay figures."""
    columns = columns_of(said)
    width = 3 + len(columns)
    yield [
        *(_("Item"), _("Description of work"), _("Currency"), _("Scheduled value"), _("Previous applications")),
        *(_("This period"), _("Materials stored"), _("Completed and stored"), _("Percent")),
        *(_("Balance to finish"), _("Retention"), _("Withheld for defects"))[: width - 9],
    ]
    currency = said["currency"]
    for row in said["sheet"]:
        yield [Decimal(row["position"]), guarded(row["title"]), currency, *(row[name] for name in columns)]
    yield [None, _("Total"), currency, *(said["totals"][name] for name in columns)]
    yield [None] * width
    for one in summary_of(said["summary"]):
        yield [None, one.name, currency, one.amount, *[None] * (width - 4)]
    yield [None, _("Sheet and summary tie out."), *[None] * (width - 2)]
    for charge in charges_of(said):
        named = guarded(f"{charge.name} ({charge.document})")
        yield [None, named, currency, charge.amount, *[None] * (width - 4)]

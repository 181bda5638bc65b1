"""Raise a dispute: about what was submitted or billed, by either side or by personal link."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from apps.core.errors import ProofNeeded, Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import Invoice
from apps.milestones.models import Submission
from apps.milestones.models.submission import SubmissionState
from apps.parties.actor import ActorKind
from apps.parties.roles import Action
from apps.portals import interrupted
from apps.portals.access import PortalRequest
from apps.portals.correcting.side import Side
from apps.portals.disputing.forms import DisputeForm, DisputeRestForm, ReleaseDisputeForm
from apps.portals.disputing.rest import SIGN, Rest, chosen
from apps.portals.forms import add_refusal, explain
from apps.workflows import disputing
from apps.workflows.once import Answer

Crumbs = list[tuple[str, str]]
Show = Callable[[dict[str, Any], BaseForm], HttpResponse]


def dispute_submission(request: PortalRequest, ref: str, *, side: Side, crumbs: Crumbs) -> HttpResponse:
    """Dispute what waits for sign-off or was sent back; the buyer may accept the rest in the same act."""
    rows = Submission.objects.visible_to(request.actor).exclude(state="draft")
    found = get_object_or_404(
        rows.filter(**{f"contract__{side.name}_id": request.actor.organisation_id}).select_related(
            "milestone__contract__active_version", "contract__seller", "contract__buyer"
        ),
        ref=ref,
    )
    form = _form(request, found, may_accept=side.name == "buyer")
    here = side.url("milestone", found.milestone.ref)

    done, rest = _raised(request, found, form)
    if done is not None:
        return redirect(side.url("dispute", done["dispute"]))
    context = {
        "reading": rest,
        "about": found.milestone.title,
        "whole": found.milestone.amount,
        "currency": found.milestone.currency,
        "back": here,
        "refusal": _why_not(request),
        "is_submission": True,
        "waits": found.state == SubmissionState.SUBMITTED,
        "crumbs": [*crumbs, (found.milestone.title, here), (_("Dispute"), "")],
    }
    return side.dispute_page(request, "raise_dispute", context, form=form)


def dispute_by_link(request: PortalRequest, submission: Submission, *, back: str, show: Show) -> HttpResponse:
    """The same for a guest, who sees it on the page of the submission afterwards; the link of the dispute goes on."""
    form = _form(request, submission, may_accept=True)
    done, rest = _raised(request, submission, form)
    if done is not None:
        return redirect(back)
    milestone = submission.milestone
    return show(
        {
            "reading": rest,
            "about": milestone.title,
            "whole": milestone.amount,
            "currency": milestone.currency,
            "back": back,
            "refusal": "",
            "is_submission": True,
            "waits": submission.state == SubmissionState.SUBMITTED,
            "base": "buyer/link/base.html",
        },
        form,
    )


def dispute_invoice(request: PortalRequest, ref: str, *, side: Side, crumbs: Crumbs) -> HttpResponse:
    """Dispute what is open of an invoice, or a part of it."""
    mine = Invoice.objects.of_seller if side.name == "seller" else Invoice.objects.of_buyer
    found = get_object_or_404(mine(request.actor).select_related("open_item", "contract", "milestone"), ref=ref)
    form = _form_about(request, found)
    here = side.url("invoice", found.ref)
    done = _tried(request, form, lambda: _raise_about(request, found, form))
    if done is not None:
        return redirect(side.url("dispute", done["dispute"]))
    context = {
        **_about_invoice(found),
        "back": here,
        "refusal": _why_not(request) or _why_not_invoice(found),
        "crumbs": [*crumbs, (found.number, here), (_("Dispute"), "")],
    }
    return side.dispute_page(request, "raise_dispute", context, form=form)


def invoice_by_link(request: PortalRequest, found: Invoice, *, here: str, back: str, show: Show) -> HttpResponse:
    """The same for the signatory who got a link for it; it shows the dispute afterwards, which goes on by its own."""
    form = _form_about(request, found)
    done = _tried(request, form, lambda: _raise_about(request, found, form))
    if done is not None:
        return redirect(here)
    context = {
        **_about_invoice(found),
        "back": back,
        "refusal": _why_not_invoice(found),
        "base": "buyer/link/base.html",
    }
    return show(context, form)


def _form_about(request: PortalRequest, found: Invoice) -> DisputeForm:
    return (ReleaseDisputeForm if found.is_release else DisputeForm)(request.POST or None)


def _raise_about(request: PortalRequest, found: Invoice, form: DisputeForm) -> Answer:
    return disputing.dispute_invoice(
        actor=request.actor,
        key=form.cleaned_data["key"],
        invoice_ref=found.ref,
        share=form.share,
        reason=form.cleaned_data["reason"],
        answer_days=form.cleaned_data["answer_days"],
    )


def _about_invoice(found: Invoice) -> dict[str, Any]:
    return {
        "reading": None,
        "about": found.number,
        "whole": found.net,
        "currency": found.currency,
        "open": found.open_item.open,
        "is_submission": False,
        "is_release": found.is_release,
        "cannot_credit": _cannot_credit(found),
    }


def _form(request: PortalRequest, found: Submission, *, may_accept: bool) -> DisputeForm:
    """The buyer may accept the rest of what waits in the same act."""
    offers_rest = may_accept and found.state == SubmissionState.SUBMITTED
    return (DisputeRestForm if offers_rest else DisputeForm)(request.POST or None, initial={"seen": found.sha256})


def _raised(request: PortalRequest, found: Submission, form: DisputeForm) -> tuple[Answer | None, Rest | None]:
    """What was done, or the rest that the next press accepts, once what it does and the statement were read."""
    rest: Rest | None = None
    if request.method == "POST" and "change" not in request.POST and form.is_valid():
        try:
            rest = chosen(request, found, form)
        except Refused as refused:
            add_refusal(form, refused)
    if rest is not None and SIGN not in request.POST:
        return None, rest
    if "change" in request.POST or form.errors:
        return None, None
    done = _tried(request, form, lambda: _raise(request, found, form))
    return done, None


def _raise(request: PortalRequest, found: Submission, form: DisputeForm) -> Answer:
    cleaned = form.cleaned_data
    if cleaned.get("rest") and form.disputed is not None:
        return disputing.dispute_rest(
            actor=request.actor,
            key=cleaned["key"],
            submission_ref=found.ref,
            seen=cleaned["seen"],
            amount=form.disputed,
            verdicts=[],
            reason=cleaned["reason"],
            answer_days=cleaned["answer_days"],
        )
    return disputing.dispute_submission(
        actor=request.actor,
        key=cleaned["key"],
        submission_ref=found.ref,
        amount=form.disputed,
        reason=cleaned["reason"],
        answer_days=cleaned["answer_days"],
    )


def _tried(request: PortalRequest, form: DisputeForm, do: Callable[[], Answer]) -> Answer | None:
    """What was done, if anything; a refusal stands in the form."""
    is_member = request.actor.kind is ActorKind.USER
    interrupted.give_back(request, form)
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        done = do()
    except ProofNeeded as needed:
        interrupted.ask(request, request.user, form, needed)
        return None
    except Refused as refused:
        add_refusal(form, refused)
        return None
    if is_member:
        messages.success(request, _("The dispute is raised, and the other side is told."))
    return done


def _why_not(request: PortalRequest) -> str:
    try:
        request.actor.require(Action.RAISE_DISPUTE)
    except Refused as refused:
        return explain(refused)
    return ""


def _cannot_credit(invoice: Invoice) -> str:
    """Why what both sides might uphold of it could not be credited as things stand; nothing where it could be."""
    if invoice.is_release:
        return ""
    try:
        invoicing.refuse_uncreditable(invoice)
    except Refused as refused:
        return explain(refused)
    return ""


def _why_not_invoice(invoice: Invoice) -> str:
    if invoice.open_item.disputed:
        return _("This invoice is in dispute already.")
    return "" if invoice.open_item.open else _("Nothing of this invoice is open, so nothing of it is disputed.")

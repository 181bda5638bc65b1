"""Submitting a milestone: say and show how each criterion is met, see what the buyer will see, send it."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.contracts import services as contracts
from apps.contracts.models import Criterion
from apps.contracts.rules import review_deadline
from apps.core import clock
from apps.core.errors import Refused
from apps.milestones import services as milestone_services
from apps.milestones.models import Milestone, Submission
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, SeenForm, add_refusal, explain
from apps.portals.parts import Fact
from apps.portals.seller.cycles import Cycle, cycle_before, cycles_of
from apps.portals.seller.forms.submission import PrepareForm
from apps.portals.seller.pages import page, why_not
from apps.portals.seller.views.milestones import milestone_crumbs, part_before, seller_milestone
from apps.workflows import sign_off

OPEN = ("planned", "changes_requested")


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def prepare_submission(request: PortalRequest, ref: str) -> HttpResponse:
    """Write down how each criterion is met. ``do=preview`` goes on to the page that sends it."""
    milestone = seller_milestone(request, ref)
    if milestone.state not in OPEN:
        messages.info(request, _("This milestone is not open for a submission now."))
        return redirect("seller:milestone", ref=milestone.ref)
    criteria = list(milestone.line.criteria.all())
    if request.method != "POST":
        return _desk(request, milestone, criteria, None)
    form = PrepareForm(request.POST, request.FILES, criteria=criteria)
    if keep(request, milestone, form):
        if request.POST.get("do") == "preview":
            return redirect("seller:submit_milestone", ref=milestone.ref)
        messages.success(request, _("Saved. The buyer sees nothing of it yet."))
        return redirect("seller:prepare_submission", ref=milestone.ref)
    return _desk(request, milestone, criteria, form)


def keep(request: PortalRequest, milestone: Milestone, form: PrepareForm) -> bool:
    """Save the answers, then the chosen files; what is refused stands at its field, and the rest is saved."""
    if not form.is_valid():
        return False
    try:
        sign_off.prepare_submission(
            actor=request.actor,
            key=form.cleaned_data["key"],
            milestone_ref=milestone.ref,
            note=form.cleaned_data["note"],
            answers=form.as_answers(),
            links=form.cleaned_data["more_links"],
        )
    except Refused as refused:
        add_refusal(form, refused)
        return False
    for field, criterion_id, upload in form.uploads():
        try:
            sign_off.attach_evidence(
                actor=request.actor, milestone_ref=milestone.ref, upload=upload, criterion_id=criterion_id
            )
        except Refused as refused:
            form.add_error(field, ValidationError(f"{upload.name}: {explain(refused)}", code="refused"))
    return not form.errors


def desk(request: PortalRequest, milestone: Milestone, form: PrepareForm) -> HttpResponse:
    """The page of the submission being prepared, with what was typed and why it was refused."""
    return _desk(request, milestone, form.criteria, form)


def _desk(
    request: PortalRequest, milestone: Milestone, criteria: Sequence[Criterion], form: PrepareForm | None
) -> HttpResponse:
    cycles = cycles_of(request.actor, milestone, criteria)
    newest = cycles[0] if cycles else None
    draft = newest if newest and newest.submission.state == "draft" else None
    last = next((cycle for cycle in cycles if cycle.decision), None)
    before = part_before(milestone, cycles)
    shown = newest or (cycle_before(before, criteria) if before is not None else None)
    if form is None:
        form = PrepareForm(initial=_initial(shown), criteria=criteria)
    rows = {row.criterion.pk: row for row in shown.rows} if shown else {}
    found = {row.criterion.pk: row.verdict for row in last.rows} if last else before.verdicts if before else {}
    return page(
        request,
        "prepare_submission",
        {
            "milestone": milestone,
            "contract": milestone.contract,
            "answers": [
                (answer, rows[answer.criterion.pk].files if rows else [], found.get(answer.criterion.pk))
                for answer in form.answers()
            ],
            "files": shown.files if shown else [],
            "again": ActionForm(),
            "has_draft": draft is not None,
            "last": last,
            "part_before": before,
            "cycle": draft.submission.number if draft else (newest.submission.number + 1 if newest else 1),
            "refusal": why_not(request.actor, Action.SUBMIT_MILESTONE),
            "crumbs": milestone_crumbs(milestone, (_("Prepare submission"), "")),
        },
        form=form,
    )


def _initial(newest: Cycle | None) -> dict[str, Any]:
    """What the draft says; before there is one, what the last cycle said, or the part before, less what the buyer
    crossed."""
    if newest is None:
        return {}
    initial: dict[str, Any] = {"note": newest.submission.note, "more_links": newest.links}
    for row in newest.rows:
        is_crossed = row.verdict is not None and not row.verdict.is_passed
        initial[f"met_{row.criterion.position}"] = row.note is not None and row.note.is_met and not is_crossed
        initial[f"note_{row.criterion.position}"] = row.note.note if row.note else ""
        initial[f"links_{row.criterion.position}"] = row.links
    return initial


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def submit_milestone(request: PortalRequest, ref: str) -> HttpResponse:
    """What the buyer will see and until when, and the button that sends it."""
    milestone = seller_milestone(request, ref)
    if milestone.state not in OPEN:
        messages.info(request, _("This milestone was submitted already, or is not open for a submission now."))
        return redirect("seller:milestone", ref=milestone.ref)
    criteria = list(milestone.line.criteria.all())
    cycles = cycles_of(request.actor, milestone, criteria)
    draft = cycles[0] if cycles and cycles[0].submission.state == "draft" else None
    if draft is None:
        return redirect("seller:prepare_submission", ref=milestone.ref)
    missing, text, sha256 = "", "", ""
    try:
        text, sha256 = milestone_services.preview(milestone)
    except Refused as refused:
        missing = explain(refused)
    form = SeenForm(request.POST or None, initial={"seen": sha256})
    version = milestone.contract.active_version
    if request.method == "POST" and form.is_valid():
        try:
            sign_off.submit_milestone(actor=request.actor, milestone_ref=milestone.ref, **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            who = version.signatory_name if version else ""
            messages.success(request, _("Sent. %(who)s gets a mail with a personal link.") % {"who": who})
            return redirect("seller:milestone", ref=milestone.ref)
    review = contracts.review_terms(version, own=milestone.line.own) if version else None
    return page(
        request,
        "submit_milestone",
        {
            "milestone": milestone,
            "contract": milestone.contract,
            "version": version,
            "cycle": draft,
            "missing": missing,
            "refusal": why_not(request.actor, Action.SUBMIT_MILESTONE),
            "text": text,
            "sha256": sha256,
            "review": review,
            "deadline": review_deadline(clock.now(), terms=review) if review else None,
            "again": SeenForm(initial={"seen": sha256}),
            "crumbs": milestone_crumbs(milestone, (_("Check and submit"), "")),
        },
        form=form,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def withdraw_submission(request: PortalRequest, ref: str) -> HttpResponse:
    """Take a submission back before it is decided: a page that says what ends, and the button."""
    submissions = Submission.objects.visible_to(request.actor).filter(contract__seller_id=request.actor.organisation_id)
    submission = get_object_or_404(
        submissions.exclude(state="draft").select_related("milestone__contract__buyer", "milestone__contract__seller"),
        ref=ref,
    )
    milestone = submission.milestone
    form = ActionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            sign_off.withdraw_submission(
                actor=request.actor, key=form.cleaned_data["key"], submission_ref=submission.ref
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The submission is withdrawn. You can submit the milestone again."))
            return redirect("seller:milestone", ref=milestone.ref)
    return page(
        request,
        "withdraw_submission",
        {
            "submission": submission,
            "milestone": milestone,
            "is_open": submission.state == "submitted",
            "refusal": why_not(request.actor, Action.SUBMIT_MILESTONE),
            "facts": [
                Fact(term=_("Milestone"), value=milestone.title, url=reverse("seller:milestone", args=[milestone.ref])),
                Fact(term=_("Submission"), value=str(submission.number)),
                Fact(
                    term=_("Sent"),
                    value=formats.instant(submission.submitted_at, milestone.contract.seller.time_zone)
                    if submission.submitted_at
                    else "",
                ),
            ],
            "effects": [
                _("The personal link that %(buyer)s has stops working.")
                % {"buyer": milestone.contract.buyer.legal_name},
                _("The submission stays in the history, as withdrawn."),
                _("The milestone is planned again, and you can submit it as a new cycle."),
            ],
            "crumbs": milestone_crumbs(milestone, (_("Withdraw submission"), "")),
        },
        form=form,
    )

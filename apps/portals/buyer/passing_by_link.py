"""Behind a personal link: pass a decision to a colleague's mailbox, and take it back."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.contracts import rules
from apps.contracts import services as contracts
from apps.contracts.models import GuestGrant
from apps.core.errors import ProofNeeded, Refused
from apps.milestones.models import HandOver, Submission
from apps.portals import interrupted
from apps.portals.access import PortalRequest
from apps.portals.buyer.pages import page
from apps.portals.buyer.visits import Visit
from apps.portals.forms import ActionForm, add_refusal
from apps.workflows import before_acceptance


class PassByLinkForm(ActionForm):
    """To whose mailbox, and what to tell."""

    name = forms.CharField(
        label=gettext_lazy("Your colleague's name"),
        max_length=120,
        error_messages={"required": gettext_lazy("Give your colleague's name.")},
    )
    email = forms.EmailField(
        label=gettext_lazy("Your colleague's e-mail"),
        error_messages={"required": gettext_lazy("Give your colleague's e-mail.")},
    )
    note = forms.CharField(
        label=gettext_lazy("Note to your colleague (optional)"),
        required=False,
        max_length=4_000,
        help_text=gettext_lazy("The seller does not see it."),
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )


def pass_on(request: PortalRequest, visit: Visit, submission: Submission) -> HttpResponse:
    """Name the colleague; a form that is refused is shown again with what was typed. A button takes back what was."""
    back = visit.way.submission(submission)
    passed = contracts.passed_on(subject_ref=submission.ref)
    is_open = submission.state == "submitted" and visit.grant.passed_from_id is None
    if request.method != "POST" and not is_open:
        return redirect(back)
    if "take_back" in request.POST:
        return _take_back(request, submission, back=back)
    form = PassByLinkForm(request.POST or None)
    interrupted.give_back(request, form)
    if request.method == "POST" and form.is_valid() and _passed(request, submission, form):
        messages.success(request, _("Your colleague is asked by mail, and you are told by mail too."))
        return redirect(back)
    house = rules.domain_of(visit.grant.email)
    context = {
        "grant": visit.grant,
        "token": visit.token,
        "milestone": submission.milestone,
        "house": house,
        "passed": passed,
        "taking_back": ActionForm(auto_id="take_back_%s"),
        "has_account": submission.milestone.contract.buyer.is_claimed,
        "back": back,
    }
    return page(request, "link/pass_on", context, zone=submission.milestone.contract.buyer.time_zone, form=form)


def standing(visit: Visit, submission: Submission) -> dict[str, Any]:
    """What the page of a submission says of who was asked by whom; ``may_pass``: whether this link can pass it on."""
    own = visit.grant.passed_from_id is None
    passed = contracts.passed_on(subject_ref=submission.ref) if own else None
    told = HandOver.objects.visible_to(visit.actor).filter(submission=submission, to_grant__email=_asked(visit, passed))
    return {"handed": told.select_related("to_grant").last(), "passed": passed, "may_pass": own}


def _asked(visit: Visit, passed: GuestGrant | None) -> str:
    return passed.email if passed is not None else visit.grant.email


def _passed(request: PortalRequest, submission: Submission, form: PassByLinkForm) -> bool:
    """Pass it on; what is refused stands on the form, and above the buyer's amount the code is asked for first."""
    try:
        before_acceptance.pass_by_link(
            actor=request.actor,
            key=form.cleaned_data["key"],
            submission_ref=submission.ref,
            name=form.cleaned_data["name"],
            email=form.cleaned_data["email"],
            note=form.cleaned_data["note"],
        )
    except ProofNeeded as needed:
        interrupted.ask(request, request.user, form, needed)
    except Refused as refused:
        add_refusal(form, refused)
    return not form.errors


def _take_back(request: PortalRequest, submission: Submission, *, back: str) -> HttpResponse:
    form = ActionForm(request.POST)
    try:
        if form.is_valid():
            before_acceptance.take_back_milestone(
                actor=request.actor, key=form.cleaned_data["key"], submission_ref=submission.ref
            )
            messages.success(request, _("It is yours alone again: the other link decides nothing any more."))
    except Refused as refused:
        add_refusal(form, refused)
        messages.error(request, " ".join(str(one) for one in form.non_field_errors()))
    return redirect(back)

"""Pass a decision to a colleague."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import Refused
from apps.milestones import services as milestones
from apps.milestones.models import Submission
from apps.parties.models import Membership
from apps.parties.roles import Action
from apps.portals.access import PortalRequest
from apps.portals.buyer.pages import Crumbs, page, tell, why_not, zone_of
from apps.portals.buyer.ways import Way
from apps.portals.forms import ActionForm, add_refusal
from apps.workflows import before_acceptance


class PassForm(ActionForm):
    """To whom, and what to tell."""

    colleague = forms.ChoiceField(
        label=gettext_lazy("Colleague"),
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"required": gettext_lazy("Choose a colleague.")},
    )
    note = forms.CharField(
        label=gettext_lazy("Note to your colleague (optional)"),
        required=False,
        max_length=4_000,
        help_text=gettext_lazy("The seller does not see it."),
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )

    def __init__(self, *args: Any, colleagues: Iterable[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["colleague"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  (narrows the type)
        field.choices = [("", _("Choose …")), *((one.ref, f"{one.user.name}, {one.user.email}") for one in colleagues)]


def pass_milestone(request: PortalRequest, submission: Submission, *, way: Way, crumbs: Crumbs) -> HttpResponse:
    """Choose a colleague and send a note; a form that is refused is shown again with what was typed."""
    back = way.submission(submission)
    if request.method != "POST" and submission.state != "submitted":
        return redirect(back)
    colleagues = list(milestones.colleagues(request.actor).order_by("user__name"))
    form = PassForm(request.POST or None, colleagues=colleagues)
    if request.method == "POST" and form.is_valid():
        try:
            before_acceptance.pass_milestone(
                actor=request.actor,
                key=form.cleaned_data["key"],
                submission_ref=submission.ref,
                membership_ref=form.cleaned_data["colleague"],
                note=form.cleaned_data["note"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            tell(request, _("Your colleague is asked by mail. You can still decide yourself."))
            return redirect(back)
    return page(
        request,
        "pass_milestone",
        {
            "milestone": submission.milestone,
            "colleagues": colleagues,
            "why_not": why_not(request.actor, Action.DECIDE_MILESTONE),
            "back": back,
            "crumbs": crumbs,
        },
        zone=zone_of(request),
        form=form,
    )

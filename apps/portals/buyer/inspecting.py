"""Inspect what waits, criterion by criterion, before somebody else accepts it."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.core.errors import Refused, Stale
from apps.milestones.models import Submission
from apps.parties.roles import Action
from apps.portals.access import PortalRequest
from apps.portals.buyer.deciding import changes_since, initial_of, reread, too_late
from apps.portals.buyer.differences import Change
from apps.portals.buyer.forms import VerdictsForm
from apps.portals.buyer.pages import Crumbs, page, tell, why_not
from apps.portals.buyer.ways import Way
from apps.portals.forms import add_refusal, show_anew
from apps.workflows import before_acceptance


def inspect_milestone(request: PortalRequest, submission: Submission, *, way: Way, crumbs: Crumbs) -> HttpResponse:
    """A tick or a cross per criterion; nothing is decided by it."""
    reading, sent = reread(request, submission, way=way)
    criteria = [row.criterion for row in reading.criteria]
    form = VerdictsForm(criteria=criteria, initial=initial_of(reading))
    changes: list[Change] = []
    if request.method == "POST":
        form = VerdictsForm(request.POST, criteria=criteria)
        if form.is_valid():
            seen = form.cleaned_data["seen"]
            try:
                before_acceptance.inspect_milestone(
                    actor=request.actor,
                    key=form.cleaned_data["key"],
                    submission_ref=submission.ref,
                    seen=seen,
                    verdicts=form.verdicts(),
                    comment=form.cleaned_data["comment"],
                )
            except Refused as refused:
                if isinstance(refused, Stale):
                    changes = changes_since(sent, reading.submission, seen=seen)
                    show_anew(form, seen=reading.submission.sha256)
                add_refusal(form, refused)
                reading, _sent = reread(request, submission, way=way)
                if not reading.is_pending:
                    return too_late(request, refused, reading)
            else:
                tell(request, _("Your inspection is recorded. Somebody else can decide now."))
                return redirect(reading.page_url)
    elif not reading.is_pending:
        return redirect(reading.page_url)
    return page(
        request,
        "inspect_milestone",
        {
            "reading": reading,
            "crumbs": crumbs,
            "rows": list(zip(reading.criteria, form.rows(), strict=True)),
            "why_not": why_not(request.actor, Action.INSPECT_MILESTONE),
            "changes": changes,
        },
        zone=reading.zone,
        form=form,
    )

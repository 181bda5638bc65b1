"""Judge what waits, criterion by criterion: inspect it before somebody else accepts, or request changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.errors import Refused, Stale
from apps.milestones import services as milestones
from apps.milestones.models import Submission
from apps.parties.roles import Action
from apps.portals import interrupted
from apps.portals.access import PortalRequest
from apps.portals.buyer.cycles import SubmissionReading
from apps.portals.buyer.deciding import changes_since, initial_of, reread, too_late
from apps.portals.buyer.differences import Change
from apps.portals.buyer.forms import RequestChangesForm, VerdictsForm
from apps.portals.buyer.pages import Crumbs, page, tell, why_not
from apps.portals.buyer.ways import Way
from apps.portals.forms import add_refusal, show_anew
from apps.workflows import before_acceptance, sign_off
from apps.workflows.once import Answer


def _nothing_more(_reading: SubmissionReading) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A tick or a cross per criterion: what it is for, which workflow it becomes, and what is said once it is done.

    ``page`` is the name of its template, ``shows`` what that needs besides the criteria.
    """

    page: str
    form: type[VerdictsForm]
    act: Callable[..., Answer]
    action: Action
    told: str | Promise
    shows: Callable[[SubmissionReading], Mapping[str, Any]] = _nothing_more


INSPECTION: Final = Judgement(
    page="inspect_milestone",
    form=VerdictsForm,
    act=before_acceptance.inspect_milestone,
    action=Action.INSPECT_MILESTONE,
    told=_("Your inspection is recorded. Somebody else can decide now."),
)
CHANGES: Final = Judgement(
    page="request_changes",
    form=RequestChangesForm,
    act=sign_off.request_changes,
    action=Action.DECIDE_MILESTONE,
    told=_("Your request went to the seller. No invoice was issued."),
    shows=lambda reading: {"statement": milestones.changes_statement(reading.submission)},
)


def inspect_milestone(request: PortalRequest, submission: Submission, *, way: Way, crumbs: Crumbs) -> HttpResponse:
    """Look at it before somebody else accepts; nothing is decided by it."""
    return _judge(request, submission, INSPECTION, way=way, crumbs=crumbs)


def request_changes(request: PortalRequest, submission: Submission, *, way: Way, crumbs: Crumbs) -> HttpResponse:
    """Say what is missing; then the seller revises what was crossed."""
    return _judge(request, submission, CHANGES, way=way, crumbs=crumbs)


def _judge(
    request: PortalRequest, submission: Submission, judgement: Judgement, *, way: Way, crumbs: Crumbs
) -> HttpResponse:
    reading, sent = reread(request, submission, way=way)
    criteria = [row.criterion for row in reading.criteria]
    form = judgement.form(criteria=criteria, initial=initial_of(reading))
    interrupted.give_back(request, form)
    changes: list[Change] = []
    if request.method == "POST":
        form = judgement.form(request.POST, criteria=criteria)
        if form.is_valid():
            seen = form.cleaned_data["seen"]
            try:
                judgement.act(
                    actor=request.actor,
                    key=form.cleaned_data["key"],
                    submission_ref=submission.ref,
                    seen=seen,
                    verdicts=form.verdicts(),
                    comment=form.cleaned_data["comment"],
                    **{name: form.cleaned_data[name] for name in form.says_more},
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
                tell(request, str(judgement.told))
                return redirect(reading.page_url)
    elif not reading.is_pending:
        return redirect(reading.page_url)
    return page(
        request,
        judgement.page,
        {
            "reading": reading,
            "crumbs": crumbs,
            "rows": list(zip(reading.criteria, form.rows(), strict=True)),
            "why_not": why_not(request.actor, judgement.action),
            "changes": changes,
            **judgement.shows(reading),
        },
        zone=reading.zone,
        form=form,
    )

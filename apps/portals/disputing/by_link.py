"""A dispute by personal link: the guest who raised it, or whose review it stops, reads both sides, answers, withdraws.

Files are shown and outcomes settled by members; a guest's link is for signing one thing.
"""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from apps.core.errors import Refused
from apps.milestones.models import Dispute, Submission
from apps.parties.roles import Action
from apps.portals import history
from apps.portals.access import PortalRequest
from apps.portals.disputing.forms import PositionForm
from apps.portals.forms import ActionForm, add_refusal
from apps.workflows import disputing

FORMS: dict[str, type[ActionForm]] = {"answer": PositionForm, "withdraw": ActionForm}


def dispute_of(request: PortalRequest, submission: Submission) -> Dispute | None:
    """What is in dispute of the submission that the link lets decide, or was last; None where nothing ever was."""
    rows = Dispute.objects.visible_to(request.actor).filter(submission=submission)
    return rows.select_related("contract__buyer", "milestone").order_by("pk").last()


def dispute(request: PortalRequest, found: Dispute, *, here: str, back: str, about: str) -> HttpResponse:
    """Read both sides; answer, and withdraw what the buyer's own side raised."""
    do = request.POST.get("do", "") if request.method == "POST" else ""
    forms = {name: kind(auto_id=f"{name}_%s") for name, kind in FORMS.items()}
    bound = None
    if do in FORMS:
        bound = forms[do] = FORMS[do](request.POST, auto_id=f"{do}_%s")
        if bound.is_valid():
            try:
                _do(request, found, do, bound)
            except Refused as refused:
                add_refusal(bound, refused)
            else:
                return redirect(here)
    proposal = found.proposals.order_by("number").last() if found.state == "proposed" else None
    context = {
        "base": "buyer/link/base.html",
        "dispute": found,
        "about": about,
        "about_url": back,
        "is_own": found.raised_by == "buyer",
        "is_my_turn": found.awaits == "buyer",
        "positions": list(found.positions.all()),
        "files": [(one, "") for one in found.files.all()],
        "proposal": proposal,
        "is_my_proposal": True,
        "forms": forms,
        "form": bound,
        "is_guest": True,
        "may_answer": found.is_live and request.actor.may(Action.RAISE_DISPUTE),
        "may_settle": False,
        "events": history.of_subjects(request.actor, found.contract, [f"dispute:{found.ref}"]),
    }
    status = 422 if bound is not None and bound.errors else 200
    with timezone.override(found.contract.buyer.time_zone):
        return render(request, "disputing/dispute.html", context, status=status)


def _do(request: PortalRequest, found: Dispute, do: str, form: ActionForm) -> None:
    key = form.cleaned_data["key"]
    if do == "withdraw":
        disputing.withdraw_dispute(actor=request.actor, key=key, dispute_ref=found.ref)
    else:
        disputing.answer_dispute(actor=request.actor, key=key, dispute_ref=found.ref, text=form.cleaned_data["text"])

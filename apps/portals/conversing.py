"""What the two sides write to each other about a proposal, or about a milestone, as the pages of both show it, and of a
guest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.contracts.models import Comment, Contract, ContractVersion
from apps.core.errors import Refused
from apps.milestones.models import Milestone, MilestoneComment
from apps.milestones.models.milestone import MilestoneState
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import interrupted
from apps.portals.access import PortalRequest
from apps.portals.forms import ActionForm, add_refusal
from apps.workflows import commenting, negotiating

Crumbs = Sequence[tuple[str, str]]
OPEN = ("draft", "proposed")
NEEDED = {"seller": Action.EDIT_CONTRACT, "buyer": Action.SIGN_CONTRACT}
"""What whoever writes for a side must be allowed to do."""


class CommentForm(ActionForm):
    """What one side writes to the other."""

    text = forms.CharField(
        label=gettext_lazy("Your comment"),
        help_text=gettext_lazy("The other side gets it by mail. Nothing is signed or changed by it."),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
        error_messages={"required": gettext_lazy("Write something, or go back.")},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The comments, oldest first; ``form`` is None where nothing can be written any more, or not by this reader."""

    comments: Sequence[Comment | MilestoneComment]
    form: CommentForm | None
    url: str
    is_of_versions: bool = True
    """Whether each comment tells the version that it is about; one on a milestone does not."""


def conversation(actor: Actor, contract: Contract, *, side: str, url: str) -> Conversation | None:
    """The conversation about a contract; None while there is none and none can begin."""
    comments = list(
        Comment.objects.visible_to(actor).filter(contract=contract).select_related("version").order_by("pk")
    )
    may_write = contract.was_proposed and contract.state in OPEN and actor.may(NEEDED[side])
    if not comments and not may_write:
        return None
    return Conversation(comments=comments, form=CommentForm(auto_id="comment_%s") if may_write else None, url=url)


def of_milestone(actor: Actor, milestone: Milestone, *, may_write: bool, url: str) -> Conversation | None:
    """The conversation about a milestone; None while there is none and this reader can begin none."""
    comments = list(MilestoneComment.objects.visible_to(actor).filter(milestone=milestone).order_by("pk"))
    may_write = may_write and milestone.state != MilestoneState.CANCELLED
    if not comments and not may_write:
        return None
    form = CommentForm(auto_id="comment_%s") if may_write else None
    return Conversation(comments=comments, form=form, url=url, is_of_versions=False)


def comment_contract(
    request: PortalRequest,
    version: ContractVersion,
    *,
    back: str,
    base: str,
    crumbs: Crumbs = (),
) -> HttpResponse:
    """Write to the other side; a comment that is refused is shown again with what was typed."""

    def send(key: str, text: str) -> None:
        negotiating.comment_contract(actor=request.actor, key=key, version_ref=version.ref, text=text)

    about = f"{version.contract.title} · "
    about += _("contract %(number)s, version %(version)s") % {
        "number": version.contract.number,
        "version": version.number,
    }
    return _written(request, send, about=about, back=back, base=base, crumbs=crumbs)


def comment_milestone(
    request: PortalRequest,
    milestone: Milestone,
    *,
    back: str,
    base: str,
    crumbs: Crumbs = (),
) -> HttpResponse:
    """Write to the other side about a milestone; a comment that is refused is shown again with what was typed."""

    def send(key: str, text: str) -> None:
        commenting.comment_milestone(actor=request.actor, key=key, milestone_ref=milestone.ref, text=text)

    return _written(request, send, about=milestone.title, back=back, base=base, crumbs=crumbs)


def _written(
    request: PortalRequest,
    send: Callable[[str, str], None],
    *,
    about: str,
    back: str,
    base: str,
    crumbs: Crumbs,
) -> HttpResponse:
    form = CommentForm(request.POST or None)
    interrupted.give_back(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            send(form.cleaned_data["key"], form.cleaned_data["text"])
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Your comment is on its way to the other side."))
            return redirect(f"{back}#conversation")
    context = {"about": about, "back": back, "base": base, "crumbs": crumbs, "form": form}
    return render(request, "conversing/write_comment.html", context, status=422 if form.errors else 200)

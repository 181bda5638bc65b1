"""Questions about a submission and their answers, as the pages of both sides, and of a guest, show them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import Refused
from apps.milestones.models import Question, Submission
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action
from apps.portals import interrupted
from apps.portals.access import PortalRequest
from apps.portals.forms import ActionForm, add_refusal
from apps.portals.parts import Need
from apps.workflows import before_acceptance

SHOWN = 8
"""So many open questions stand on the first page."""


class QuestionForm(ActionForm):
    """What the buyer wants to know."""

    text = forms.CharField(
        label=gettext_lazy("Your question to the seller"),
        help_text=gettext_lazy("The seller gets it by mail and answers here. Nothing is decided by it."),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
        error_messages={"required": gettext_lazy("Write what you want to know, or go back.")},
    )


class AnswerForm(ActionForm):
    """What the seller answers."""

    text = forms.CharField(
        label=gettext_lazy("Your answer"),
        help_text=gettext_lazy("The buyer gets it by mail. It is written once and stays."),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
        error_messages={"required": gettext_lazy("Write your answer, or go back.")},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question; ``form`` and ``url`` where this reader may answer it."""

    question: Question
    form: AnswerForm | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """The questions about one submission, oldest first; ``form`` is None where this reader may not ask any.

    ``left`` is how many more of them would stop the clock, while it may be stopped at all.
    """

    rows: Sequence[Asked]
    form: QuestionForm | None = None
    url: str = ""
    left: int = 0


def to_ask(actor: Actor, submission: Submission, *, url: str) -> Questions:
    """As the buyer reads them, with how many more stop the clock."""
    most = submission.milestone.line.agreed.question_suspensions
    asked = list(Question.objects.visible_to(actor).filter(submission=submission))
    may = submission.state == "submitted" and actor.may(Action.ASK_SELLER)
    runs = submission.notified_at is not None and submission.suspended_at is None
    return Questions(
        rows=[Asked(question=one) for one in asked],
        form=QuestionForm(auto_id="question_%s") if may else None,
        url=url,
        left=max(most - sum(one.stops_clock for one in asked), 0) if runs else 0,
    )


def to_answer(actor: Actor, submissions: Sequence[Submission], *, url: Callable[[Question], str]) -> list[Questions]:
    """As the seller reads them, for each of these submissions in their order."""
    asked = list(Question.objects.visible_to(actor).filter(submission__in=submissions))
    may = actor.may(Action.SUBMIT_MILESTONE)
    return [
        Questions(
            rows=[
                Asked(question=one, form=AnswerForm(auto_id=f"answer_{one.number}_%s"), url=url(one))
                if may and one.answered_at is None and submission.state == "submitted"
                else Asked(question=one)
                for one in asked
                if one.submission_id == submission.pk
            ]
        )
        for submission in submissions
    ]


def waiting_for_answer(actor: Actor) -> Iterator[Need]:
    """The seller's open questions, the oldest first: while one stops the clock, nothing is accepted by silence."""
    rows = Question.objects.visible_to(actor).filter(
        contract__seller_id=actor.organisation_id, answered_at__isnull=True, submission__state="submitted"
    )
    for one in rows.select_related("submission__milestone", "contract__buyer").order_by("asked_at")[:SHOWN]:
        milestone = one.submission.milestone
        yield Need(
            what=_("Answer a question about %(title)s") % {"title": milestone.title},
            who=one.contract.buyer.legal_name,
            url=reverse("seller:milestone", args=[milestone.ref]) + "#questions",
            button=_("Read and answer"),
            amount=milestone.amount,
            currency=milestone.currency,
            note=_("the review clock stands still") if one.stops_clock else "",
            icon="question-circle",
            tone="attention",
        )


def ask_question(
    request: PortalRequest,
    submission: Submission,
    *,
    back: str,
    show: Callable[[dict[str, Any], QuestionForm], HttpResponse],
) -> HttpResponse:
    """Ask the seller; a question that is refused is shown again with what was typed."""
    form = QuestionForm(request.POST or None)
    interrupted.give_back(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            before_acceptance.ask_question(
                actor=request.actor,
                key=form.cleaned_data["key"],
                submission_ref=submission.ref,
                text=form.cleaned_data["text"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            if request.actor.kind is ActorKind.USER:
                messages.success(request, _("Your question is on its way to the seller."))
            return redirect(f"{back}#questions")
    return show({"submission": submission, "milestone": submission.milestone, "back": back}, form)


def answer_question(
    request: PortalRequest,
    question: Question,
    *,
    back: str,
    show: Callable[[dict[str, Any], AnswerForm], HttpResponse],
) -> HttpResponse:
    """Answer the buyer; an answer that is refused is shown again with what was typed."""
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            before_acceptance.answer_question(
                actor=request.actor,
                key=form.cleaned_data["key"],
                question_ref=question.ref,
                text=form.cleaned_data["text"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Your answer is on its way to the buyer."))
            return redirect(f"{back}#questions")
    return show({"question": question, "milestone": question.submission.milestone, "back": back}, form)

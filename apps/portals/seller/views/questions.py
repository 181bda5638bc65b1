"""The buyer's questions about a submission, answered."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.milestones.models import Question
from apps.portals import asking
from apps.portals.access import PortalRequest, portal
from apps.portals.seller.pages import page
from apps.portals.seller.views.milestones import milestone_crumbs


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def answer_question(request: PortalRequest, ref: str) -> HttpResponse:
    """Answer what the buyer asks about a submission."""
    questions = Question.objects.visible_to(request.actor).select_related("submission__milestone__contract")
    question = get_object_or_404(questions, ref=ref, contract__seller_id=request.actor.organisation_id)
    milestone = question.submission.milestone
    crumbs = milestone_crumbs(milestone, (_("Answer"), ""))
    return asking.answer_question(
        request,
        question,
        back=reverse("seller:milestone", args=[milestone.ref]),
        show=lambda context, form: page(request, "answer_question", {**context, "crumbs": crumbs}, form=form),
    )

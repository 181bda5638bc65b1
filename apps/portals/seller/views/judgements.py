"""The accountant's judgements about the revenue of a contract."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.contracts.models import Contract
from apps.core.errors import Refused
from apps.parties.roles import Action
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import add_refusal
from apps.portals.seller.forms.judgements import FORMS
from apps.portals.seller.judged import judgements_of
from apps.portals.seller.pages import page, today_of, why_not
from apps.revenue.models import JudgementKind, Modification, Obligation
from apps.workflows import revenue


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def judge_revenue(request: PortalRequest, ref: str) -> HttpResponse:
    """Choose what is judged (``?kind=``), decide it, and see what was judged before."""
    contract = get_object_or_404(Contract.objects.of_seller(request.actor).select_related("buyer"), ref=ref)
    here = reverse("seller:judge_revenue", args=[contract.ref])
    back = reverse("seller:contract_revenue", args=[contract.ref])
    context = {
        "contract": contract,
        "here": here,
        "refusal": why_not(request.actor, Action.JUDGE_REVENUE),
        "crumbs": [(_("Revenue"), reverse("seller:revenue")), (contract.number, back), (_("Judgements"), "")],
    }
    if context["refusal"]:
        return page(request, "judge_revenue", context)
    mine = Obligation.objects.visible_to(request.actor).filter(contract=contract).promised()
    obligations = list(mine.order_by("position"))
    changes = Modification.objects.visible_to(request.actor).filter(contract=contract).select_related("version")
    change = changes.last()
    kinds = [kind for kind in FORMS if kind != JudgementKind.TREATMENT or change is not None]
    kind = request.GET.get("kind", "")
    kind = kind if kind in kinds else kinds[0]
    context |= {
        "kinds": [(one, JudgementKind(one).label) for one in kinds],
        "kind": kind,
        "label": JudgementKind(kind).label,
        "judged": judgements_of(request.actor, contract),
        "currency": contract.currency,
        "change": change,
        "obligations": obligations,
    }
    if not obligations:
        return page(request, "judge_revenue", context)
    form = FORMS[kind](request.POST or None, obligations=obligations, change=change, today=today_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            revenue.judge_revenue(
                actor=request.actor, key=form.cleaned_data["key"], contract_ref=contract.ref, decision=form.decision()
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("It is kept with its reason, and what it changes is recognised."))
            return redirect(back)
    return page(request, "judge_revenue", context, form=form)

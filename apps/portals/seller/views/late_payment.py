"""The claim of interest and fees for late payment: what has run, invoice by invoice, and what claiming it does."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.contracts import late_wording
from apps.contracts.models import Contract
from apps.core import money
from apps.core.errors import Refused, Stale
from apps.invoicing import services as invoicing
from apps.parties.roles import Action
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import SeenForm, add_refusal, show_anew
from apps.portals.seller.pages import contract_crumbs, page, today_of, why_not
from apps.workflows import late_payment


@require_http_methods(["GET", "POST"])
@portal("seller")
def claim_late_payment(request: PortalRequest, ref: str) -> HttpResponse:
    """What has run on a contract's invoices and nobody has claimed, and the claim of it."""
    contracts = Contract.objects.of_seller(request.actor).select_related("seller", "buyer", "active_version")
    found = get_object_or_404(contracts, ref=ref)
    late = invoicing.late_of(found, today=today_of(request))
    seen = invoicing.seen_of(late)
    form = SeenForm(request.POST or None, initial={"seen": seen})
    if request.method == "POST" and form.is_valid():
        try:
            answer = late_payment.claim_late_payment(
                actor=request.actor,
                key=form.cleaned_data["key"],
                contract_ref=found.ref,
                seen=form.cleaned_data["seen"],
            )
        except Stale as stale:
            add_refusal(form, stale)
            show_anew(form, seen=seen)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("%(number)s is issued and on its way to the buyer.") % answer)
            return redirect("seller:invoice", ref=answer["claim"])
    version = found.active_version
    # Invoices from before a change order bear what was agreed then.
    agreed = list(dict.fromkeys(one.terms for one in late.values()))
    if not agreed and version is not None and version.late_terms is not None:
        agreed = [version.late_terms]
    context = {
        "contract": found,
        "late": list(late.values()),
        "total": money.total(one.charge.total for one in late.values()),
        "agreed": "; ".join(late_wording.whole(one, currency=found.currency) for one in agreed),
        "refusal": why_not(request.actor, Action.RECORD_PAYMENT),
        "crumbs": contract_crumbs(
            (found.number, reverse("seller:contract", args=[found.ref])), (_("Late payment"), "")
        ),
    }
    return page(request, "claim_late_payment", context, form=form)

"""Which organisation one works for, how one gets one, and what stands in its papers."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.errors import ProofNeeded, Refused
from apps.parties.models import BankAccount, Organisation
from apps.parties.roles import Action
from apps.portals import interrupted, proving
from apps.portals.access import PortalRequest, actor_of, memberships_of, origin_of, portal
from apps.portals.account import forms
from apps.portals.account.bank_forms import BankAccountForm, initial_account
from apps.portals.account.proof_forms import StepUpForm
from apps.portals.forms import ActionForm, add_refusal, explain
from apps.workflows import team


@portal("signed_in")
@require_GET
def choose_organisation(request: PortalRequest) -> HttpResponse:
    """The organisations of the person, those that wait to be claimed, and the way to a new one."""
    context = {
        "memberships": memberships_of(request),
        "claimable": team.claimable_organisations(user=request.user),
        "current": actor_of(request),
    }
    return render(request, "account_portal/choose_organisation.html", context)


@portal("signed_in")
@require_POST
def switch_organisation(request: PortalRequest) -> HttpResponse:
    """Work for another of one's organisations from now on."""
    chosen = request.POST.get("organisation", "")
    if chosen not in {membership.organisation.ref for membership in memberships_of(request)}:
        raise Http404
    request.session["organisation"] = chosen
    return redirect("home")


@portal("signed_in")
@require_http_methods(["GET", "POST"])
def found_organisation(request: PortalRequest) -> HttpResponse:
    """Make an organisation, and own it."""
    form = forms.FoundForm(request.POST or None, initial={"language": request.user.language})
    if request.method == "POST" and form.is_valid():
        data = form.data_of_organisation()
        try:
            answer = team.found_organisation(
                user=request.user, origin=origin_of(request), key=form.cleaned_data["key"], data=data
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            request.session["organisation"] = answer["organisation"]
            messages.success(request, _("%(name)s is set up. Invite your team next.") % {"name": data.legal_name})
            return redirect("account:team")
    return render(request, "account_portal/found_organisation.html", {"form": form}, status=422 if form.errors else 200)


@portal("signed_in")
@require_http_methods(["GET", "POST"])
def claim_organisation(request: PortalRequest) -> HttpResponse:
    """Take over the organisation that a counterparty wrote down, as the signatory that its contract names."""
    ref = (request.POST if request.method == "POST" else request.GET).get("organisation", "")
    if not ref:
        return redirect("account:choose_organisation")
    if ref in {membership.organisation.ref for membership in memberships_of(request)}:
        return redirect("account:organisation")
    claimable = next((one for one in team.claimable_organisations(user=request.user) if one.ref == ref), None)
    if claimable is None:
        raise Http404
    form = ActionForm(request.POST or None)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            answer = team.claim_organisation(user=request.user, origin=origin_of(request), organisation_ref=ref)
        except Refused as refused:
            refusal = explain(refused)
        else:
            request.session["organisation"] = answer["organisation"]
            messages.success(request, _("The organisation is yours. Check its data, it will stand on your documents."))
            return redirect("account:organisation")
    context = {"form": form, "organisation": claimable, "refusal": refusal}
    return render(request, "account_portal/claim_organisation.html", context, status=422 if refusal else 200)


@portal("member")
@require_http_methods(["GET", "POST"])
def organisation(request: PortalRequest) -> HttpResponse:
    """What stands on the organisation's next documents; its owner may change it."""
    own = get_object_or_404(Organisation.objects.visible_to(request.actor), pk=request.actor.organisation_id)
    form = forms.OrganisationForm(request.POST or None, initial=forms.initial_of(own))
    if request.method == "POST" and form.is_valid():
        try:
            team.change_organisation(
                actor=request.actor, key=form.cleaned_data["key"], data=form.data_of_organisation()
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Saved. Documents that were issued before keep the old data."))
            return redirect("account:organisation")
    context = {
        "form": form,
        "organisation": own,
        "accounts": BankAccount.objects.visible_to(request.actor).order_by("currency", "-is_default", "id"),
        "may_change": request.actor.may(Action.MANAGE_ORGANISATION),
    }
    return render(request, "account_portal/organisation.html", context, status=422 if form.errors else 200)


@portal("member")
@require_http_methods(["GET", "POST"])
def bank_account(request: PortalRequest) -> HttpResponse:
    """Say where the organisation is paid in one currency."""
    if not request.actor.may(Action.MANAGE_ORGANISATION):
        raise Http404
    if (elsewhere := proving.first(request, request.user)) is not None:
        return elsewhere
    own = get_object_or_404(Organisation.objects.visible_to(request.actor), pk=request.actor.organisation_id)
    account = BankAccount.objects.visible_to(request.actor).filter(currency=own.currency, is_default=True).first()
    form = BankAccountForm(request.POST or None, initial=initial_account(own, account))
    interrupted.give_back(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            team.set_bank_account(actor=request.actor, key=form.cleaned_data["key"], account=form.account())
        except ProofNeeded as needed:
            interrupted.ask(request, request.user, form, needed)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Saved. New invoices in this currency name this account."))
            return redirect("account:organisation")
    return render(request, "account_portal/bank_account.html", {"form": form}, status=422 if form.errors else 200)


@portal("member")
@require_http_methods(["GET", "POST"])
def step_up(request: PortalRequest) -> HttpResponse:
    """Say above which amount a sign-off asks once more who it is."""
    own = get_object_or_404(Organisation.objects.visible_to(request.actor), pk=request.actor.organisation_id)
    if own.is_financier or not request.actor.may(Action.MANAGE_ORGANISATION):
        raise Http404
    if (elsewhere := proving.first(request, request.user)) is not None:
        return elsewhere
    form = StepUpForm(request.POST or None, organisation=own, initial={"above": own.step_up_above})
    interrupted.give_back(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            team.set_step_up(actor=request.actor, key=form.cleaned_data["key"], above=form.cleaned_data["above"])
        except ProofNeeded as needed:
            interrupted.ask(request, request.user, form, needed)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Saved. It holds from the next sign-off on."))
            return redirect("account:organisation")
    return render(request, "account_portal/step_up.html", {"form": form}, status=422 if form.errors else 200)

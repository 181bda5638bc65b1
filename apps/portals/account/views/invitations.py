"""Inviting to a team, and joining it by the link in the mail."""

from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.core import clock
from apps.core.database import walls
from apps.core.errors import ProofNeeded, Refused
from apps.parties import services as parties
from apps.parties import tokens
from apps.parties.models import Invitation, Organisation, User
from apps.parties.roles import Action
from apps.portals import interrupted, links, proving
from apps.portals.access import PortalRequest, origin_of, portal, signed_in_user
from apps.portals.account import forms
from apps.portals.account.views.members import role_labels
from apps.portals.forms import ActionForm, add_refusal, explain
from apps.workflows import team


@portal("member")
@require_http_methods(["GET", "POST"])
def invite_member(request: PortalRequest) -> HttpResponse:
    """Ask a mailbox to join the team; the same form renews an invitation."""
    if not request.actor.may(Action.MANAGE_TEAM):
        raise Http404
    if (elsewhere := proving.first(request, request.user)) is not None:
        return elsewhere
    initial = {"email": request.GET.get("email", "")}
    form = forms.InviteForm(request.POST or None, organisation=request.membership.organisation, initial=initial)
    interrupted.give_back(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            team.invite_member(
                actor=request.actor,
                key=form.cleaned_data["key"],
                email=form.cleaned_data["email"],
                roles=frozenset(form.cleaned_data["roles"]),
                approval_limit=form.cleaned_data.get("approval_limit"),
            )
        except ProofNeeded as needed:
            interrupted.ask(request, request.user, form, needed)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Invitation sent to %(email)s.") % {"email": form.cleaned_data["email"]})
            return redirect("account:team")
    return render(request, "account_portal/invite_member.html", {"form": form}, status=422 if form.errors else 200)


@portal("member")
@require_http_methods(["GET", "POST"])
def revoke_invitation(request: PortalRequest, ref: str) -> HttpResponse:
    """Take an invitation back."""
    invitation = get_object_or_404(Invitation.objects.visible_to(request.actor), ref=ref)
    if not request.actor.may(Action.MANAGE_TEAM):
        raise Http404
    form = ActionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            team.revoke_invitation(actor=request.actor, key=form.cleaned_data["key"], invitation_ref=invitation.ref)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The invitation to %(email)s is withdrawn.") % {"email": invitation.email})
            return redirect("account:team")
    context = {"form": form, "invitation": invitation}
    return render(request, "account_portal/revoke_invitation.html", context, status=422 if form.errors else 200)


@portal("link")
@require_http_methods(["GET", "POST"])
def accept_invitation(request: PortalRequest, token: str) -> HttpResponse:
    """The page behind the link: who invites, as what; it joins on POST only, and only the invited mailbox."""
    user = signed_in_user(request)
    invitation, organisation = _invited(request, token=token, user=user)
    form = ActionForm(request.POST or None)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        if user is None:
            return redirect(_entrance(request, invitation))
        try:
            answer = team.accept_invitation(user=user, origin=origin_of(request), token=token)
        except Refused as refused:
            refusal = explain(refused)
        else:
            request.session["organisation"] = answer["organisation"]
            messages.success(request, _("Welcome. You work for %(name)s now.") % {"name": organisation.legal_name})
            return redirect("home")
    context = {
        "form": form,
        "invitation": invitation,
        "organisation": organisation,
        "roles": role_labels(invitation.roles),
        "state": parties.invitation_state(invitation, at=clock.now()).value,
        "signed_in_as": user,
        "is_for_reader": user is not None and invitation.email in parties.verified_mailboxes(user),
        "entrance": _entrance(request, invitation),
        "refusal": refusal,
    }
    return render(request, "account_portal/accept_invitation.html", context, status=422 if refusal else 200)


def _invited(request: HttpRequest, *, token: str, user: User | None) -> tuple[Invitation, Organisation]:
    """The invitation of a link and the organisation that invites; whatever else the reader works for stays outside."""
    request.actor = None  # type: ignore[attr-defined]
    digest = tokens.digest_of(token)
    walls.enter(user=user.pk if user else None, token=digest)
    invitation = links.by_token(request, Invitation.objects.select_related("invited_by"), digest=digest)
    with transaction.atomic():
        walls.widen(invitation.organisation_id)
        return invitation, Organisation.objects.get(pk=invitation.organisation_id)


def _entrance(request: HttpRequest, invitation: Invitation) -> str:
    """Where the invited person signs in or opens an account first; only who holds the link learns which of them."""
    is_known = User.objects.filter(email=invitation.email).exists()
    way_back = urlencode({"email": invitation.email, "next": request.path})
    return f"{reverse('account_login' if is_known else 'account_signup')}?{way_back}"

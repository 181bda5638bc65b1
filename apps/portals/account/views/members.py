"""The team: who belongs to it, in which roles, and who leaves."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.core import clock
from apps.core.errors import ProofNeeded, Refused
from apps.parties import services as parties
from apps.parties.models import Invitation, Membership
from apps.parties.roles import Action, Role
from apps.portals import interrupted, proving
from apps.portals.access import PortalRequest, keep_this_session, portal
from apps.portals.account import forms
from apps.portals.forms import add_refusal
from apps.workflows import team as workflow


def live_members(request: PortalRequest) -> list[Membership]:
    """The team of the organisation in use, oldest member first."""
    members = Membership.objects.visible_to(request.actor).live().select_related("user", "organisation")
    return list(members.order_by("id"))


@portal("member")
@require_GET
def team(request: PortalRequest) -> HttpResponse:
    """Members and open invitations, and what each role may do."""
    at = clock.now()
    asked = Invitation.objects.visible_to(request.actor).filter(accepted_at__isnull=True, revoked_at__isnull=True)
    context = {
        "members": [
            {"membership": member, "roles": role_labels(member.roles), "is_self": member.user_id == request.user.pk}
            for member in live_members(request)
        ],
        "invitations": [
            {
                "invitation": invitation,
                "roles": role_labels(invitation.roles),
                "is_expired": parties.invitation_state(invitation, at=at) is parties.InvitationState.EXPIRED,
            }
            for invitation in asked.order_by("id")
        ],
        "role_words": [
            (Role(value).label, forms.ROLE_WORDS[Role(value)])
            for value, _words in forms.role_choices(is_financier=request.actor.speaks_for_financier)
        ],
        "currency": request.membership.organisation.currency,
        "may_manage": request.actor.may(Action.MANAGE_TEAM),
    }
    return render(request, "account_portal/team.html", context)


@portal("member")
@require_http_methods(["GET", "POST"])
def change_member(request: PortalRequest, ref: str) -> HttpResponse:
    """Give a member other roles or another limit."""
    members = Membership.objects.visible_to(request.actor).live().select_related("user", "organisation")
    member = get_object_or_404(members, ref=ref)
    if not request.actor.may(Action.MANAGE_TEAM):
        raise Http404
    if (elsewhere := proving.first(request, request.user)) is not None:
        return elsewhere
    initial = {"roles": member.roles, "approval_limit": member.approval_limit}
    form = forms.RolesForm(request.POST or None, organisation=member.organisation, initial=initial)
    interrupted.give_back(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            workflow.change_member(
                actor=request.actor,
                key=form.cleaned_data["key"],
                membership_ref=member.ref,
                roles=frozenset(form.cleaned_data["roles"]),
                approval_limit=form.cleaned_data.get("approval_limit"),
            )
        except ProofNeeded as needed:
            interrupted.ask(request, request.user, form, needed)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            if member.user_id == request.user.pk:
                keep_this_session(request)
            messages.success(request, _("Saved. It holds from %(name)s's next click on.") % {"name": member.user})
            return redirect("account:team")
    context = {"form": form, "member": member}
    return render(request, "account_portal/change_member.html", context, status=422 if form.errors else 200)


@portal("member")
@require_http_methods(["GET", "POST"])
def end_membership(request: PortalRequest, ref: str) -> HttpResponse:
    """Leave, or remove somebody; the last owner hands over while leaving."""
    members = live_members(request)
    member = next((one for one in members if one.ref == ref), None)
    if member is None:
        raise Http404
    is_self = member.user_id == request.user.pk
    if not is_self and not request.actor.may(Action.MANAGE_TEAM):
        raise Http404
    successors = _successors(member, members)
    if (not is_self or successors) and (elsewhere := proving.first(request, request.user)) is not None:
        return elsewhere
    form = forms.EndForm(request.POST or None, successors=successors)
    interrupted.give_back(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            workflow.end_membership(
                actor=request.actor,
                key=form.cleaned_data["key"],
                membership_ref=member.ref,
                successor_ref=form.cleaned_data.get("successor", ""),
            )
        except ProofNeeded as needed:
            interrupted.ask(request, request.user, form, needed)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            if is_self:
                keep_this_session(request)
            messages.success(request, _("%(name)s no longer belongs to the organisation.") % {"name": member.user})
            return redirect("home" if is_self else "account:team")
    context = {"form": form, "member": member, "is_self": is_self, "is_alone": len(members) == 1}
    return render(request, "account_portal/end_membership.html", context, status=422 if form.errors else 200)


def role_labels(roles: list[str]) -> list[str]:
    """The roles in words, in the order of the table of roles."""
    return [str(role.label) for role in forms.ORDER if role.value in roles]


def _successors(member: Membership, members: list[Membership]) -> list[tuple[str, str]]:
    """Whom the last owner can name; empty for everybody else."""
    owners = [one for one in members if Role.OWNER in one.roles]
    if owners != [member]:
        return []
    return [(one.ref, str(one.user)) for one in members if one.pk != member.pk]

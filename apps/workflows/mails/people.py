"""Mails about a team."""

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.parties import tokens
from apps.parties.models import Invitation
from apps.parties.roles import Role
from apps.workflows.mails.letter import Letter, absolute, fact, money, send


def invitation(*, invitation_ref: str) -> None:
    """Ask the invited mailbox to join; nothing is sent for an invitation that was used or taken back meanwhile."""
    invited = Invitation.objects.select_related("organisation", "invited_by").get(ref=invitation_ref)
    if invited.accepted_at is not None or invited.revoked_at is not None:
        return
    roles = [role.label for role in Role if role.value in invited.roles]
    facts = [
        fact(_("Organisation"), invited.organisation.legal_name),
        fact(_("Roles"), format_lazy(", ".join(["{}"] * len(roles)), *roles)),
    ]
    if invited.approval_limit is not None:
        facts.append(money(_("Signs off up to"), invited.approval_limit, invited.organisation.currency))
    token = tokens.token_for(purpose="invitation", ref=invited.ref)
    send(
        Letter(
            name="invitation",
            key=invited.ref,
            sender=invited.organisation,
            reader=invited.organisation,
            to=[invited.email],
            button=_("See the invitation"),
            url=absolute(reverse("account:accept_invitation", args=[token])),
            facts=[*facts, fact(_("Valid until"), on=invited.expires_at)],
            context={"invitation": invited},
        )
    )

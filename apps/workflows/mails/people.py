"""Mails about a team."""

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.parties import tokens
from apps.parties.models import Invitation
from apps.parties.roles import Role
from apps.workflows import proof_codes
from apps.workflows.mails.letter import Letter, absolute, fact, money, send
from apps.workflows.models import ProofCode


def proof_code(*, code_ref: str) -> None:
    """The code to the person's own mailbox, or to the one to which the link went; nothing for a code that is spent."""
    row = ProofCode.objects.select_related("organisation", "user", "grant").get(ref=code_ref)
    if row.used_at is not None or row.expires_at <= clock.now():
        return
    url = reverse("home")
    if row.grant is not None:
        url = reverse("link:open", args=[tokens.token_for(purpose="guest_grant", ref=row.grant.ref)])
    mailbox = row.grant.email if row.grant is not None else row.user.email if row.user is not None else ""
    send(
        Letter(
            name="proof_code",
            key=row.ref,
            sender=row.organisation,
            reader=row.organisation,
            to=[mailbox],
            button=_("Back to where you were"),
            url=absolute(url),
            facts=[fact(_("Your code"), proof_codes.code_of(row.ref)), fact(_("Valid for"), _("10 minutes, once"))],
            context={"mailbox": mailbox},
        )
    )


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

"""How the papers of an organisation look."""

from dataclasses import dataclass

from apps.parties import branding
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action
from apps.parties.services.organisations import lock


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandData:
    """A colour as ``#rrggbb`` (empty: the house's own), a line for the foot, and the SHA-256 of a logo that is kept."""

    accent: str = ""
    foot_line: str = ""
    logo: str = ""


def set_brand(*, actor: Actor, data: BrandData) -> Organisation:
    """Change how the organisation's next papers look; those that exist stay as they are."""
    actor.require(Action.MANAGE_ORGANISATION)
    organisation = lock(organisation_id=actor.organisation_id)
    organisation.accent = branding.accent(data.accent)
    organisation.foot_line = branding.foot_line(data.foot_line)
    organisation.logo = data.logo
    organisation.save(update_fields=["accent", "foot_line", "logo"])
    return organisation

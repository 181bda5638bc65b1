"""The buyer's pages in the hands of a guest: the same as a member's, with every address below the personal link."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.urls import reverse

from apps.portals.access import PortalRequest
from apps.portals.correcting.side import Side
from apps.portals.drafting.desk import Desk

BASE = "buyer/link/base.html"


def below(token: str, place: str, ref: str = "") -> str:
    """An address below a link; nothing for what a guest does not do. A place that ends with ``*`` is one of many."""
    if not place:
        return ""
    more = {"ref": ref} if place.endswith("*") else {}
    return reverse(f"link:{place.rstrip('*')}", kwargs={"token": token, **more})


@dataclass(frozen=True, slots=True)
class LinkDesk(Desk):
    """``places`` says where below the ``token`` each page stands; the others are not a guest's."""

    token: str = ""
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return BASE

    @property
    def has_crumbs(self) -> bool:
        return False

    def url(self, name: str, ref: str) -> str:
        """Where something is done below the link; nowhere what a guest does not do."""
        return below(self.token, self.places.get(name, ""), ref)


@dataclass(frozen=True, slots=True)
class LinkSide(Side):
    """The same for pages that ask for a side; ``zone`` is the buyer's."""

    token: str = ""
    zone: str = ""
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return BASE

    @property
    def has_crumbs(self) -> bool:
        return False

    def zone_of(self, request: PortalRequest) -> str:
        return self.zone

    def url(self, page: str, ref: str) -> str:
        """Where something stands below the link; nowhere what a guest does not see."""
        return below(self.token, self.places.get(page, ""), ref)

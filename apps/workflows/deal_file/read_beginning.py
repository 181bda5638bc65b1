"""Which side begins the contract of a deal file."""

from collections.abc import Mapping

from apps.workflows.deal_file.deal import Party
from apps.workflows.deal_file.reader import Place


def read_begun_by(place: Place | None, parties: Mapping[str, Party]) -> str:
    """Which side begins the contract: the seller where nothing is said."""
    side = place.one_of("seller", "buyer") if place is not None else "seller"
    if place is not None and not parties[side].people:
        place.refuse(f"the {side} needs a `team`: somebody has to write the contract")
    return side

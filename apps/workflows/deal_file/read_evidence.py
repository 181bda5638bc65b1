"""Files and links that a deal file shows."""

from apps.milestones.rules import LONGEST_ADDRESS, LONGEST_LINK_TITLE
from apps.workflows.deal_file.deal import Attachment, SaidLink
from apps.workflows.deal_file.reader import Place


def read_attachment(place: Place, criteria: int) -> Attachment:
    attachment = Attachment(
        name=place.need("name").text(most=160),
        text=place.need("text").text(most=100_000),
        criterion=_criterion(place, criteria),
    )
    place.done()
    return attachment


def read_link(place: Place, criteria: int) -> SaidLink:
    title = place.maybe("title")
    link = SaidLink(
        title=title.text(most=LONGEST_LINK_TITLE) if title is not None else "",
        url=place.need("url").text(most=LONGEST_ADDRESS),
        criterion=_criterion(place, criteria),
    )
    place.done()
    return link


def _criterion(place: Place, criteria: int) -> int | None:
    """To which criterion something belongs, by its number; None: to the milestone as a whole."""
    number = place.maybe("criterion")
    if number is not None and criteria == 0:
        number.refuse("this milestone has no criteria")
    return number.whole(least=1, most=criteria) if number is not None else None

"""A dispute by personal link: the buyer's signatory reads both sides, answers, shows files, settles, withdraws.

By the link to the submission, as long as that waits for sign-off; by the link to the dispute until it is over.
"""

from typing import Final

from django.http import HttpResponse

from apps.milestones.models import Dispute, Submission
from apps.portals.access import PortalRequest
from apps.portals.disputing import answering
from apps.portals.link_desk import LinkSide

PLACES: Final = {"dispute": "dispute", "dispute_file": "dispute_file*"}
"""Where below the link each page stands; the others are not a guest's."""


def dispute_of(request: PortalRequest, submission: Submission) -> Dispute | None:
    """What is in dispute of the submission that the link lets decide, or was last; None where nothing ever was."""
    rows = Dispute.objects.visible_to(request.actor).filter(submission=submission)
    return rows.select_related("contract__buyer", "milestone").order_by("pk").last()


def side_of(found: Dispute, *, token: str, is_of_submission: bool = False) -> LinkSide:
    """The buyer's side below the link; the submission stands there too, if the link is for that."""
    places = {**PLACES, "milestone": "open"} if is_of_submission else PLACES
    return LinkSide("buyer", token=token, zone=found.contract.buyer.time_zone, places=places)


def dispute(request: PortalRequest, found: Dispute, *, token: str, is_of_submission: bool = False) -> HttpResponse:
    """Read both sides; answer, show a file, propose an outcome, agree to one, withdraw what the own side raised."""
    side = side_of(found, token=token, is_of_submission=is_of_submission)
    return answering.dispute(request, found.ref, side=side, crumbs=[])

"""Applications for payment that wait for the reader."""

from collections.abc import Iterator

from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.invoicing.models import Application
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.parts import Need

SHOWN = 8
"""The oldest that wait; a contract has one at most."""


def to_certify(actor: Actor) -> Iterator[Need]:
    """What the buyer's deciders are asked to certify. One query."""
    if not actor.may(Action.DECIDE_MILESTONE):
        return
    rows = Application.objects.visible_to(actor).waiting().filter(buyer_id=actor.organisation_id)
    rows = (
        rows.select_related("seller", "contract").annotate(asked=Sum("lines__claimed")).order_by("submitted_at", "pk")
    )
    for one in rows.order_by("submitted_at", "pk")[:SHOWN]:
        yield Need(
            what=_("Certify: %(title)s") % {"title": str(one)},
            who=one.seller.legal_name,
            url=reverse("buyer:application", args=[one.ref]),
            button=_("Review"),
            amount=vars(one)["asked"],
            currency=one.currency,
            note=one.contract.title,
            icon="clipboard-check",
        )

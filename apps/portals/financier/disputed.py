"""What is in dispute between buyer and seller, of what a financier was asked for, offers, or advances on."""

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.financing.models import OfferLine, RequestItem, Tranche
from apps.invoicing import services as invoicing
from apps.milestones.models import Dispute


def in_dispute(milestone: str = "milestone") -> Exists:
    """Of rows with this milestone: whether something of it is in dispute, submitted or billed."""
    live = Dispute.objects.live()
    return Exists(
        live.filter(Q(milestone=OuterRef(milestone)) | Q(billed__invoice__milestone=OuterRef(milestone))).order_by()
    )


def offers_in_dispute() -> Exists:
    """Of offers: whether one of their milestones is in dispute."""
    return Exists(OfferLine.objects.filter(in_dispute(), offer=OuterRef("pk")).order_by())


def requests_in_dispute() -> Exists:
    """Of requests: whether one of their milestones is in dispute."""
    return Exists(RequestItem.objects.filter(in_dispute(), request=OuterRef("pk")).order_by())


def why_not_disputed(contract: Contract, *tranches: Tranche) -> str:
    """Why nothing is paid out while something of what these advances are on is in dispute; nothing where it is not."""
    disputed = invoicing.disputed_milestones(contract=contract)
    if any(tranche.milestone.ref in disputed for tranche in tranches):
        return _("Buyer and seller dispute what this is advanced on. Wait until they have settled it.")
    return ""

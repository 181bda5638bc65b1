"""Who begins a contract: the seller with an offer, or the buyer with an order. Until proposed it is their own paper."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls

BEGUN: Final = (("seller", _("Seller")), ("buyer", _("Buyer")))

OF_BEGINNING: Final = (
    models.CheckConstraint(condition=Q(begun_by__in=["seller", "buyer"]), name="contract_is_begun_by_a_side"),
    models.CheckConstraint(
        condition=Q(begun_by="buyer") | Q(seller_email=""), name="only_a_buyer_asks_for_the_sellers_person"
    ),
    # Each side counts what it begins: a buyer's number neither takes one of the seller's nor tells that it is taken.
    models.UniqueConstraint(
        "seller", "number", condition=Q(begun_by="seller"), name="contract_number_unique_per_seller"
    ),
    models.UniqueConstraint("buyer", "number", condition=Q(begun_by="buyer"), name="contract_number_unique_per_buyer"),
)

ONCE_BEGUN: Final = guards.refused_when(
    "who_began_a_contract_stays", guards.UPDATE, "OLD.begun_by IS DISTINCT FROM NEW.begun_by"
)

OWN_PAPER: Final = (
    f"id = coalesce({walls.CONTRACT}, id)"
    f" AND CASE begun_by WHEN 'buyer' THEN buyer_id ELSE seller_id END = ANY ({walls.ORGS})"
)
"""Whose row it is before anybody is a party to it: of whoever begins the contract."""

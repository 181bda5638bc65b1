"""Rows held until the end of the transaction, always in the order facility, request, offer, exposures, tranche,
assignment.

What is read of them afterwards is what stands. To a locked row nothing is joined that may change: it would be as before
the wait.
"""

from functools import cache
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from apps.core.database import kept
from apps.core.errors import Refused
from apps.financing.models import Assignment, ExposureLimit, Facility, FundingRequest, Offer, OfferLine, Tranche
from apps.financing.models.exposure import Side
from apps.financing.services.exposures import lock_exposures
from apps.parties.models import Organisation

HELD: Final[dict[str, type[Model]]] = {
    "facility": Facility,
    "lower": ExposureLimit,
    "higher": ExposureLimit,
    "tranche": Tranche,
    "offer": Offer,
    "line": OfferLine,
    "financier": Organisation,
}
"""What is read of a tranche that is held with all that it counts against, by the name that the statement gives it."""


def lock_facility(*, facility_ref: str) -> Facility:
    """Hold a facility: draws on its limit happen one after the other."""
    facility = Facility.objects.select_for_update().filter(ref=facility_ref).first()
    if facility is None:
        raise Refused("There is no such facility, or it is not yours.")
    return facility


def lock_request(*, request_ref: str) -> FundingRequest:
    """Hold a funding request and its facility."""
    known = FundingRequest.objects.filter(ref=request_ref).values_list("pk", "facility_id").first()
    if known is None:
        raise Refused("There is no such request, or it is not yours.")
    request_id, facility_id = known
    facility = Facility.objects.select_for_update().get(pk=facility_id)
    request = FundingRequest.objects.select_for_update().get(pk=request_id)
    request.facility = facility
    return request


def lock_offer(*, offer_ref: str) -> Offer:
    """Hold an offer, its request and their facility."""
    known = Offer.objects.filter(ref=offer_ref).values_list("pk", "request__ref").first()
    if known is None:
        raise Refused("There is no such offer, or it is not yours.")
    offer_id, request_ref = known
    request = lock_request(request_ref=request_ref)
    offer = Offer.objects.select_for_update().get(pk=offer_id)
    offer.request = request
    return offer


def lock_tranche(*, tranche_ref: str) -> Tranche:
    """Hold a tranche and its facility."""
    known = Tranche.objects.filter(ref=tranche_ref).values_list("pk", "facility_id").first()
    if known is None:
        raise Refused("There is no such advance, or it is not yours.")
    tranche_id, facility_id = known
    facility = Facility.objects.select_for_update().get(pk=facility_id)
    tranche = Tranche.objects.select_for_update().get(pk=tranche_id)
    tranche.facility = facility
    return tranche


def lock_tranche_to_count(*, tranche_ref: str) -> tuple[Tranche, list[ExposureLimit]]:
    """Hold a tranche with its facility and the exposures to its buyer and seller: what it counts against may change."""
    held = _to_count(tranche_ref)
    if held is None:
        known = Tranche.objects.filter(ref=tranche_ref).first()
        if known is None:
            raise Refused("There is no such advance, or it is not yours.")
        Facility.objects.select_for_update().get(pk=known.facility_id)
        lock_exposures(  # counted from now on, or not the caller's to see
            financier_id=known.financier_id, seller_id=known.seller_id, buyer_id=known.buyer_id, currency=known.currency
        )
        held = _to_count(tranche_ref)
    if held is None:
        raise LookupError(f"what tranche {tranche_ref} counts against cannot be seen: its financier does not ask")
    return held


@cache
def _hold() -> str:
    """Facility, exposures by id, tranche: locked one after the other as FOR UPDATE names them, in one statement.

    Where it waited, Postgres gives of all four what stands after the wait. Offer, its line and the financier are not
    held: the first two never change in what is read of them.
    """
    selected = [f"{name}.{column}" for name, model in HELD.items() for column in _columns(model)]
    joined = [
        f"JOIN financing_exposurelimit {side} ON {side}.financier_id = tranche.financier_id"
        f" AND {side}.organisation_id = tranche.{side}_id AND {side}.side = '{side}'"
        f" AND {side}.currency = tranche.currency"
        for side in (Side.SELLER.value, Side.BUYER.value)
    ]
    return (
        f"SELECT {', '.join(selected)} FROM financing_tranche tranche"
        " JOIN financing_facility facility ON facility.id = tranche.facility_id"
        f" {' '.join(joined)}"
        " JOIN financing_exposurelimit lower ON lower.id = least(seller.id, buyer.id)"
        " JOIN financing_exposurelimit higher ON higher.id = greatest(seller.id, buyer.id)"
        " JOIN financing_offer offer ON offer.id = tranche.offer_id"
        " JOIN financing_offerline line ON line.id = tranche.line_id"
        " JOIN parties_organisation financier ON financier.id = tranche.financier_id"
        " WHERE tranche.ref = %s FOR UPDATE OF facility, lower, higher, tranche"
    )


def _to_count(tranche_ref: str) -> tuple[Tranche, list[ExposureLimit]] | None:
    statement = _hold()
    with kept.cursor(statement) as asked:
        asked.execute(statement, [tranche_ref])
        row = asked.fetchone()
    if row is None:
        return None
    values = iter(row)
    held: dict[str, Any] = {
        name: model.from_db(
            DEFAULT_DB_ALIAS,
            [field.attname for field in model._meta.concrete_fields],
            [next(values) for _field in model._meta.concrete_fields],
        )
        for name, model in HELD.items()
    }
    tranche: Tranche = held["tranche"]
    tranche.facility, tranche.financier = held["facility"], held["financier"]
    tranche.offer, tranche.line = held["offer"], held["line"]
    return tranche, [held["lower"], held["higher"]]


def _columns(model: type[Model]) -> list[str]:
    return [f'"{field.column}"' for field in model._meta.concrete_fields]


def lock_assignment(*, assignment_ref: str) -> Assignment:
    """Hold an assignment."""
    assignment = Assignment.objects.select_for_update().filter(ref=assignment_ref).first()
    if assignment is None:
        raise Refused("There is no such assignment, or it does not concern you.")
    return assignment

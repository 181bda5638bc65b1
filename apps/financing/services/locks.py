"""Rows held until the end of the transaction, always in the order facility, request, offer, exposures, tranche,
assignment.

What is read of them afterwards is what stands. Nothing is joined to a locked row: that would be as before the wait.
"""

from apps.core.errors import Refused
from apps.financing.models import Assignment, ExposureLimit, Facility, FundingRequest, Offer, Tranche
from apps.financing.services.exposures import lock_exposures


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
    known = Tranche.objects.filter(ref=tranche_ref).first()
    if known is None:
        raise Refused("There is no such advance, or it is not yours.")
    Facility.objects.select_for_update().get(pk=known.facility_id)
    exposures = lock_exposures(
        financier_id=known.financier_id, seller_id=known.seller_id, buyer_id=known.buyer_id, currency=known.currency
    )
    return lock_tranche(tranche_ref=tranche_ref), exposures


def lock_assignment(*, assignment_ref: str) -> Assignment:
    """Hold an assignment."""
    assignment = Assignment.objects.select_for_update().filter(ref=assignment_ref).first()
    if assignment is None:
        raise Refused("There is no such assignment, or it does not concern you.")
    return assignment

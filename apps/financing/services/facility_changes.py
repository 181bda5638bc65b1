"""What becomes of a facility later: its limit and usual terms change, or nothing more is advanced under it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from apps.audit import services as audit
from apps.core.errors import Refused
from apps.core.texts import is_blank
from apps.financing.models import Facility, FundingRequest, Tranche
from apps.financing.models.tranche import TrancheState
from apps.financing.services.facilities import FacilityTerms, refuse_impossible
from apps.financing.services.locks import lock_facility
from apps.parties.actor import Actor
from apps.parties.roles import Action

LONGEST_REASON = 400


def change_facility(*, facility_ref: str, actor: Actor, terms: FacilityTerms, reason: str, at: datetime) -> Facility:
    """Other terms for what is offered from now on. What was offered or paid out keeps its own, and a limit below what
    is out only keeps more from being advanced."""
    facility = _mine(facility_ref, actor=actor)
    if terms.currency != facility.currency:
        raise Refused("A facility keeps its currency. Open another one.", field="currency")
    refuse_impossible(terms)
    changed = changes_of(facility, terms=terms)
    if not changed:
        raise Refused("Nothing would change. Enter what is to be different.")
    for name, (_was, now) in changed.items():
        setattr(facility, name, now)
    facility.save(update_fields=list(changed))
    _record("facility.changed", facility, actor=actor, at=at, reason=_said(reason), changed=changed)
    return facility


def close_facility(*, facility_ref: str, actor: Actor, reason: str, at: datetime) -> Facility:
    """Nothing more is asked for or advanced. What is out stays out until it is repaid, on the terms it has."""
    facility = _mine(facility_ref, actor=actor)
    open_requests = FundingRequest.objects.filter(facility=facility, closed_at__isnull=True).count()
    promised = Tranche.objects.filter(facility=facility, state=TrancheState.ACCEPTED).count()
    if open_requests or promised:
        raise Refused(
            "{requests} requests are open, and {promised} accepted advances are not paid out. Decline them, pay them"
            " out or cancel them first.",
            requests=open_requests,
            promised=promised,
        )
    facility.closed_at = at
    facility.save(update_fields=["closed_at"])
    _record("facility.closed", facility, actor=actor, at=at, reason=_said(reason))
    return facility


def changes_of(facility: Facility, *, terms: FacilityTerms) -> dict[str, tuple[Any, Any]]:
    """By name what these terms would change, as it is and as it would be."""
    return {
        name: (getattr(facility, name), now) for name, now in asdict(terms).items() if getattr(facility, name) != now
    }


def _mine(facility_ref: str, *, actor: Actor) -> Facility:
    facility = lock_facility(facility_ref=facility_ref)
    actor.require(Action.MANAGE_FACILITY, organisation_id=facility.financier_id)
    if facility.closed_at is not None:
        raise Refused("This facility is closed.")
    return facility


def _said(reason: str) -> str:
    written = " ".join(reason.split())
    if is_blank(written) or len(written) > LONGEST_REASON:
        raise Refused("Say why, in at most {most} characters.", field="reason", most=LONGEST_REASON)
    return written


def _record(verb: str, facility: Facility, *, actor: Actor, at: datetime, **said: Any) -> None:
    audit.record(
        chain=f"organisation:{facility.financier.ref}",
        parties=(facility.financier_id,),
        verb=verb,
        subject=f"facility:{facility.ref}",
        actor=actor,
        at=at,
        **said,
    )

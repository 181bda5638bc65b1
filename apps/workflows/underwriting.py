"""Whom a financier trusts, and how far: verified buyers, confirmed signatories, limits of exposure, waived checks."""

from decimal import Decimal

from apps.core import clock
from apps.financing import services as financing
from apps.parties.actor import Actor
from apps.workflows.once import Answer, once


@once
def verify_buyer(
    *, actor: Actor, key: str, buyer_ref: str, checked: str, note: str = "", signatory: str = ""
) -> Answer:
    """An underwriter writes down that a buyer was verified, and by what; from then on it may be paid out on.

    With it goes the mailbox that signs off for the buyer in the contract that was looked at.
    """
    made = financing.verify_buyer(
        buyer_ref=buyer_ref, actor=actor, checked=checked, note=note, signatory=signatory, at=clock.now()
    )
    return {"verification": made.ref}


@once
def confirm_signatory(*, actor: Actor, key: str, verification_ref: str, signatory: str, checked: str) -> Answer:
    """An underwriter writes down that a mailbox which another contract names does sign for the verified buyer."""
    made = financing.confirm_signatory(
        verification_ref=verification_ref, signatory=signatory, actor=actor, checked=checked, at=clock.now()
    )
    return {"verification": verification_ref, "signatory": made.email}


@once
def revoke_verification(*, actor: Actor, key: str, verification_ref: str, reason: str) -> Answer:
    """An underwriter takes a verification back: nothing more is paid out on this buyer."""
    found = financing.revoke_verification(verification_ref=verification_ref, actor=actor, reason=reason, at=clock.now())
    return {"verification": found.ref}


@once
def set_exposure_limit(*, actor: Actor, key: str, exposure_ref: str, limit: Decimal | None) -> Answer:
    """The financier limits what may be out on one buyer or seller, or lifts the limit."""
    exposure = financing.set_exposure_limit(exposure_ref=exposure_ref, actor=actor, limit=limit, at=clock.now())
    return {"exposure": exposure.ref}


@once
def waive_check(*, actor: Actor, key: str, offer_ref: str, check: str, reason: str) -> Answer:
    """A second person lets an offer go out although a check is not met, and says why."""
    waiver = financing.waive_check(offer_ref=offer_ref, actor=actor, check=check, reason=reason, at=clock.now())
    return {"offer": offer_ref, "waiver": waiver.ref}

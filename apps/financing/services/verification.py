"""A financier verifies that a buyer exists and is who it seems to be: nothing of an unverified buyer is paid out."""

from datetime import datetime

from django.db import IntegrityError, transaction

from apps.audit import services as audit
from apps.contracts.models import Contract
from apps.core import canonical
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.financing.models import BuyerVerification
from apps.financing.services.record import person, reason_given
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action

LONGEST_NOTE = 2_000


def identity_of(organisation: Organisation) -> str:
    """What an organisation says of itself, as it is checked: name, address, registration, mailbox."""
    return canonical.text(
        {
            "legal_name": organisation.legal_name,
            "street": organisation.street,
            "postcode": organisation.postcode,
            "city": organisation.city,
            "country": organisation.country,
            "vat_number": organisation.vat_number,
            "tax_number": organisation.tax_number,
            "company_number": organisation.company_number,
            "email": organisation.email,
        }
    )


def verify_buyer(*, buyer_ref: str, actor: Actor, checked: str, note: str, at: datetime) -> BuyerVerification:
    """Write down that a buyer was verified: what was held against what, by whom, when; refused while one stands.

    Buyers of the contracts in which the financier was admitted can be verified, no other organisation.
    """
    actor.require(Action.VERIFY_BUYER)
    if not actor.speaks_for_financier:
        raise NotAllowed("Only a financier verifies buyers.")
    contract = Contract.objects.visible_to(actor).select_related("buyer").filter(buyer__ref=buyer_ref).first()
    if contract is None:
        raise Refused("There is no such buyer in the contracts that you were asked to finance.")
    buyer = contract.buyer
    if len(note) > LONGEST_NOTE:
        raise Refused("Write at most {most} characters.", field="note", most=LONGEST_NOTE)
    identity = identity_of(buyer)
    try:
        with transaction.atomic():
            made = BuyerVerification.objects.create(
                financier_id=actor.organisation_id,
                buyer=buyer,
                identity=identity,
                identity_sha256=canonical.sha256(identity),
                checked=reason_given(checked, field="checked"),
                note=note.strip(),
                verified_by_id=person(actor),
                verified_at=at,
            )
    except IntegrityError as error:
        if "one_live_verification_per_buyer" not in str(error):
            raise
        raise IllegalTransition("{name} is already verified.", name=buyer.legal_name) from error
    _record(made, verb="buyer.verified", actor=actor, at=at)
    return made


def revoke_verification(*, verification_ref: str, actor: Actor, reason: str, at: datetime) -> BuyerVerification:
    """Take a verification back: from now on nothing of this buyer is paid out; what is out stays out."""
    found = BuyerVerification.objects.select_for_update().filter(ref=verification_ref).first()
    if found is None:
        raise Refused("There is no such verification, or it is not yours.")
    actor.require(Action.VERIFY_BUYER, organisation_id=found.financier_id)
    if found.revoked_at is not None:
        raise IllegalTransition("This verification is already revoked.")
    found.revoked_at, found.revoked_by_id, found.revoke_reason = at, person(actor), reason_given(reason)
    found.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])
    _record(found, verb="buyer.verification_revoked", actor=actor, at=at)
    return found


def verification_of(*, financier_id: int, buyer_id: int) -> BuyerVerification | None:
    """The verification that stands, if there is one."""
    return BuyerVerification.objects.live().filter(financier_id=financier_id, buyer_id=buyer_id).first()


def require_verified(*, financier_id: int, buyer: Organisation) -> None:
    """Refuse a buyer whom the financier has not verified, or whose data have changed since.

    Held until the end of the transaction, so that a verification is not revoked while money leaves.
    """
    found = BuyerVerification.objects.live().filter(financier_id=financier_id, buyer=buyer).select_for_update().first()
    if found is None:
        raise Refused(
            "{name} is not verified. An underwriter has to verify the buyer before anything is paid out.",
            name=buyer.legal_name,
        )
    if found.identity != identity_of(buyer):
        raise Refused(
            "The data of {name} have changed since it was verified. An underwriter has to revoke that and"
            " verify the buyer anew.",
            name=buyer.legal_name,
        )


def _record(verification: BuyerVerification, *, verb: str, actor: Actor, at: datetime) -> None:
    audit.record(
        chain=f"organisation:{verification.financier.ref}",
        parties=(verification.financier_id,),
        verb=verb,
        subject=f"verification:{verification.ref}",
        actor=actor,
        at=at,
        buyer=verification.buyer.ref,
        identity_sha256=verification.identity_sha256,
        checked=verification.checked,
    )

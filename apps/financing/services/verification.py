"""A financier verifies that a buyer exists and is who it seems to be: nothing of an unverified buyer is paid out.

And that whoever signs off for it does: a seller writes that mailbox into the contract.
"""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from apps.audit import services as audit
from apps.contracts.models import Contract
from apps.core import canonical
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.financing.models import BuyerVerification, ConfirmedSignatory
from apps.financing.services.record import person, reason_given
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action

LONGEST_NOTE = 2_000


def identity_of(organisation: Organisation) -> str:
    """What an organisation says of itself, as it is checked: name, address, registration, mailbox."""
    # One without an LEI is known by what it was known by before there was a field for it.
    lei = {"lei": organisation.lei} if organisation.lei else {}
    return canonical.text(
        {
            **lei,
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


def verify_buyer(
    *, buyer_ref: str, actor: Actor, checked: str, note: str, signatory: str, at: datetime
) -> BuyerVerification:
    """Write down that a buyer was verified: what was held against what, by whom, when; refused while one stands.

    Buyers of the contracts in which the financier was admitted can be verified, no other organisation. ``signatory``
    is the mailbox that was confirmed with it, as it stands in one of those contracts; empty confirms none.
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
    if signatory:
        _confirm(made, signatory=signatory, actor=actor, checked=made.checked, at=at)
    return made


def confirm_signatory(
    *, verification_ref: str, signatory: str, actor: Actor, checked: str, at: datetime
) -> ConfirmedSignatory:
    """Write down that a mailbox, which a contract names as the verified buyer's signatory, is one of that buyer's.

    Until then nothing is paid out on that contract, unless the buyer's own people had taken it over when it was
    verified.
    """
    found = BuyerVerification.objects.select_for_update().filter(ref=verification_ref).first()
    if found is None:
        raise Refused("There is no such verification, or it is not yours.")
    actor.require(Action.VERIFY_BUYER, organisation_id=found.financier_id)
    if found.revoked_at is not None:
        raise IllegalTransition("This verification is revoked. Verify the buyer anew.")
    return _confirm(found, signatory=signatory, actor=actor, checked=reason_given(checked, field="checked"), at=at)


def _confirm(
    verification: BuyerVerification, *, signatory: str, actor: Actor, checked: str, at: datetime
) -> ConfirmedSignatory:
    """The caller holds the verification, or has just made it."""
    mailbox = signatory.strip().lower()
    named = Contract.objects.visible_to(actor).filter(
        buyer_id=verification.buyer_id, active_version__signatory_email__iexact=mailbox
    )
    if not named.exists():
        raise Refused(
            "No contract that you were asked to finance names {mailbox} as the signatory of {name}.",
            mailbox=mailbox,
            name=verification.buyer.legal_name,
        )
    if verification.signatories.filter(email=mailbox).exists():
        raise IllegalTransition(
            "{mailbox} is already confirmed as a signatory of {name}.",
            mailbox=mailbox,
            name=verification.buyer.legal_name,
        )
    made = ConfirmedSignatory.objects.create(
        verification=verification, email=mailbox, checked=checked, confirmed_by_id=person(actor), confirmed_at=at
    )
    _record(verification, verb="buyer.signatory_confirmed", actor=actor, at=at, checked=checked, signatory=mailbox)
    return made


def unconfirmed_signatory(verification: BuyerVerification, *, contract: Contract) -> str:
    """The mailbox that still has to be confirmed before anything is paid out on a contract; empty when none has.

    A buyer that its own people had taken over when it was verified says itself who signs for it.
    """
    claimed_at = contract.buyer.claimed_at
    if claimed_at is not None and claimed_at <= verification.verified_at:
        return ""
    mailbox = contract.active_version.signatory_email.lower() if contract.active_version is not None else ""
    return "" if verification.signatories.filter(email=mailbox).exists() else mailbox


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


def require_verified(*, financier_id: int, contract: Contract) -> None:
    """Refuse a contract whose buyer the financier has not verified, or whose data have changed since.

    And one whose signatory nobody confirmed: a seller could name a mailbox of its own. Held until the end of the
    transaction, so that a verification is not revoked while money leaves.
    """
    buyer = contract.buyer
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
    mailbox = unconfirmed_signatory(found, contract=contract)
    if mailbox:
        raise Refused(
            "{name} is verified, but not that {mailbox} signs off for it in this contract. An underwriter has to"
            " confirm this signatory on the page of the request before anything is paid out.",
            name=buyer.legal_name,
            mailbox=mailbox,
        )


def _record(verification: BuyerVerification, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    audit.record(
        chain=f"organisation:{verification.financier.ref}",
        parties=(verification.financier_id,),
        verb=verb,
        subject=f"verification:{verification.ref}",
        actor=actor,
        at=at,
        buyer=verification.buyer.ref,
        identity_sha256=verification.identity_sha256,
        **({"checked": verification.checked} | facts),
    )

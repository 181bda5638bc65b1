"""Who is on the other side of a contract that somebody begins, and how a seller without people here comes to it."""

from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.contracts import rules
from apps.contracts.drafts import ContractDraft
from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.contracts.services.grants import grant_take_over, revoke_other_take_overs
from apps.contracts.services.mailboxes import house_mailboxes
from apps.contracts.services.sides import Side
from apps.core.database import walls
from apps.core.errors import Refused
from apps.parties.actor import Actor
from apps.parties.models import Organisation

HEADING: Final = ("contract_number", "title", "currency")
"""What stands on a version and is shown of the contract."""
CHOOSE: Final = {
    Side.SELLER: "Choose the seller from the organisations that you know.",
    Side.BUYER: "Choose the buyer from the organisations that you know.",
}
BUSY: Final = {
    Side.SELLER: "{name} finances others and sells nothing.",
    Side.BUYER: "{name} finances others and buys nothing.",
}


def begun_as(draft: ContractDraft) -> str:
    """The side that begins with this draft: a buyer names its seller."""
    return str(Side.BUYER if draft.seller_ref else Side.SELLER)


def take_other_side(contract: Contract, *, draft: ContractDraft, actor: Actor) -> None:
    """With whom the contract is made, as who began it writes it.

    The people of a seller may be looked at from here on: nobody of them decides for the buyer.
    """
    if contract.begun_by == Side.BUYER:
        contract.buyer_id = actor.organisation_id
        contract.seller = _known(actor, ref=draft.seller_ref, side=Side.SELLER)
        walls.widen(contract.seller_id)
        contract.seller_email = _sellers_person(contract, mailbox=draft.seller_email)
    else:
        contract.seller_id = actor.organisation_id
        contract.buyer = _known(actor, ref=draft.buyer_ref, side=Side.BUYER)


def show_heading(contract: Contract, *, version: ContractVersion) -> None:
    """The contract has number, title and currency of the version that is proposed; before the first, of the draft."""
    contract.number, contract.title, contract.currency = version.contract_number, version.title, version.currency


def check_number(contract: Contract, *, number: str) -> None:
    """Refuse the number of another contract of whoever began this one: it would be found out by proposing it only."""
    side = f"{contract.begun_by}_id"
    own = {side: getattr(contract, side), "begun_by": contract.begun_by, "number": number}
    if Contract.objects.filter(**own).exclude(pk=contract.pk).exists():
        raise _number_is_taken(number)


def save_numbered(contract: Contract) -> None:
    """Save a contract; refused when who began it has another one of this number."""
    try:
        with transaction.atomic():
            contract.save()
    except IntegrityError as error:
        if "contract_number_unique_per" not in str(error):
            raise
        raise _number_is_taken(contract.number) from error


def _number_is_taken(number: str) -> Refused:
    return Refused("You already have a contract with the number {number}.", field="number", number=number)


def ask_seller(contract: Contract, *, actor: Actor, at: datetime) -> GuestGrant | None:
    """Who is to take the seller's place: the mailbox that the buyer named; None where the seller has people here.

    A seller signs, delivers and bills with an account, so it is asked to take its organisation over, once. Whoever was
    asked by mistake before cannot any more.
    """
    revoke_other_take_overs(contract=contract, at=at)
    if contract.seller.is_claimed:
        return None
    if not contract.seller_email:
        raise Refused(
            "{seller} has nobody here yet. Give the e-mail of the person who decides for it.",
            field="seller_email",
            seller=contract.seller.legal_name,
        )
    rules.check_sellers_person(contract.seller_email, buyers=house_mailboxes(contract.buyer), field="seller_email")
    asked = contract.grants.filter(purpose=GuestGrant.Purpose.TAKE_OVER, revoked_at__isnull=True, expires_at__gt=at)
    return asked.first() or grant_take_over(contract=contract, actor=actor, at=at)


def _sellers_person(contract: Contract, *, mailbox: str) -> str:
    """The mailbox of a seller without people here; of one that has some the proposal goes to those."""
    if contract.seller.is_claimed or not mailbox.strip():
        return ""
    return rules.check_sellers_person(mailbox, buyers=house_mailboxes(contract.buyer), field="seller_email")


def _known(actor: Actor, *, ref: str, side: str) -> Organisation:
    """An organisation that the actor's own knows: it wrote it down, or has a contract with it."""
    contracts = Contract.objects.visible_to(actor)
    known = Q(nominated_by_id=actor.organisation_id) | Q(pk__in=contracts.values("buyer"))
    known |= Q(pk__in=contracts.values("seller"))
    other = Organisation.objects.filter(known, ref=ref).exclude(pk=actor.organisation_id).first()
    field = f"{side}_ref"
    if other is None:
        raise Refused(CHOOSE[Side(side)], field=field)
    if other.is_financier:
        raise Refused(BUSY[Side(side)], field=field, name=other.legal_name)
    return other

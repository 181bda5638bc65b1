"""Who may act for which side of a contract. The seller must not be able to play his own buyer."""

from datetime import datetime
from decimal import Decimal

from allauth.account.models import EmailAddress
from django.db.models import F, Q

from apps.contracts import rules
from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.core.errors import NotAllowed, Refused
from apps.core.money import Money
from apps.parties.actor import Actor, ActorKind
from apps.parties.models import Membership, Organisation
from apps.parties.roles import PERMITTED, Action, Role


def require_seller(contract: Contract, *, actor: Actor, action: Action) -> None:
    """Refuse whoever does not act for the contract's seller in a role that permits the action."""
    actor.require(action, organisation_id=contract.seller_id)


def buyer_authority(
    contract: Contract,
    *,
    actor: Actor,
    action: Action,
    version: ContractVersion,
    purpose: str,
    subject_ref: str,
    at: datetime,
) -> Decimal | None:
    """Refuse whoever may not decide for the buyer; the answer is up to which amount the person may (None: any).

    A member needs a role; a guest a live personal link for this very subject, to the mailbox that ``version`` names.
    A guest who is also a member of the buyer has no more power by link than as a member, and none once removed; and
    once the buyer has an owner here, who says who decides, a link is worth nothing to anybody who is no member.
    Nobody whose mailbox is the seller's decides for the buyer.
    """
    if actor.kind is ActorKind.GUEST:
        _require_link(contract, actor=actor, version=version, purpose=purpose, subject_ref=subject_ref, at=at)
    actor.require(action, organisation_id=contract.buyer_id)
    _refuse_sellers_people(contract, actor=actor)
    membership = _membership(contract, actor=actor)
    if membership is None:
        if actor.kind is ActorKind.USER:
            raise NotAllowed("You do not belong to the buyer's organisation.")
        if _has_owner(contract.buyer):
            raise NotAllowed(
                "{buyer} has an owner here, who says who may {action}: you do not belong to its team."
                " Ask the owner to invite you.",
                buyer=contract.buyer.legal_name,
                action=action.value,
            )
        return None
    if membership.ended_at is not None or PERMITTED[action].isdisjoint(membership.roles):
        raise NotAllowed(
            "Your role does not allow you to {action}. Ask an owner of your organisation.", action=action.value
        )
    return membership.approval_limit


def check_signatory(contract: Contract, *, mailbox: str) -> None:
    """Refuse a signatory of the buyer who cannot be one.

    That is anybody of the seller; and, once the buyer has people of its own here, anybody who is not one of those who
    may sign: from then on the buyer's owner says who that is, and not the seller.
    """
    rules.check_signatory(mailbox, sellers=seller_mailboxes(contract.seller), field="signatory_email")
    if not _has_owner(contract.buyer):
        return
    people = Membership.objects.live().filter(_reads(mailbox), organisation_id=contract.buyer_id)
    if not people.filter(roles__overlap=sorted(PERMITTED[Action.SIGN_CONTRACT])).exists():
        raise Refused(
            "{buyer} has an owner here, who says who signs: {mailbox} is nobody who may sign for it.",
            field="signatory_email",
            buyer=contract.buyer.legal_name,
            mailbox=mailbox,
        )


def check_limit(version: ContractVersion, *, limit: Decimal | None) -> None:
    """Refuse a signature above the person's limit, which is in the buyer's currency.

    The price, net of tax, is what a signature commits the buyer to. A limit in another currency permits nothing.
    """
    if limit is None:
        return
    contract = version.contract
    price, reach = Money(version.price, contract.currency), Money(limit, contract.buyer.currency)
    if reach.currency != price.currency:
        raise NotAllowed(
            "Your limit is in {limit_currency}, this contract in {currency}. Ask somebody without a limit.",
            limit_currency=reach.currency,
            currency=price.currency,
        )
    if price.amount > reach.amount:
        raise NotAllowed(
            "This contract comes to {price}; you sign up to {limit}. Ask somebody with a higher limit.",
            price=price,
            limit=reach,
        )


def seller_mailboxes(seller: Organisation) -> set[str]:
    """Every mailbox known of the seller and of its members, verified or not."""
    members = Membership.objects.live().filter(organisation=seller)
    first = members.values_list("user__email", flat=True)
    others = EmailAddress.objects.filter(user__in=members.values("user")).values_list("email", flat=True)
    return {mailbox.lower() for mailbox in (*first, *others, seller.email) if mailbox}


def _refuse_sellers_people(contract: Contract, *, actor: Actor) -> None:
    rules.check_signatory(actor.email, sellers=seller_mailboxes(contract.seller))
    members = Membership.objects.live().filter(organisation_id=contract.seller_id)
    if actor.user_id is not None and members.filter(user_id=actor.user_id).exists():
        raise NotAllowed("You also belong to the seller. Somebody else of the buyer has to decide.")


def _membership(contract: Contract, *, actor: Actor) -> Membership | None:
    """The live or else the newest membership in the buyer's team, held so that nobody removes it meanwhile."""
    people = Membership.objects.select_for_update(of=("self",)).filter(organisation_id=contract.buyer_id)
    if actor.kind is ActorKind.USER:
        people = people.filter(user_id=actor.user_id or 0)
    else:
        people = people.filter(_reads(actor.email))
    return people.order_by(F("ended_at").desc(nulls_first=True), "-id").first()


def _has_owner(organisation: Organisation) -> bool:
    return Membership.objects.live().filter(organisation=organisation, roles__contains=[Role.OWNER]).exists()


def _reads(mailbox: str) -> Q:
    """Memberships of people known by a mailbox, or who proved to read it."""
    proved = EmailAddress.objects.filter(email__iexact=mailbox, verified=True)
    return Q(user__email=mailbox.lower()) | Q(user__in=proved.values("user"))


def _require_link(
    contract: Contract, *, actor: Actor, version: ContractVersion, purpose: str, subject_ref: str, at: datetime
) -> None:
    grant = GuestGrant.objects.filter(pk=actor.grant_id or 0, contract=contract).first()
    if grant is None or grant.purpose != purpose or grant.subject_ref != subject_ref:
        raise NotAllowed("This link is for something else.")
    if grant.used_at is not None:
        raise NotAllowed("This link has been used. It works once.")
    if grant.revoked_at is not None:
        raise NotAllowed("This link is no longer valid.")
    if grant.expires_at <= at:
        raise NotAllowed("This link has expired. Ask for a new one; it goes to the same mailbox.")
    if not grant.email == actor.email == version.signatory_email:
        raise NotAllowed("The signed contract names somebody else.")

"""Who may act for which side of a contract. The seller must not be able to play his own buyer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, JSONField, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast, JSONObject

from apps.contracts import rules
from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.contracts.services.mailboxes import (
    house_mailboxes,
    mailboxes_of,
    owners_of,
    people_of,
    sellers_mailboxes,
    strangers_since,
    team,
)
from apps.core.database import in_flight
from apps.core.database.kept import Argument, Read
from apps.core.errors import NotAllowed, Refused
from apps.core.money import Money
from apps.parties.actor import Actor, ActorKind
from apps.parties.models import Membership, User
from apps.parties.models.membership import MembershipQuerySet
from apps.parties.roles import PERMITTED, Action


def require_seller(contract: Contract, *, actor: Actor, action: Action) -> None:
    """Refuse whoever does not act for the contract's seller in a role that permits the action."""
    actor.require(action, organisation_id=contract.seller_id)


def buyer_authority(
    contract: Contract,
    *,
    actor: Actor,
    action: Action,
    at: datetime,
    version: ContractVersion | None = None,
    purpose: str = "",
    subject_ref: str = "",
    or_for: tuple[str, str] | None = None,
) -> Decimal | None:
    """Refuse whoever may not decide for the buyer; the answer is up to which amount the person may (None: any).

    A member needs a role; a guest a live personal link for this very subject, to the mailbox that ``version`` names:
    without a version only members may. ``or_for`` is the purpose and subject of another link that will do. A guest who
    is also a member of the buyer has no more power by link than as a member, and none once removed; and once the buyer
    has an owner here, who says who decides, a link is worth nothing to anybody who is no member. Nobody whose mailbox
    is the seller's decides for the buyer.
    """
    standing = _standing(contract, actor=actor)
    if actor.kind is ActorKind.GUEST:
        _require_link(standing.grant, actor=actor, version=version, whats={(purpose, subject_ref), or_for}, at=at)
    actor.require(action, organisation_id=contract.buyer_id)
    _refuse_sellers_people(standing, actor=actor)
    membership = standing.membership
    if membership is None:
        if actor.kind is ActorKind.USER:
            raise NotAllowed("You do not belong to the buyer's organisation.")
        if standing.buyer_has_owner:
            raise NotAllowed(
                "{buyer} has an owner here, who says who may {action}: you do not belong to its team."
                " Ask the owner to invite you.",
                buyer=contract.buyer.legal_name,
                action=action.value,
            )
        return None
    if membership["ended_at"] is not None or PERMITTED[action].isdisjoint(membership["roles"]):
        raise NotAllowed(
            "Your role does not allow you to {action}. Ask an owner of your organisation.", action=action.value
        )
    return None if membership["limit"] is None else Decimal(membership["limit"])


def require_readable(contract: Contract, *, actor: Actor, purpose: str, at: datetime) -> GuestGrant:
    """The link of a guest, if it still shows what it was for: while it is live, and what it decided until it expires.

    Once the buyer has an owner here its own people have a link's papers, and nobody else, as with decisions.
    """
    standing = _standing(contract, actor=actor)
    grant, membership = standing.grant, standing.membership
    if grant is None or grant.purpose != purpose:
        raise NotAllowed("This link is for something else.")
    if grant.used_at is None and grant.revoked_at is not None:
        raise NotAllowed("This link is no longer valid.")
    if grant.expires_at <= at:
        raise NotAllowed("This link has expired. Ask for a new one; it goes to the same mailbox.")
    _refuse_sellers_people(standing, actor=actor)
    is_in_team = membership is not None and membership["ended_at"] is None
    if not is_in_team and (membership is not None or standing.buyer_has_owner):
        raise NotAllowed(
            "{buyer} has people of its own here, and you do not belong to them. Ask its owner to invite you.",
            buyer=contract.buyer.legal_name,
        )
    return grant


def check_signatory(contract: Contract, *, mailbox: str) -> None:
    """Refuse a signatory of the buyer who cannot be one.

    That is anybody of the seller; and, once the buyer has people of its own here, anybody who is not one of those who
    may sign: from then on the buyer's owner says who that is, and not the seller.
    """
    rules.check_signatory(mailbox, sellers=sellers_mailboxes(contract), field="signatory_email")
    if not owners_of(contract.buyer_id).exists():
        return
    people = team(contract.buyer_id).filter(_reads(mailbox, lower=mailbox.lower()))
    if not people.filter(roles__overlap=sorted(PERMITTED[Action.SIGN_CONTRACT])).exists():
        raise Refused(
            "{buyer} has an owner here, who says who signs: {mailbox} is nobody who may sign for it.",
            field="signatory_email",
            buyer=contract.buyer.legal_name,
            mailbox=mailbox,
        )


def check_sellers_answer(contract: Contract, *, actor: Actor, buyers_signer: str) -> None:
    """Refuse that one person, or one house, stands on both sides of what the buyer proposed and the seller signs.

    ``buyers_signer`` is the mailbox that signed for the buyer: it must not be the seller's by now either.
    """
    rules.check_signatory(buyers_signer, sellers=sellers_mailboxes(contract))
    if team(contract.buyer_id).filter(user_id=actor.user_id or 0).exists():
        raise NotAllowed("You also belong to the buyer. Somebody else of the seller has to sign.")


def check_not_sellers(contract: Contract, *, mailbox: str, user_id: int, field: str) -> None:
    """Refuse to let somebody decide for the buyer who belongs to the seller, or whose mailbox does."""
    rules.check_signatory(mailbox, sellers=house_mailboxes(contract.seller), field=field)
    if team(contract.seller_id).filter(user_id=user_id).exists():
        raise Refused("This colleague also belongs to the seller. Choose somebody else.", field=field)


def check_limit(version: ContractVersion, *, limit: Decimal | None) -> None:
    """Refuse a signature above the person's limit, which is in the buyer's currency.

    The price, net of tax, is what a signature commits the buyer to. A limit in another currency permits nothing.
    """
    if limit is None:
        return
    contract = version.contract
    price, reach = Money(version.price, version.currency), Money(limit, contract.buyer.currency)
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


def decides_by_link(contract: Contract) -> bool:
    """Whether the buyer's signatory acts by personal link: until the buyer has an owner here, who says who decides."""
    return not owners_of(contract.buyer_id).exists()


@dataclass(frozen=True, slots=True)
class _Standing:
    """Who a person is with regard to one contract.

    ``membership`` is the one in the buyer's team (``ended_at``, ``roles``, ``limit``), held until the end of the
    transaction so that nobody removes it meanwhile; ``sellers`` are the mailboxes of the seller and its people.
    """

    grant: GuestGrant | None
    membership: dict[str, Any] | None
    sellers: set[str]
    is_sellers: bool
    buyer_has_owner: bool


def ask_for_standing(contract: Contract, *, actor: Actor) -> None:
    """Ask ahead for what :func:`buyer_authority` has to know of a person."""
    read, known = _about(contract, actor=actor)
    in_flight.ahead(read, **known)


def _about(contract: Contract, *, actor: Actor) -> tuple[Read[Any], dict[str, Any]]:
    sides = {"contract_id": contract.pk, "seller_id": contract.seller_id, "buyer_id": contract.buyer_id}
    known = {**sides, "user_id": actor.user_id or 0}
    if actor.kind is not ActorKind.GUEST:
        return _standing_of_member, known
    by_link = {"grant_id": actor.grant_id or 0, "mailbox": actor.email, "lower": actor.email.lower()}
    return _standing_of_guest, {**known, **by_link, "since": strangers_since(contract)}


def _standing(contract: Contract, *, actor: Actor) -> _Standing:
    """All of it in one query: it is asked before every signature and every sign-off."""
    read, known = _about(contract, actor=actor)
    found: GuestGrant | Contract | None = in_flight.first(read, **known)
    if found is None:
        raise NotAllowed("This link is for something else.")
    answers = vars(found)
    mailboxes = (*answers["first"], *answers["others"], contract.seller.email)
    return _Standing(
        grant=found if isinstance(found, GuestGrant) else None,
        membership=answers["membership"],
        sellers={mailbox.lower() for mailbox in mailboxes if mailbox},
        is_sellers=answers["is_sellers"],
        buyer_has_owner=answers["buyer_has_owner"],
    )


@Read
def _standing_of_member() -> "QuerySet[Contract, Contract]":
    contracts = Contract.objects.filter(pk=Argument("contract_id")).only("pk")
    person = Q(user_id=Argument("user_id"))
    return contracts.annotate(**_asked_of(person, sellers=team(Argument("seller_id"))))


@Read
def _standing_of_guest() -> "QuerySet[GuestGrant, GuestGrant]":
    grants = GuestGrant.objects.filter(pk=Argument("grant_id"), contract=Argument("contract_id"))
    lately = people_of(Argument("seller_id"), since=Argument("since"))
    sellers = lately.filter(Q(ended_at__isnull=True) | ~Exists(owners_of(Argument("buyer_id"))))
    return grants.annotate(**_asked_of(_reads(Argument("mailbox"), lower=Argument("lower")), sellers=sellers))


def _asked_of(person: Q, *, sellers: MembershipQuerySet) -> dict[str, Any]:
    """What is asked about a person with these memberships, and about mailboxes of these people of the seller.

    Of a member the owner of the buyer says who it is: only who belongs to the seller now is none. Of a guest nobody
    says it but the seller who named it, so who left the seller lately is none either.
    """
    seller_id, buyer_id = Argument("seller_id"), Argument("buyer_id")
    first, others = mailboxes_of(sellers)
    return {
        "first": ArraySubquery(first.values("email")),
        "others": ArraySubquery(others.values("email")),
        "is_sellers": Exists(team(seller_id).filter(user_id=Argument("user_id"))),
        "buyer_has_owner": Exists(owners_of(buyer_id)),
        "membership": _Held(_newest_membership(person, organisation_id=buyer_id), output_field=JSONField()),
    }


def _refuse_sellers_people(standing: _Standing, *, actor: Actor) -> None:
    rules.check_signatory(actor.email, sellers=standing.sellers)
    if standing.is_sellers:
        raise NotAllowed("You also belong to the seller. Somebody else of the buyer has to decide.")


class _Held(Subquery):
    """Rows that nobody changes before the end of the transaction.

    FOR SHARE and not FOR UPDATE: whoever ends a membership or takes a role away waits for the decisions that rest on
    it, and they for him; but two decisions of one person, on two contracts, do not wait for each other.
    """

    template = "(%(subquery)s FOR SHARE)"


def _newest_membership(person: Q, *, organisation_id: Argument) -> "QuerySet[Any, Any]":
    """The live or else the newest membership of a person in a team."""
    people = Membership.objects.filter(person, organisation_id=organisation_id)
    newest = people.order_by(F("ended_at").desc(nulls_first=True), "-id")
    # The limit as text, because a number in JSON would come back as a float.
    limit = Cast("approval_limit", TextField())
    return newest.values(json=JSONObject(ended_at="ended_at", roles="roles", limit=limit))[:1]


def _reads(mailbox: str | Argument, *, lower: str | Argument) -> Q:
    """Memberships of people known by a mailbox, or who proved to read it. No join: what is joined would be held too."""
    known = User.objects.filter(email=lower)
    proved = EmailAddress.objects.filter(email__iexact=mailbox, verified=True)
    return Q(user__in=known.values("pk")) | Q(user__in=proved.values("user"))


def _require_link(
    grant: GuestGrant | None,
    *,
    actor: Actor,
    version: ContractVersion | None,
    whats: Collection[tuple[str, str] | None],
    at: datetime,
) -> None:
    if version is None or grant is None or (grant.purpose, grant.subject_ref) not in whats:
        raise NotAllowed("This link is for something else.")
    if grant.used_at is not None:
        raise NotAllowed("This link has been used. It works once.")
    if grant.revoked_at is not None:
        raise NotAllowed("This link is no longer valid.")
    if grant.expires_at <= at:
        raise NotAllowed("This link has expired. Ask for a new one; it goes to the same mailbox.")
    if not (grant.email == actor.email and grant.signatory == version.signatory_email):
        raise NotAllowed("The signed contract names somebody else.")

"""The people of an organisation and their mailboxes, as both sides of a contract are kept apart by them."""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import QuerySet

from apps.contracts.models import Contract
from apps.core.database.kept import Argument
from apps.parties.models import Membership, Organisation, User
from apps.parties.models.membership import LEFT_LATELY, MembershipQuerySet
from apps.parties.roles import Role


def house_mailboxes(house: Organisation, *, since: datetime | None = None) -> set[str]:
    """Every mailbox known of an organisation and of its members, verified or not; of those too who left ``since``."""
    people = people_of(house.pk, since=since) if since is not None else team(house.pk)
    first, others = (mailboxes.values_list("email", flat=True) for mailboxes in mailboxes_of(people))
    return {mailbox.lower() for mailbox in (*first, *others, house.email) if mailbox}


def sellers_mailboxes(contract: Contract) -> set[str]:
    """What nobody may have who decides for the buyer: the mailboxes of the seller.

    Of a guest nobody but the seller says who it is. So those of who left the seller not long before the contract began,
    or since, count too: one of its people could leave, sign off from a mailbox of a provider that anybody can use, and
    come back. Once the buyer has an owner here, that one says who decides.
    """
    if owners_of(contract.buyer_id).exists():
        return house_mailboxes(contract.seller)
    return house_mailboxes(contract.seller, since=strangers_since(contract))


def strangers_since(contract: Contract) -> datetime:
    """Who left a side before is a stranger to it."""
    return contract.created_at - LEFT_LATELY


def team(organisation_id: int | Argument) -> MembershipQuerySet:
    return Membership.objects.live().filter(organisation_id=organisation_id)


def people_of(organisation_id: int | Argument, *, since: datetime | Argument) -> MembershipQuerySet:
    """Its team, and who left it since."""
    return Membership.objects.live_since(since).filter(organisation_id=organisation_id)


def owners_of(organisation_id: int | Argument) -> MembershipQuerySet:
    return team(organisation_id).filter(roles__contains=[Role.OWNER])


def mailboxes_of(members: MembershipQuerySet) -> "tuple[QuerySet[User], QuerySet[Any]]":
    """The mailboxes of members: that of their account, and others that they added."""
    people = members.values("user")
    return User.objects.filter(pk__in=people), EmailAddress.objects.filter(user__in=people)

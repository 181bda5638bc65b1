"""Who is missing at the buyer for the steps that a contract asks for."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db import transaction

from apps.contracts import rules
from apps.contracts.drafts import LineTerms
from apps.contracts.models import ContractVersion
from apps.contracts.rules.people_needed import Asked, Missing, Person
from apps.core.database import walls
from apps.parties.models import Membership
from apps.parties.roles import PERMITTED, Action, Role


def missing_people(
    version: ContractVersion,
    *,
    milestones: Iterable[tuple[Decimal, LineTerms]],
    price: Decimal | None = None,
    documents: Sequence[str] = (),
) -> list[Missing]:
    """What nobody of the buyer can do of what this version asks for, for milestones of these net amounts, each with its
    own terms; and for the signature, where a ``price`` is to be signed. ``documents`` are those that come before
    payment.

    Of the buyer's team nothing else is told. While its organisation has no owner, the person whom the version names
    signs and accepts by personal link, and inspects and confirms nothing.
    """
    return rules.missing(
        _people(version),
        asked=[_asked(amount, rules.Agreed(version, own)) for amount, own in milestones],
        price=price,
        has_documents=bool(documents),
    )


def _asked(amount: Decimal, agreed: rules.Agreed) -> Asked:
    return Asked(amount, 2 if agreed.needs_second(amount) else 1, needs_inspection=agreed.needs_inspection)


def _people(version: ContractVersion) -> list[Person]:
    buyer = version.contract.buyer
    with transaction.atomic():
        walls.widen(buyer.pk)
        team = list(Membership.objects.live().filter(organisation=buyer).values_list("roles", "approval_limit"))
    people = []
    for roles, limit in team:
        held = set(roles)
        reach = limit
        if limit is not None and buyer.currency != version.currency:
            reach = Decimal(0)  # a limit in another currency permits nothing
        people.append(
            Person(
                signs=not held.isdisjoint(PERMITTED[Action.SIGN_CONTRACT]),
                inspects=not held.isdisjoint(PERMITTED[Action.INSPECT_MILESTONE]),
                accepts=not held.isdisjoint(PERMITTED[Action.DECIDE_MILESTONE]),
                limit=reach,
                confirms=not held.isdisjoint(PERMITTED[Action.CONFIRM_DOCUMENT]),
            )
        )
    if not any(Role.OWNER in roles for roles, _limit in team):
        people.append(Person(signs=True, inspects=False, accepts=True, confirms=False))
    return people

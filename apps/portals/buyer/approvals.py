"""Who of the buyer may sign off what: the roles and limits of its team, and what its contracts ask for beyond them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.contracts.models import Contract, PlanLine
from apps.parties.actor import Actor
from apps.parties.models import Membership
from apps.parties.roles import PERMITTED, Action
from apps.portals import formats

SHOWN: Final = 5
"""Contracts with rules of their own; each contract says its own."""
PEOPLE: Final = 10
"""Members with something to decide; the team's page has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """A member, what the roles permit, and up to which amount of the organisation's currency; None is any amount."""

    name: str
    may: str
    limit: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """The rules as they hold now. ``more`` where the team has further members who decide."""

    people: Sequence[Approver]
    has_more_people: bool
    contracts: Sequence[tuple[str, str, str]]
    """Number and address of a contract, and what it asks for."""
    has_more_contracts: bool


def rules_of(actor: Actor) -> Approvals:
    """In two queries, whatever the size of the team and the number of contracts."""
    deciding = {
        Action.DECIDE_MILESTONE: _("sign off milestones"),
        Action.SIGN_CONTRACT: _("sign contracts"),
        Action.INSPECT_MILESTONE: _("inspect"),
    }
    roles = sorted({str(role) for action in deciding for role in PERMITTED[action]})
    team = Membership.objects.visible_to(actor).live().filter(roles__overlap=roles).select_related("user")
    members = list(team.order_by("id")[: PEOPLE + 1])
    own = PlanLine.objects.filter(version=OuterRef("active_version"))
    inspects, twice = Exists(own.filter(needs_inspection=True)), Exists(own.filter(two_acceptors=True))
    asking = (
        Contract.objects.of_buyer(actor)
        .filter(state="active")
        .annotate(some_inspected=inspects, some_twice=twice)
        .filter(
            Q(active_version__needs_inspection=True)
            | Q(active_version__second_acceptor_above__isnull=False)
            | Q(some_inspected=True)
            | Q(some_twice=True)
        )
    )
    contracts = list(asking.select_related("active_version").order_by("-pk")[: SHOWN + 1])
    return Approvals(
        people=[
            Approver(
                name=str(member.user),
                may=", ".join(
                    words for action, words in deciding.items() if not PERMITTED[action].isdisjoint(member.roles)
                ),
                limit=member.approval_limit,
            )
            for member in members[:PEOPLE]
        ],
        has_more_people=len(members) > PEOPLE,
        contracts=[
            (contract.number, reverse("buyer:contract", args=[contract.ref]), _asked(contract))
            for contract in contracts[:SHOWN]
        ],
        has_more_contracts=len(contracts) > SHOWN,
    )


def _asked(contract: Contract) -> str:
    """What a contract in force asks for beyond one approver whose limit suffices."""
    version, words = contract.active_version, []
    if version is None:
        return ""
    if version.needs_inspection:
        words.append(_("somebody inspects first, who does not accept"))
    elif vars(contract)["some_inspected"]:
        words.append(_("somebody inspects some milestones first, who does not accept them"))
    if version.second_acceptor_above is not None:
        above = formats.money(version.second_acceptor_above, version.currency)
        words.append(_("two people accept what is above %(amount)s") % {"amount": above})
    elif vars(contract)["some_twice"]:
        words.append(_("two people accept some milestones"))
    return "; ".join(words)

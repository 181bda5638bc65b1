"""What a change of the contract would make owed back of its advances: reckoned before anybody signs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from apps.contracts.models import Contract
from apps.core import money
from apps.financing.models import Tranche
from apps.financing.models.tranche import TrancheState
from apps.financing.rules import events
from apps.financing.rules.waterfall import Standing
from apps.financing.services import book
from apps.financing.services.following import BOUGHT
from apps.financing.services.record import day_of
from apps.invoicing.models import OpenItem
from apps.parties.actor import Actor


@dataclass(frozen=True, slots=True)
class Owed:
    """What the seller would owe back at once on one milestone, in the contract's currency; zero where its advance stays
    covered."""

    milestone_id: int
    milestone: str
    financier: str
    amount: Decimal


def owed_ahead(
    *,
    contract: Contract,
    actor: Actor,
    becomes: Mapping[int, Decimal],
    lowered: Mapping[int, Decimal],
    at: datetime,
) -> list[Owed]:
    """The advances on the milestones that a change touches, in the order of the plan, as if it were signed ``at`` now.

    ``becomes``: by milestone, what its invoice will come to, tax included, and zero where it is cancelled;
    ``lowered``: by milestone, how much less its invoice will be owed. It is what the signature of that day makes owed
    back, by the same rules; the seller's own records are enough for it, and nobody else has them.
    """
    tranches = (
        Tranche.objects.visible_to(actor)
        .filter(contract=contract, seller_id=actor.organisation_id)
        .filter(state__in=[TrancheState.FUNDED_PRE, *BOUGHT], milestone__in=[*becomes, *lowered])
        .select_related("milestone", "financier", "line")
        .order_by("milestone__position", "milestone__part")
    )
    open_ = dict(
        OpenItem.objects.filter(invoice__milestone__in=lowered).values_list("invoice__milestone_id", "open")
        if lowered
        else ()
    )
    return [
        Owed(
            tranche.milestone_id,
            tranche.milestone.title,
            tranche.financier.legal_name,
            _before_acceptance(tranche, total=becomes[tranche.milestone_id], at=at)
            if tranche.milestone_id in becomes
            else _of_an_invoice(tranche, open_=open_[tranche.milestone_id], by=lowered[tranche.milestone_id], at=at),
        )
        for tranche in tranches
    ]


def _before_acceptance(tranche: Tranche, *, total: Decimal, at: datetime) -> Decimal:
    moves = events.owed_by_change(
        _standing(tranche, receivable=None, at=at),
        total=total,
        face=tranche.face,
        rate=tranche.line.advance_rate,
        currency=tranche.currency,
    )
    return moves.recourse if moves is not None else money.ZERO


def _of_an_invoice(tranche: Tranche, *, open_: Decimal, by: Decimal, at: datetime) -> Decimal:
    standing = _standing(tranche, receivable=open_, at=at)
    return events.dilute(standing, amount=by, currency=tranche.currency).recourse if by else money.ZERO


def _standing(tranche: Tranche, *, receivable: Decimal | None, at: datetime) -> Standing:
    """What stands for an advance, by what its seller may read of it: the financier's book says the same.

    Of a bought invoice the financier's receivable is what is open of it, and its reserve what of that is not advanced.
    """
    is_before = receivable is None
    before = Standing(
        receivable=receivable or money.ZERO,
        reserve=money.ZERO if receivable is None else receivable - tranche.outstanding,
        unearned_discount=money.ZERO,
        unearned_fee=money.ZERO,
        advance=tranche.outstanding if is_before else money.ZERO,
    )
    if tranche.funded_on is None:
        raise LookupError(f"advance {tranche.ref} is not paid out")
    last = day_of(tranche.financier, at=tranche.defaulted_at or at)
    return book.unearned_after(tranche, before=before, day=(last - tranche.funded_on).days)

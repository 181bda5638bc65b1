"""What is looked at before an offer goes out, what stands in its way, and what a second person waived of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q, Sum

from apps.core import money
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.percent import Percent
from apps.financing.models import (
    Adjustment,
    Assignment,
    CheckWaiver,
    ExposureLimit,
    FundingRequest,
    Offer,
    Repayment,
    RequestItem,
)
from apps.financing.models.exposure import Side
from apps.financing.models.offer import OfferState, Stage
from apps.financing.models.waiver import WAIVABLE, Check
from apps.financing.rules.price import HUNDRED
from apps.financing.rules.watch import is_concentrated
from apps.financing.services.eligibility import eligible_amount, items_of, stage_of
from apps.financing.services.facilities import headroom
from apps.financing.services.locks import lock_offer
from apps.financing.services.record import day_of, person, reason_given, record_for_the_financier
from apps.financing.services.verification import unconfirmed_signatory, verification_of
from apps.invoicing import services as invoicing
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import MilestoneState
from apps.parties import services as parties
from apps.parties.actor import Actor
from apps.parties.roles import Action

REPURCHASE_DAYS = 45
"""Within so many days a seller pays back what it owes on an advance; after them it is in default."""
BEFORE_PAYOUT = (Check.BUYER,)
"""Not asked of an offer, but before anything is paid out on it: Postgres refuses a payout without it."""
DONE = (MilestoneState.ACCEPTED, MilestoneState.NULLIFIED, MilestoneState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what stands in the way, or None where it is met; and who waived that, if anybody did."""

    check: Check
    obstacle: Refused | None
    waiver: CheckWaiver | None = None

    @property
    def is_waivable(self) -> bool:
        return self.check in WAIVABLE

    @property
    def stops(self) -> bool:
        """Whether the offer cannot go out because of it."""
        return self.obstacle is not None and self.waiver is None and self.check not in BEFORE_PAYOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is checked: what a request asks for, and the advance that is thought of."""

    request: FundingRequest
    items: Sequence[RequestItem]
    advance: Decimal
    days: dict[int, int]
    """The days charged by milestone, where a price is made."""
    at: datetime


def checks_of_offer(offer: Offer, *, at: datetime) -> list[Finding]:
    """All checks of a price that was made, with what was waived of them."""
    lines = list(offer.lines.values_list("milestone_id", "days"))
    return findings(
        Asked(
            request=offer.request,
            items=items_of(offer.request),
            advance=offer.gross,
            days=dict(lines),
            at=at,
        ),
        waivers=list(CheckWaiver.objects.filter(offer=offer).select_related("waived_by")),
    )


def findings(asked: Asked, *, waivers: Sequence[CheckWaiver] = ()) -> list[Finding]:
    """Every check in its order."""
    by_check = {waiver.checked: waiver for waiver in waivers}
    found = []
    for check, look in LOOKS.items():
        try:
            look(asked)
        except Refused as obstacle:
            found.append(Finding(check, obstacle, by_check.get(check)))
        else:
            found.append(Finding(check, None, by_check.get(check)))
    return found


def require_checks(offer: Offer, *, at: datetime) -> None:
    """Refuse to let an offer go out while a check stands in its way that nobody waived. The caller holds the offer."""
    for finding in checks_of_offer(offer, at=at):
        if finding.stops and finding.obstacle is not None:
            if finding.is_waivable:
                raise Refused(
                    "Waive this check with a reason first, or revoke the offer: {finding}", finding=finding.obstacle
                )
            raise finding.obstacle


def waive_check(*, offer_ref: str, actor: Actor, check: str, reason: str, at: datetime) -> CheckWaiver:
    """Let an offer go out although a check is not met: another person than the one who priced it, with a reason."""
    offer = lock_offer(offer_ref=offer_ref)
    actor.require(Action.WAIVE_CHECK, organisation_id=offer.financier_id)
    if offer.created_by_id == actor.user_id:
        raise NotAllowed("You priced this offer, so a second person has to waive its checks.")
    if offer.state != OfferState.DRAFT:
        raise IllegalTransition("Only what waits for approval is looked at. This offer does not any more.")
    found = {str(finding.check): finding for finding in checks_of_offer(offer, at=at)}.get(check)
    if found is None or not found.is_waivable:
        raise Refused("This check cannot be waived.", field="check")
    if found.waiver is not None or found.obstacle is None:
        raise Refused("Nothing stands in the way here: it is met, or waived already.", field="check")
    waiver = CheckWaiver.objects.create(
        offer=offer,
        financier_id=offer.financier_id,
        checked=found.check,
        finding=str(found.obstacle)[:400],
        reason=reason_given(reason),
        priced_by_id=offer.created_by_id,
        waived_by_id=person(actor),
        waived_at=at,
    )
    record_for_the_financier(
        offer.request.contract,
        financier_id=offer.financier_id,
        verb="check.waived",
        subject=f"offer:{offer.ref}",
        actor=actor,
        at=at,
        check=str(found.check),
        finding=waiver.finding,
        reason=waiver.reason,
    )
    return waiver


def _signed(asked: Asked) -> None:
    version = asked.request.contract.active_version
    if version is None:
        raise Refused("The contract is not signed by both sides.")
    if not version.is_assignable:
        raise Refused("The contract says that its receivables may not be assigned.")


def _eligible(asked: Asked) -> None:
    for item in asked.items:
        eligible_amount(item.milestone, face=item.face, at=asked.at)


def _tenor(asked: Asked) -> None:
    most = asked.request.facility.pre_longest_days
    for item in asked.items:
        days = asked.days.get(item.milestone_id, 0)
        if stage_of(item.milestone) == Stage.PRE and days > most:
            raise Refused("Before acceptance nothing is advanced for more than {most} days under this facility.",
                          most=most)  # fmt: skip


def _undisputed(asked: Asked) -> None:
    disputed = invoicing.disputed_milestones(contract=asked.request.contract)
    for item in asked.items:
        if item.milestone.ref in disputed:
            raise Refused("“{milestone}” is in dispute between buyer and seller.", milestone=item.milestone.title)


def _unpledged(asked: Asked) -> None:
    pledged = Assignment.objects.filter(milestone__in=[item.milestone_id for item in asked.items], revoked_at=None)
    other = pledged.exclude(tranche__offer__request=asked.request).select_related("milestone").first()
    if other is not None:
        raise Refused("“{milestone}” is assigned already.", milestone=other.milestone.title)


def _account(asked: Asked) -> None:
    request = asked.request
    if parties.default_account(organisation_id=request.financier_id, currency=request.currency) is None:
        raise Refused(
            "Your organisation has no bank account in {currency} to which the buyer could pay. Add one first.",
            lacks="bank_account",
            currency=request.currency,
        )


def _room(asked: Asked) -> None:
    request, currency = asked.request, asked.request.currency
    if asked.advance > (left := headroom(request.facility)):
        raise Refused(
            "The advance is {advance}, and the facility has {left} left.",
            advance=money.Money(asked.advance, currency),
            left=money.Money(left, currency),
        )
    sides = Q(organisation=request.seller_id, side=Side.SELLER) | Q(
        organisation=request.contract.buyer_id, side=Side.BUYER
    )
    limited = ExposureLimit.objects.filter(sides, financier=request.financier_id, currency=currency)
    for row in limited.filter(limit__isnull=False).select_related("organisation"):
        left = max(money.ZERO, (row.limit or money.ZERO) - row.used - row.reserved)
        if asked.advance > left:
            raise Refused(
                "The advance is {advance}, and your limit for {name} has {left} left.",
                advance=money.Money(asked.advance, currency),
                name=row.organisation.legal_name,
                left=money.Money(left, currency),
            )


def _predecessors(asked: Asked) -> None:
    """Of a milestone that builds on those above it, each is accepted or financed with it."""
    within = {item.milestone_id for item in asked.items}
    cumulative = [
        item.milestone.position
        for item in asked.items
        if item.milestone.line.is_cumulative and stage_of(item.milestone) == Stage.PRE
    ]
    if not cumulative:
        return
    above = Milestone.objects.filter(contract=asked.request.contract_id, position__lt=max(cumulative))
    missing = above.exclude(state__in=DONE).exclude(pk__in=within).order_by("position", "part").first()
    if missing is not None:
        raise Refused("“{milestone}” comes first, and is neither accepted nor in this offer.", milestone=missing.title)


def _seller(asked: Asked) -> None:
    """What was charged back to the seller is paid back within the days of repurchase."""
    request = asked.request
    long_ago = day_of(request.financier, at=asked.at) - timedelta(days=REPURCHASE_DAYS)
    own = Q(
        tranche__financier=request.financier_id,
        tranche__seller=request.seller_id,
        tranche__currency=request.currency,
    )
    charged = Adjustment.objects.filter(own, booked_on__lt=long_ago).aggregate(sum=Sum("recourse"))["sum"] or money.ZERO
    paid = Repayment.objects.filter(own).aggregate(sum=Sum("amount"))["sum"] or money.ZERO
    if charged > paid:
        raise Refused(
            "{seller} has owed {owed} back on other advances for more than {days} days.",
            seller=request.seller.legal_name,
            owed=money.Money(charged - paid, request.currency),
            days=REPURCHASE_DAYS,
        )


def _concentration(asked: Asked) -> None:
    request, rate = asked.request, asked.request.facility.concentration_rate
    if rate >= HUNDRED:
        return
    book = ExposureLimit.objects.filter(financier=request.financier_id, currency=request.currency, side=Side.BUYER)
    counted = F("used") + F("reserved")
    sums = book.aggregate(all=Sum(counted), own=Sum(counted, filter=Q(organisation=request.contract.buyer_id)))
    own = (sums["own"] or money.ZERO) + asked.advance
    whole = (sums["all"] or money.ZERO) + asked.advance
    if is_concentrated(part=own, whole=whole, rate=rate):
        raise Refused(
            "{buyer} would owe {share} of your book, and at most {most} is agreed.",
            buyer=request.contract.buyer.legal_name,
            share=Percent(round(own * HUNDRED / whole, 1)),
            most=Percent(rate),
        )


def _buyer(asked: Asked) -> None:
    request = asked.request
    found = verification_of(financier_id=request.financier_id, buyer_id=request.contract.buyer_id)
    if found is None:
        raise Refused("The buyer is not verified. Nothing is paid out before that.")
    if mailbox := unconfirmed_signatory(found, contract=request.contract):
        raise Refused("Nobody has confirmed that {mailbox} signs off for the buyer.", mailbox=mailbox)


LOOKS: dict[Check, Callable[[Asked], None]] = {
    Check.SIGNED: _signed,
    Check.ELIGIBLE: _eligible,
    Check.TENOR: _tenor,
    Check.UNDISPUTED: _undisputed,
    Check.UNPLEDGED: _unpledged,
    Check.ACCOUNT: _account,
    Check.ROOM: _room,
    Check.PREDECESSORS: _predecessors,
    Check.SELLER: _seller,
    Check.CONCENTRATION: _concentration,
    Check.BUYER: _buyer,
}
"""How each check looks: it refuses with what stands in the way."""

"""What waits for the financier, as rows: each queue is a filter of its list, and the dashboard counts the same rows."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Greatest

from apps.financing.models import (
    Adjustment,
    Alert,
    Assignment,
    BuyerVerification,
    Collection,
    FundingRequest,
    Offer,
    PaymentOrder,
    Repayment,
    ReservePayout,
    Tranche,
)
from apps.financing.models.offer import OfferState
from apps.financing.models.request import RequestState
from apps.financing.models.tranche import TrancheQuerySet, TrancheState
from apps.milestones.models import Decision, Nullification
from apps.milestones.models.milestone import MilestoneState
from apps.parties.actor import Actor
from apps.portals.financier.disputed import in_dispute

MONEY: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=18, decimal_places=3)
NOTHING = Value(Decimal(0), output_field=MONEY)


def to_price(actor: Actor) -> QuerySet[FundingRequest]:
    """Asked for, and no price made yet."""
    live = Offer.objects.live().filter(request=OuterRef("pk"))
    asked = FundingRequest.objects.visible_to(actor).filter(financier_id=actor.organisation_id)
    return asked.filter(~Exists(live), state=RequestState.SUBMITTED)


def to_verify(actor: Actor) -> QuerySet[Any]:
    """Accepted by sellers, and buyer or signatory are not verified: nothing of it can be paid out."""
    return _book(actor).filter(~Exists(BuyerVerification.objects.covering()), state=TrancheState.ACCEPTED)


def to_approve(actor: Actor) -> QuerySet[Offer]:
    """Priced by one person, and waiting for a second."""
    return Offer.objects.visible_to(actor).filter(financier_id=actor.organisation_id, state=OfferState.DRAFT)


def to_notify(actor: Actor) -> QuerySet[Assignment]:
    """The buyer was told and has not answered, and the advance waits for it."""
    told = Assignment.objects.visible_to(actor).filter(financier_id=actor.organisation_id)
    return told.filter(tranche__state=TrancheState.ACCEPTED, acknowledged_at=None, waived_at=None)


def to_fund(actor: Actor) -> TrancheQuerySet:
    """Accepted by the seller, the buyer verified and told: nothing stands in the way of paying out."""
    verified = BuyerVerification.objects.covering()
    notified = Q(assignment__acknowledged_at__isnull=False) | Q(assignment__waived_at__isnull=False)
    ready = _book(actor).filter(notified, Exists(verified), state=TrancheState.ACCEPTED)
    return ready.exclude(milestone__state=MilestoneState.CHANGES_REQUESTED).exclude(in_dispute())


def sent_back(actor: Actor) -> TrancheQuerySet:
    """Promised or paid out on a milestone for which the buyer asked for changes, or of which an acceptance was
    withdrawn: ``asked_at`` is when, or when the part before it was accepted where it is what that left."""
    decided = Decision.objects.filter(
        submission__milestone__contract=OuterRef("milestone__contract"),
        submission__milestone__position=OuterRef("milestone__position"),
        submission__milestone__part__lte=OuterRef("milestone__part"),
    )
    withdrawn = Nullification.objects.filter(rest=OuterRef("milestone"))
    return (
        _book(actor)
        .sent_back()
        .annotate(
            asked_at=Greatest(
                Subquery(decided.order_by("-decided_at").values("decided_at")[:1]),
                Subquery(withdrawn.values("answered_at")[:1]),
            )
        )
    )


def to_collect(actor: Actor, *, today: date) -> TrancheQuerySet:
    """Bought, and the buyer's payment is expected by now."""
    return _book(actor).outstanding().exclude(state=TrancheState.FUNDED_PRE).filter(expected_on__lte=today)


def overdue(actor: Actor, *, today: date) -> TrancheQuerySet:
    """Paid out, and the buyer's payment was expected before today, accepted or not."""
    return _book(actor).outstanding().filter(expected_on__lt=today)


def owed_back(actor: Actor) -> QuerySet[Any]:
    """The seller owes something back on it."""
    charged = Adjustment.objects.filter(tranche=OuterRef("pk")).order_by().values("tranche")
    paid = Repayment.objects.filter(tranche=OuterRef("pk")).order_by().values("tranche")
    owing = _book(actor).annotate(
        owed_back=Coalesce(Subquery(charged.annotate(sum=Sum("recourse")).values("sum")), NOTHING)
        - Coalesce(Subquery(paid.annotate(sum=Sum("amount")).values("sum")), NOTHING)
    )
    return owing.filter(owed_back__gt=0)


def alerts(actor: Actor) -> QuerySet[Alert]:
    """What somebody has to look at and is not over."""
    return Alert.objects.visible_to(actor).live()


def to_pay_reserve(actor: Actor) -> QuerySet[Any]:
    """Released to the seller, and not paid out."""
    return with_reserve_due(_book(actor)).filter(reserve_due__gt=0)


def orders_open(actor: Actor) -> QuerySet[PaymentOrder]:
    """Payment orders that wait for somebody: a second person, the bank, or its answer."""
    return PaymentOrder.objects.visible_to(actor).filter(state__in=["draft", "approved", "handed_out"])


def with_reserve_due(tranches: QuerySet[Any]) -> QuerySet[Any]:
    """Each with ``reserve_due``: what collections released to the seller less what was paid."""
    released = Collection.objects.filter(tranche=OuterRef("pk")).order_by().values("tranche")
    paid = ReservePayout.objects.filter(tranche=OuterRef("pk")).order_by().values("tranche")
    found: QuerySet[Any] = tranches.annotate(
        reserve_due=Coalesce(Subquery(released.annotate(sum=Sum(F("to_seller") + F("rebate"))).values("sum")), NOTHING)
        - Coalesce(Subquery(paid.annotate(sum=Sum("amount")).values("sum")), NOTHING)
    )
    return found


def _book(actor: Actor) -> TrancheQuerySet:
    return TrancheQuerySet(Tranche).visible_to(actor).filter(financier_id=actor.organisation_id)

"""Money that goes back to the payer because it settles nothing."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.core.states import table
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class RefundState(models.TextChoices):
    ASKED = "asked", _("Waits for a second person")
    APPROVED = "approved", _("To be paid out")
    PAID = "paid", _("Paid back")
    RETURNED = "returned", _("Came back")
    WITHDRAWN = "withdrawn", _("Withdrawn")


STEPS = table(
    asked=("approved", "withdrawn"),
    approved=("paid", "withdrawn"),
    paid=("returned",),
    returned=(),
    withdrawn=(),
)
UNDER_WAY: Final = (RefundState.ASKED, RefundState.APPROVED)
HOLDS: Final = (*UNDER_WAY, RefundState.PAID)
"""The states in which its money settles nothing else."""
HELD: Final = (
    "(SELECT coalesce(sum(r.amount), 0) FROM invoicing_refund r"
    " WHERE r.payment_id = {payment} AND r.state IN ('asked', 'approved', 'paid'))"
)
"""What of a payment is paid back or about to be; SQL over the id of the payment."""
SPENT: Final = (
    "IF (SELECT coalesce(sum(a.amount), 0) FROM invoicing_allocation a WHERE a.payment_id = NEW.payment_id)"
    f" + {HELD.format(payment='NEW.payment_id')}"
    " > (SELECT p.amount FROM invoicing_payment p WHERE p.id = NEW.payment_id)"
    " THEN RAISE EXCEPTION 'more of payment % is settled or paid back than was paid', NEW.payment_id"
    " USING ERRCODE = 'check_violation'; END IF;"
)


class RefundQuerySet(models.QuerySet["Refund"]):
    def visible_to(self, actor: Actor) -> "RefundQuerySet":
        """The seller's own; of those of others what the organisation was paid back. A guest sees none."""
        if actor.contract_id is not None:
            return self.none()
        told = Q(buyer_id=actor.organisation_id, state__in=(RefundState.PAID, RefundState.RETURNED))
        return self.filter(Q(seller_id=actor.organisation_id) | told)

    def under_way(self) -> "RefundQuerySet":
        """Asked for or approved, and not paid out yet."""
        return self.filter(state__in=UNDER_WAY)

    def holding(self) -> "RefundQuerySet":
        """Those whose money can settle nothing else: under way, or paid back."""
        return self.filter(state__in=HOLDS)


class Refund(models.Model):
    """A part of a payment that settles nothing and goes back to its payer: asked for, approved, paid out.

    From the moment in which it is asked for its money settles nothing else. ``needs_second`` says that whoever asked
    has a limit below it, so somebody else approved. A transfer that the bank sends back is ``returned``: the money is
    unapplied again, and may be asked back anew. ``paid_on`` and ``ended_on`` are days of the seller.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    payment = models.ForeignKey("invoicing.Payment", models.PROTECT, related_name="refunds")
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=400)
    needs_second = models.BooleanField()
    state = models.CharField(max_length=10, choices=RefundState.choices, default=RefundState.ASKED)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_by_name = models.CharField(max_length=160)
    asked_at = models.DateTimeField()
    approved_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True)
    approved_by_name = models.CharField(max_length=160, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    paid_on = models.DateField(_("paid back on"), null=True, blank=True)
    bank_reference = models.CharField(_("bank reference"), max_length=60, blank=True)
    paid_by_name = models.CharField(max_length=160, blank=True)
    recorded_at = models.DateTimeField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    ended_by_name = models.CharField(max_length=160, blank=True)
    ended_reason = models.CharField(max_length=400, blank=True)

    objects = RefundQuerySet.as_manager()
    wall = walls.Wall(
        f"seller_id = ANY ({walls.OWN}) OR (buyer_id = ANY ({walls.OWN}) AND state IN ('paid', 'returned'))",
        writes=f"seller_id = ANY ({walls.OWN})",
        may=("SELECT", "INSERT", "UPDATE"),
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0) & ~Q(reason=""), name="refund_of_something_for_a_reason"),
            models.UniqueConstraint(
                "payment", condition=Q(state__in=["asked", "approved"]), name="one_refund_under_way_per_payment"
            ),
            models.UniqueConstraint(
                "seller", "bank_reference", condition=Q(state="paid"), name="refund_of_a_bank_line_once"
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True, approved_by__isnull=True, approved_by_name="")
                | (Q(approved_at__isnull=False, approved_by__isnull=False) & ~Q(approved_by_name="")),
                name="refund_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(needs_second=False) | Q(approved_by__isnull=True) | ~Q(approved_by=F("asked_by")),
                name="refund_approved_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(state="asked", needs_second=True, approved_at__isnull=True)
                | Q(state="withdrawn")
                | (Q(state__in=["approved", "paid", "returned"], approved_at__isnull=False)),
                name="refund_approved_before_it_is_paid",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state__in=["paid", "returned"], paid_on__isnull=False, recorded_at__isnull=False)
                    & ~Q(bank_reference="")
                    & ~Q(paid_by_name="")
                )
                | (
                    ~Q(state__in=["paid", "returned"])
                    & Q(paid_on__isnull=True, recorded_at__isnull=True, bank_reference="", paid_by_name="")
                ),
                name="refund_paid_with_a_bank_reference",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state__in=["withdrawn", "returned"], ended_on__isnull=False)
                    & ~Q(ended_reason="")
                    & ~Q(ended_by_name="")
                )
                | (
                    ~Q(state__in=["withdrawn", "returned"])
                    & Q(ended_on__isnull=True, ended_reason="", ended_by_name="")
                ),
                name="refund_ended_by_somebody_for_a_reason",
            ),
        ]
        indexes = [
            models.Index("payment", name="refunds_of_payment"),
            models.Index(
                "seller", "id", condition=Q(state__in=["asked", "approved"]), name="refunds_under_way_of_seller"
            ),
        ]
        triggers = [
            guards.never_deleted(),
            guards.legal_steps(STEPS),
            guards.frozen_when(
                "TRUE",
                name="what_was_asked_is_frozen",
                allow=(
                    "state",
                    *("approved_by_id", "approved_by_name", "approved_at"),
                    *("paid_on", "bank_reference", "paid_by_name", "recorded_at"),
                    *("ended_on", "ended_by_name", "ended_reason"),
                ),
            ),
            guards.frozen_when(
                "OLD.approved_at IS NOT NULL",
                name="approved_once",
                allow=(
                    "state",
                    *("paid_on", "bank_reference", "paid_by_name", "recorded_at"),
                    *("ended_on", "ended_by_name", "ended_reason"),
                ),
            ),
            guards.frozen_when(
                "OLD.recorded_at IS NOT NULL",
                name="paid_once",
                allow=("state", "ended_on", "ended_by_name", "ended_reason"),
            ),
            guards.frozen_when("OLD.ended_on IS NOT NULL", name="ended_once"),
            guards.refused_when(
                "refunded_by_the_seller_that_was_paid",
                guards.INSERT,
                "NEW.state NOT IN ('asked', 'approved') OR NOT EXISTS (SELECT 1 FROM invoicing_payment p"
                " JOIN invoicing_allocation a ON a.payment_id = p.id JOIN invoicing_invoice i ON i.id = a.invoice_id"
                " WHERE p.id = NEW.payment_id AND i.seller_id = NEW.seller_id AND p.recipient_id = NEW.seller_id"
                " AND p.payer_id = NEW.buyer_id AND p.currency = NEW.currency)"
                " OR EXISTS (SELECT 1 FROM invoicing_paymentreversal r WHERE r.payment_id = NEW.payment_id)",
            ),
            guards.at_commit("refunded_at_most_what_settles_nothing", guards.INSERT_OR_UPDATE, SPENT),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} of {self.payment_id}"

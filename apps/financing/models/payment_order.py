from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.core.states import table
from apps.financing.models.tranche import Tranche
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class OrderState(models.TextChoices):
    DRAFT = "draft", _("Waiting for a second person")
    APPROVED = "approved", _("Approved")
    HANDED_OUT = "handed_out", _("File handed out")
    CLOSED = "closed", _("Done")
    DISCARDED = "discarded", _("Discarded")


class TransferState(models.TextChoices):
    WAITING = "waiting", _("Waiting for the bank")
    CONFIRMED = "confirmed", _("Left the account")
    RETURNED = "returned", _("Not carried out")


ORDER_STEPS = table(
    draft=("approved", "discarded"),
    approved=("handed_out", "discarded"),
    handed_out=("closed",),
    closed=(),
    discarded=(),
)
TRANSFER_STEPS = table(waiting=("confirmed", "returned"), confirmed=(), returned=())


class PaymentOrderQuerySet(models.QuerySet["PaymentOrder"]):
    def visible_to(self, actor: Actor) -> "PaymentOrderQuerySet":
        return self.filter(financier_id=actor.organisation_id)


class PaymentOrder(models.Model):
    """What treasury asks its bank to pay in one file: picked by one person, approved by a second, handed out once.

    ``message`` is the file (ISO 20022, pain.001), made when it is approved and never again; ``message_sha256`` is its
    hash. Who gets it claims it first, so that a bank is never given the same file twice.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = ORDER_STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(_("total"), max_digits=18, decimal_places=3)
    count = models.PositiveSmallIntegerField(_("payments"))
    execute_on = models.DateField(_("to be carried out on"))
    debtor = models.CharField(_("from"), max_length=160)
    debtor_iban = models.CharField(max_length=34)
    debtor_bic = models.CharField(max_length=11, blank=True)
    state = models.CharField(max_length=10, choices=OrderState.choices, default=OrderState.DRAFT)
    message = models.TextField(blank=True)
    message_sha256 = models.CharField(max_length=64, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    claimed_at = models.DateTimeField(null=True, blank=True)

    objects = PaymentOrderQuerySet.as_manager()
    wall = walls.by_organisation("financier_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("created_by")), name="paid_out_by_two"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "discarded"])
                | (Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(message="") & ~Q(message_sha256="")),
                name="file_of_an_approved_order",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["handed_out", "closed"], claimed_by__isnull=False, claimed_at__isnull=False)
                | (~Q(state__in=["handed_out", "closed"]) & Q(claimed_by__isnull=True, claimed_at__isnull=True)),
                name="file_claimed_before_it_is_handed_out",
            ),
            models.CheckConstraint(condition=Q(total__gt=0, count__gt=0), name="payment_order_of_something"),
        ]
        indexes = [models.Index(fields=["financier", "-id"], name="payment_orders_of_financier")]
        triggers = [
            guards.never_deleted(),
            guards.legal_steps(ORDER_STEPS),
            guards.refused_when("payment_order_starts_as_a_draft", guards.INSERT, "NEW.state <> 'draft'"),
            guards.frozen_when(
                "TRUE",
                name="what_is_ordered_frozen",
                allow=(
                    "state",
                    "message",
                    "message_sha256",
                    "approved_by_id",
                    "approved_at",
                    "claimed_by_id",
                    "claimed_at",
                ),
            ),
            guards.frozen_when(
                "OLD.approved_at IS NOT NULL",
                name="approved_file_frozen",
                allow=("state", "claimed_by_id", "claimed_at"),
            ),
            guards.frozen_when("OLD.claimed_at IS NOT NULL", name="file_handed_out_once", allow=("state",)),
            guards.refused_when(
                "file_carries_its_hash",
                guards.UPDATE,
                "NEW.message <> '' AND NEW.message_sha256 <> encode(sha256(convert_to(NEW.message, 'UTF8')), 'hex')",
            ),
            guards.at_commit(
                "payment_order_is_the_sum_of_its_payments",
                guards.INSERT,
                "IF (SELECT ROW(sum(i.amount), count(*)) FROM financing_orderedpayment i WHERE i.order_id = NEW.id)"
                " IS DISTINCT FROM ROW(NEW.total, NEW.count::bigint) THEN RAISE EXCEPTION 'order % is not the sum of"
                " its payments', NEW.ref USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "closed_when_every_payment_is_answered",
                guards.UPDATE,
                "IF NEW.state = 'closed' AND EXISTS (SELECT 1 FROM financing_orderedpayment i WHERE i.order_id = NEW.id"
                " AND i.state = 'waiting') THEN RAISE EXCEPTION 'order % waits for the bank still', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref} · {self.total} {self.currency}"


class OrderedPaymentQuerySet(models.QuerySet["OrderedPayment"]):
    def visible_to(self, actor: Actor) -> "OrderedPaymentQuerySet":
        return self.filter(order__in=PaymentOrder.objects.visible_to(actor))

    def live(self) -> "OrderedPaymentQuerySet":
        """Those that may still leave the account, or have: nothing else is ordered for the same."""
        return self.filter(is_live=True)


class OrderedPayment(models.Model):
    """One payment of an order: an advance, or a reserve that was released, to the account that the seller named.

    The account is kept as it was when it was picked: that is where the file sends the money. ``ref`` is its end-to-end
    identification. ``is_live`` falls when it is returned, or its order discarded; then it can be ordered anew.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = TRANSFER_STEPS

    class What(models.TextChoices):
        ADVANCE = "advance", _("Advance")
        RESERVE = "reserve", _("Reserve")

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    order = models.ForeignKey(PaymentOrder, models.PROTECT, related_name="payments")
    tranche = models.ForeignKey(Tranche, models.PROTECT, related_name="ordered")
    what = models.CharField(max_length=8, choices=What.choices)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    creditor = models.CharField(_("to"), max_length=160)
    creditor_iban = models.CharField(max_length=34)
    creditor_bic = models.CharField(max_length=11, blank=True)
    remittance = models.CharField(max_length=140)
    state = models.CharField(max_length=10, choices=TransferState.choices, default=TransferState.WAITING)
    is_live = models.BooleanField(default=True)
    answered_on = models.DateField(_("value date"), null=True, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    return_reason = models.CharField(_("reason"), max_length=400, blank=True)

    objects = OrderedPaymentQuerySet.as_manager()
    wall = walls.through("financing_paymentorder", "order_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            # A reserve can fall due again after it was paid; an advance cannot.
            models.UniqueConstraint(
                "tranche", "what", condition=Q(is_live=True, state="waiting"), name="ordered_once_at_a_time"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="ordered_amount_positive"),
            models.CheckConstraint(
                condition=Q(state="waiting", answered_by__isnull=True, answered_on__isnull=True, return_reason="")
                | Q(state="confirmed", answered_by__isnull=False, answered_on__isnull=False, return_reason="")
                | (Q(state="returned", answered_by__isnull=False, is_live=False) & ~Q(return_reason="")),
                name="ordered_payment_is_answered_whole",
            ),
        ]
        triggers = [
            guards.never_deleted(),
            guards.legal_steps(TRANSFER_STEPS),
            guards.frozen_when(
                "TRUE",
                name="ordered_frozen",
                allow=("state", "is_live", "answered_on", "answered_by_id", "return_reason"),
            ),
            guards.frozen_when("OLD.state <> 'waiting'", name="answered_once"),
            guards.refused_when(
                "answered_after_its_file_was_handed_out",
                guards.UPDATE,
                "NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM financing_paymentorder o"
                " WHERE o.id = NEW.order_id AND o.state = 'handed_out')",
            ),
            guards.refused_when(
                "ordered_of_the_advance",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_tranche t JOIN financing_paymentorder o ON o.id = NEW.order_id"
                " WHERE t.id = NEW.tranche_id AND t.financier_id = o.financier_id AND t.currency = o.currency"
                " AND (NEW.what <> 'advance' OR (t.state = 'accepted'"
                " AND t.gross - t.discount - t.fee = NEW.amount)))",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} to {self.creditor}"

from django.db import models
from django.db.models import Q

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.invoicing.models.payment import SIDES, Payment
from apps.invoicing.models.transaction import left_differs
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class PaymentReversalQuerySet(models.QuerySet["PaymentReversal"]):
    def visible_to(self, actor: Actor) -> "PaymentReversalQuerySet":
        return self.filter(payment__in=Payment.objects.visible_to(actor))


class PaymentReversal(models.Model):
    """A payment that the seller recorded by mistake is taken back: by whom, when and why. Once, and for good.

    Its allocations are undone by counter rows, so that every sum over allocations stays true.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    payment = models.OneToOneField(Payment, models.PROTECT, related_name="reversal")
    recipient = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    payer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=400)
    reversed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reversed_by_name = models.CharField(max_length=160)
    reversed_on = models.DateField()
    reversed_at = models.DateTimeField()

    objects = PaymentReversalQuerySet.as_manager()
    wall = walls.Wall(
        f"{SIDES} OR EXISTS (SELECT 1 FROM invoicing_payment paid WHERE paid.id = payment_id)",
        writes=SIDES,
        may=("SELECT", "INSERT"),
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="reversal_has_a_reason")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "reversed_between_the_parties_of_the_payment",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_payment p JOIN invoicing_allocation a ON a.payment_id = p.id"
                " WHERE p.id = NEW.payment_id AND p.recipient_id = NEW.recipient_id AND p.payer_id = NEW.payer_id)",
            ),
            guards.refused_when(
                "what_is_paid_back_is_not_reversed",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM invoicing_refund f WHERE f.payment_id = NEW.payment_id"
                " AND f.state IN ('asked', 'approved', 'paid'))",
            ),
            guards.at_commit(
                "reversal_undoes_every_allocation",
                guards.INSERT,
                "IF (SELECT coalesce(sum(a.amount), 0) FROM invoicing_allocation a"
                " WHERE a.payment_id = NEW.payment_id) <> 0"
                " THEN RAISE EXCEPTION 'payment % is reversed and still allocated', NEW.payment_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "reversal_leaves_its_transaction_again",
                guards.INSERT,
                left_differs(
                    "SELECT c.transaction_id FROM invoicing_cashapplication c WHERE c.payment_id = NEW.payment_id"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"reversal of {self.payment_id}"

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.invoicing.models.invoice import Invoice
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class PaymentQuerySet(models.QuerySet["Payment"]):
    def visible_to(self, actor: Actor) -> "PaymentQuerySet":
        """Payments that the organisation received or made; for a guest, those on invoices of the link's contract."""
        visible = self.filter(Q(recipient_id=actor.organisation_id) | Q(payer_id=actor.organisation_id))
        if actor.contract_id is not None:
            invoices = Invoice.objects.filter(contract_id=actor.contract_id)
            visible = visible.filter(pk__in=Allocation.objects.filter(invoice__in=invoices).values("payment_id"))
        return visible


SIDES = walls.by_organisation("recipient_id", "payer_id").sees


class Payment(models.Model):
    """Money that arrived: a bank fact of its recipient (the seller, or the financier to whom the invoice is assigned).

    ``bank_reference`` is unique per recipient: the same bank line recorded twice is refused.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    recipient = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    payer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    currency = models.CharField(max_length=3)
    received_on = models.DateField(_("received on"))
    bank_reference = models.CharField(_("bank reference"), max_length=60)
    recorded_at = models.DateTimeField()

    objects = PaymentQuerySet.as_manager()
    wall = walls.Wall(
        f"{SIDES} OR ({walls.CONTRACT} IS NOT NULL AND payer_id = ANY ({walls.ORGS}) AND id IN"
        " (SELECT part.payment_id FROM invoicing_allocation part JOIN invoicing_invoice billed"
        f" ON billed.id = part.invoice_id WHERE billed.contract_id = {walls.CONTRACT}))",
        writes=SIDES,
        may=("SELECT", "INSERT"),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint("recipient", "bank_reference", name="bank_reference_once_per_recipient"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive"),
            models.CheckConstraint(condition=~Q(recipient=F("payer")), name="payment_between_two_parties"),
        ]
        triggers = guards.append_only()

    def __str__(self) -> str:
        return self.bank_reference


class AllocationQuerySet(models.QuerySet["Allocation"]):
    def visible_to(self, actor: Actor) -> "AllocationQuerySet":
        return self.filter(invoice__in=Invoice.objects.visible_to(actor))


class Allocation(models.Model):
    """The part of a payment that settles an invoice. What is not allocated is an over-payment and stays the payer's."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="allocations")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="allocations")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    allocated_at = models.DateTimeField()

    objects = AllocationQuerySet.as_manager()
    wall = walls.through("invoicing_invoice", "invoice_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="allocation_positive"),
            models.UniqueConstraint("payment", "invoice", name="one_allocation_per_payment_and_invoice"),
        ]
        triggers = [
            *guards.append_only(),
            guards.at_commit(
                "allocated_at_most_what_was_paid",
                guards.INSERT,
                "IF (SELECT sum(a.amount) FROM invoicing_allocation a WHERE a.payment_id = NEW.payment_id)"
                " > (SELECT p.amount FROM invoicing_payment p WHERE p.id = NEW.payment_id)"
                " THEN RAISE EXCEPTION 'payment % is allocated beyond its amount', NEW.payment_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "open_item_follows_allocations",
                guards.INSERT,
                "IF (SELECT sum(a.amount) FROM invoicing_allocation a WHERE a.invoice_id = NEW.invoice_id)"
                " IS DISTINCT FROM (SELECT o.paid FROM invoicing_openitem o WHERE o.invoice_id = NEW.invoice_id)"
                " THEN RAISE EXCEPTION 'open item of invoice % differs from its allocations', NEW.invoice_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.invoice_id}"

from decimal import Decimal

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.invoicing.models.invoice import Invoice
from apps.invoicing.models.refund import HELD, Refund, RefundState
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

    def unapplied(self) -> "PaymentQuerySet":
        """Payments of which a part settles no invoice, with that part as ``left``; reversed ones leave nothing.

        What was paid back is not left; what is about to be still is, as in the book.
        """
        of_payment = {"payment": OuterRef("pk")}
        parts = Allocation.objects.filter(**of_payment).order_by().values("payment")
        back = Refund.objects.filter(**of_payment, state=RefundState.PAID).order_by().values("payment")
        allocated, refunded = (
            Coalesce(Subquery(rows.annotate(sum=Sum("amount")).values("sum")), Value(Decimal(0)))
            for rows in (parts, back)
        )
        return self.filter(reversal__isnull=True).annotate(left=F("amount") - allocated - refunded).filter(left__gt=0)


SIDES = walls.by_organisation("recipient_id", "payer_id").sees


class Payment(models.Model):
    """Money that arrived: a bank fact of its recipient (the seller, or the financier to whom the invoice is assigned).

    ``bank_reference`` is unique per recipient: the same bank line recorded twice is refused. Once a recording is
    reversed the line may be recorded anew, rightly this time; ``recording`` counts how often it was.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    recipient = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    payer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    currency = models.CharField(max_length=3)
    received_on = models.DateField(_("received on"))
    bank_reference = models.CharField(_("bank reference"), max_length=60)
    recording = models.PositiveSmallIntegerField(db_default=1)
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
            models.UniqueConstraint(
                "recipient", "bank_reference", "recording", name="bank_reference_once_per_recipient"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive"),
            models.CheckConstraint(condition=~Q(recipient=F("payer")), name="payment_between_two_parties"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "recorded_anew_only_after_a_reversal",
                guards.INSERT,
                "NEW.recording <> 1 + (SELECT count(*) FROM invoicing_payment p"
                " JOIN invoicing_paymentreversal r ON r.payment_id = p.id"
                " WHERE p.recipient_id = NEW.recipient_id AND p.bank_reference = NEW.bank_reference)",
            ),
        ]

    def __str__(self) -> str:
        return self.bank_reference


class AllocationQuerySet(models.QuerySet["Allocation"]):
    def visible_to(self, actor: Actor) -> "AllocationQuerySet":
        return self.filter(invoice__in=Invoice.objects.visible_to(actor))

    def made(self) -> "AllocationQuerySet":
        """What payments settled, each with whether it was reversed since; not the rows that undo it."""
        return self.filter(reverses__isnull=True, freed_by__isnull=True).select_related("payment__reversal")


class Allocation(models.Model):
    """The part of a payment that settles an invoice. What is not allocated is an over-payment and stays the payer's.

    A row that ``reverses`` another is its exact negative: the payment was reversed. A negative row that was
    ``freed_by`` a credit note takes from the invoice what had been paid on it and is owed no more.
    """

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="allocations", db_index=False)
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="allocations")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    allocated_at = models.DateTimeField()
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversed_by")
    freed_by = models.ForeignKey(
        "invoicing.CreditNote", models.PROTECT, null=True, blank=True, related_name="allocations"
    )

    objects = AllocationQuerySet.as_manager()
    wall = walls.through("invoicing_invoice", "invoice_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, reverses__isnull=True, freed_by__isnull=True)
                | Q(amount__lt=0, reverses__isnull=True, freed_by__isnull=False)
                | (~Q(amount=0) & Q(reverses__isnull=False, freed_by__isnull=True)),
                name="allocation_positive_or_a_reversal",
            ),
            models.UniqueConstraint(
                "payment",
                "invoice",
                condition=Q(reverses__isnull=True, freed_by__isnull=True),
                name="one_allocation_per_payment_and_invoice",
            ),
            models.UniqueConstraint("payment", "freed_by", name="freed_once_per_credit_note"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "allocation_reversed_exactly_with_its_payment",
                guards.INSERT,
                "NEW.reverses_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invoicing_allocation a"
                " JOIN invoicing_paymentreversal r ON r.payment_id = a.payment_id WHERE a.id = NEW.reverses_id"
                " AND a.payment_id = NEW.payment_id AND a.invoice_id = NEW.invoice_id AND a.amount = -NEW.amount)",
            ),
            guards.refused_when(
                "allocated_to_an_invoice_of_the_payer",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_payment p JOIN invoicing_invoice i ON i.buyer_id = p.payer_id"
                " AND i.currency = p.currency WHERE p.id = NEW.payment_id AND i.id = NEW.invoice_id)",
            ),
            guards.refused_when(
                "freed_by_a_credit_note_of_the_invoice",
                guards.INSERT,
                "NEW.freed_by_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invoicing_creditnote c"
                " WHERE c.id = NEW.freed_by_id AND c.invoice_id = NEW.invoice_id)",
            ),
            guards.at_commit(
                "freed_only_what_is_not_owed",
                guards.INSERT,
                "IF NEW.freed_by_id IS NOT NULL AND ((SELECT o.open FROM invoicing_openitem o"
                " WHERE o.invoice_id = NEW.invoice_id) <> 0 OR (SELECT sum(a.amount) FROM invoicing_allocation a"
                " WHERE a.payment_id = NEW.payment_id AND a.invoice_id = NEW.invoice_id) < 0)"
                " THEN RAISE EXCEPTION 'payment % is freed while invoice % is owed', NEW.payment_id, NEW.invoice_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "allocated_at_most_what_was_paid",
                guards.INSERT,
                "IF (SELECT sum(a.amount) FROM invoicing_allocation a WHERE a.payment_id = NEW.payment_id)"
                f" + {HELD.format(payment='NEW.payment_id')}"
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

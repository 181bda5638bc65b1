"""Which days of being late with an invoice were claimed, and by which document."""

from django.db import models
from django.db.models import F, Q

from apps.core.database import guards, walls
from apps.invoicing.models.invoice import Invoice
from apps.parties.actor import Actor


class LateClaimQuerySet(models.QuerySet["LateClaim"]):
    def visible_to(self, actor: Actor) -> "LateClaimQuerySet":
        return self.filter(claim__in=Invoice.objects.visible_to(actor))


class LateClaim(models.Model):
    """Interest and fee for being late with one ``invoice``, as the document ``claim`` asks for them.

    Interest of the days after ``after`` until ``until``, that day included. No day is claimed twice, and the fee of an
    invoice once, whatever becomes of the claim: what is waived is not claimed again.
    """

    claim = models.ForeignKey(Invoice, models.PROTECT, related_name="late_claims", db_index=False)
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="claimed_late", db_index=False)
    after = models.DateField()
    until = models.DateField()
    interest = models.DecimalField(max_digits=18, decimal_places=3)
    fee = models.DecimalField(max_digits=18, decimal_places=3)

    objects = LateClaimQuerySet.as_manager()
    wall = walls.through("invoicing_invoice", "claim_id").only("SELECT", "INSERT")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint("claim", "invoice", name="late_invoices_of_a_claim_unique"),
            models.UniqueConstraint("invoice", "after", name="late_days_are_claimed_once"),
            models.UniqueConstraint("invoice", condition=Q(fee__gt=0), name="late_fee_is_claimed_once"),
            models.CheckConstraint(condition=Q(until__gt=F("after")), name="late_claim_is_of_some_days"),
            models.CheckConstraint(
                condition=Q(interest__gte=0, fee__gte=0) & (Q(interest__gt=0) | Q(fee__gt=0)),
                name="late_claim_is_something",
            ),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "no_day_of_being_late_is_claimed_twice",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM invoicing_lateclaim l WHERE l.invoice_id = NEW.invoice_id"
                " AND l.after < NEW.until AND NEW.after < l.until)",
            ).seeing_all(),
            guards.refused_when(
                "late_with_an_invoice_of_the_same_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_invoice c JOIN invoicing_invoice i"
                " ON (i.contract_id, i.currency) = (c.contract_id, c.currency) AND i.kind <> 'late_charge'"
                " AND coalesce(i.interest_due_on, i.due_on) <= NEW.after AND NEW.until <= c.issued_on"
                " WHERE c.id = NEW.claim_id AND c.kind = 'late_charge' AND i.id = NEW.invoice_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} until {self.until}"

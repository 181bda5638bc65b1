from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.invoicing.models.invoice import Invoice
from apps.invoicing.models.open_sum import told_by_instructions
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.parties.models import Organisation

if TYPE_CHECKING:
    from apps.invoicing.models.invoice import Invoice


class PayeeInstructionQuerySet(models.QuerySet["PayeeInstruction"]):
    def visible_to(self, actor: Actor) -> "PayeeInstructionQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def live(self) -> "PayeeInstructionQuerySet":
        """Whom the buyer pays now, where that is not simply what the invoice says."""
        return self.filter(revoked_at__isnull=True)

    def of_invoice(self, invoice: "Invoice") -> "PayeeInstructionQuerySet":
        """Of what an invoice bills; only what a milestone bills can have another payee."""
        if invoice.milestone_id is None:
            return self.none()
        return self.filter(milestone_id=invoice.milestone_id)

    def assigned(self) -> "PayeeInstructionQuerySet":
        """Live, and somebody else than the seller is paid."""
        return self.live().exclude(payee=F("contract__seller"))


NAMING_ANOTHER = (
    "SELECT 1 FROM invoicing_invoice i WHERE i.milestone_id = NEW.milestone_id"
    " AND i.snapshot::jsonb -> 'payee' <> 'null'::jsonb"
)
"""The milestone's invoice, if it was issued to be paid to somebody else than the seller."""


class PayeeInstruction(models.Model):
    """Whom the buyer pays for one milestone, when that is not what its invoice says of itself.

    Whoever was assigned the receivable; or the seller again, where the assignment ended after the invoice had named
    somebody else.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="payee_instructions")
    payee = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    payee_name = models.CharField(max_length=160)
    iban = models.CharField(max_length=34, blank=True)
    bic = models.CharField(max_length=11, blank=True)
    account_number = models.CharField(max_length=34, blank=True)
    routing_number = models.CharField(max_length=20, blank=True)
    bank_name = models.CharField(max_length=80, blank=True)
    given_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = PayeeInstructionQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "milestone",
                condition=Q(revoked_at__isnull=True),
                name="one_live_payee_per_milestone",
            ),
        ]
        triggers = [
            *told_by_instructions(),
            guards.frozen_when("TRUE", allow=("revoked_at",)),
            guards.frozen_when("OLD.revoked_at IS NOT NULL", name="revoked_once"),
            guards.refused_when(
                "seller_is_named_again_only_on_an_invoice",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM contracts_contract c WHERE c.id = NEW.contract_id"
                f" AND c.seller_id = NEW.payee_id) AND NOT EXISTS ({NAMING_ANOTHER})",
            ),
            guards.refused_when(
                "what_is_credited_is_not_assigned",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM invoicing_creditnote n JOIN invoicing_invoice i ON i.id = n.invoice_id"
                " WHERE i.milestone_id = NEW.milestone_id AND i.seller_id <> NEW.payee_id)",
            ),
            guards.at_commit(
                "invoice_that_names_another_says_whom_to_pay",
                guards.UPDATE,
                f"IF EXISTS ({NAMING_ANOTHER}) AND NOT EXISTS (SELECT 1 FROM invoicing_payeeinstruction p"
                " WHERE p.milestone_id = NEW.milestone_id AND p.revoked_at IS NULL)"
                " THEN RAISE EXCEPTION 'the invoice of milestone % names a payee who is not paid any more',"
                " NEW.milestone_id USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return self.payee_name

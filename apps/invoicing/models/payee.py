from django.db import models
from django.db.models import Q

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class PayeeInstructionQuerySet(models.QuerySet["PayeeInstruction"]):
    def visible_to(self, actor: Actor) -> "PayeeInstructionQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def live(self) -> "PayeeInstructionQuerySet":
        return self.filter(revoked_at__isnull=True)


class PayeeInstruction(models.Model):
    """Whom the buyer pays for one milestone, when it is not the seller: whoever was assigned the receivable."""

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
        triggers = [guards.frozen_when("TRUE", allow=("revoked_at",))]

    def __str__(self) -> str:
        return self.payee_name

from django.db import models

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.made import MadeFromSnapshot
from apps.financing.models.assignment import Assignment
from apps.parties.actor import Actor


class AssignmentProofQuerySet(models.QuerySet["AssignmentProof"]):
    def visible_to(self, actor: Actor) -> "AssignmentProofQuerySet":
        return self.filter(assignment__in=Assignment.objects.visible_to(actor))


class AssignmentProof(MadeFromSnapshot):
    """What the buyer may ask for before it pays somebody else than its seller (UCC 9-406(c); § 410 BGB), as a PDF.

    ``snapshot`` is the canonical text of all that the page says, and is inside the PDF as well: the notice, who signed
    the assignment for the seller and when, and where both stand in the contract's audit chain. Of the price it says
    nothing.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="proof")

    objects = AssignmentProofQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta(MadeFromSnapshot.Meta):
        triggers = [
            *MadeFromSnapshot.Meta.triggers,
            guards.refused_when(
                "proof_only_of_an_assignment_of_its_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_assignment a WHERE a.id = NEW.assignment_id"
                " AND a.contract_id = NEW.contract_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.state}"

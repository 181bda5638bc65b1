from django.db import models

from apps.contracts.models import Contract
from apps.contracts.wall import by_sides
from apps.core.database import guards
from apps.core.made import MadeFromSnapshot
from apps.milestones.models.settlement import Settlement
from apps.parties.actor import Actor


class SettlementPaperQuerySet(models.QuerySet["SettlementPaper"]):
    def visible_to(self, actor: Actor) -> "SettlementPaperQuerySet":
        return self.filter(settlement__in=Settlement.objects.visible_to(actor))


class SettlementPaper(MadeFromSnapshot):
    """The settlement of a termination that both sides signed, as a PDF that is made once, with the signed text inside.

    ``snapshot`` is the canonical text of what the settlement's own text does not say: both signatures, which invoices
    and credit notes it issued, the place in the audit chain. With that text it is all that the PDF is made from.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    settlement = models.OneToOneField(Settlement, models.PROTECT, related_name="paper")

    objects = SettlementPaperQuerySet.as_manager()
    wall = by_sides().only("SELECT", "INSERT", "UPDATE")

    class Meta(MadeFromSnapshot.Meta):
        triggers = [
            *MadeFromSnapshot.Meta.triggers,
            guards.refused_when(
                "paper_only_of_a_settlement_that_both_signed",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_settlement s WHERE s.id = NEW.settlement_id"
                " AND s.state = 'signed' AND s.contract_id = NEW.contract_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.settlement_id} {self.state}"

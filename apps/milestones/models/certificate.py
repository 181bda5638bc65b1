from django.db import models

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.made import MadeFromSnapshot
from apps.milestones.models.decision import Decision
from apps.parties.actor import Actor


class CertificateQuerySet(models.QuerySet["Certificate"]):
    def visible_to(self, actor: Actor) -> "CertificateQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


class Certificate(MadeFromSnapshot):
    """The certificate of acceptance: one decision with everything that proves it, as a PDF that is made once.

    ``snapshot`` is the canonical text of all that the page says, and is inside the PDF as well. It is written when the
    certificate is begun, after the sign-off was committed, and tells the head of the contract's audit chain as it stood
    then; the PDF is made from nothing else.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    decision = models.OneToOneField(Decision, models.PROTECT, related_name="certificate")

    objects = CertificateQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta(MadeFromSnapshot.Meta):
        triggers = [
            *MadeFromSnapshot.Meta.triggers,
            guards.refused_when(
                "certificate_only_of_an_acceptance",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_decision d WHERE d.id = NEW.decision_id"
                " AND (d.outcome IN ('accepted', 'partly_accepted')"
                " OR (d.outcome = 'deemed_accepted' AND d.lapse_text <> '')) AND d.contract_id = NEW.contract_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision_id} {self.state}"

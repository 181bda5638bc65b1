from django.db import models

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.made import MadeFromSnapshot
from apps.milestones.models.confirmed_event import ConfirmedEvent
from apps.parties.actor import Actor


class EventCertificateQuerySet(models.QuerySet["EventCertificate"]):
    def visible_to(self, actor: Actor) -> "EventCertificateQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


class EventCertificate(MadeFromSnapshot):
    """The certificate of an event that the buyer confirmed, with everything that proves it, as a PDF that is made once.

    ``snapshot`` is the canonical text of all that the page says, and is inside the PDF as well: who confirmed it, what
    waited for it, what was invoiced for it, and its place in the contract's audit chain.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    event = models.OneToOneField(ConfirmedEvent, models.PROTECT, related_name="certificate")

    objects = EventCertificateQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta(MadeFromSnapshot.Meta):
        triggers = [
            *MadeFromSnapshot.Meta.triggers,
            guards.refused_when(
                "certificate_only_of_an_event_of_its_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_confirmedevent e WHERE e.id = NEW.event_id"
                " AND e.contract_id = NEW.contract_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.state}"

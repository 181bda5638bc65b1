from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.contracts.models.contract import Contract
from apps.contracts.models.version import ContractVersion
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.made import MadeFromSnapshot
from apps.parties.actor import Actor


class ContractDocumentQuerySet(models.QuerySet["ContractDocument"]):
    def visible_to(self, actor: Actor) -> "ContractDocumentQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


class ContractDocument(MadeFromSnapshot):
    """A version of a contract as a PDF that is made once, with the text that is signed inside it.

    Of a proposed version there is one that says that it is a proposal; of the version that both sides signed another,
    with both signatures. ``snapshot`` is the canonical text of what the signature page says; with the version's own
    text it is all that the PDF is made from.
    """

    class Kind(models.TextChoices):
        PROPOSAL = "proposal", _("Proposal")
        SIGNED = "signed", _("Signed contract")

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    version = models.ForeignKey(ContractVersion, models.PROTECT, related_name="documents", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)

    objects = ContractDocumentQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta(MadeFromSnapshot.Meta):
        constraints = [
            *MadeFromSnapshot.Meta.constraints,
            models.UniqueConstraint("version", "kind", name="one_document_per_version_and_kind"),
        ]
        indexes = [models.Index("contract", name="document_by_contract")]
        triggers = [
            *MadeFromSnapshot.Meta.triggers,
            guards.refused_when(
                "document_only_of_what_was_proposed",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = NEW.version_id"
                " AND v.contract_id = NEW.contract_id AND v.proposed_at IS NOT NULL)",
            ),
            guards.refused_when(
                "signed_document_only_of_what_both_signed",
                guards.INSERT,
                "NEW.kind = 'signed' AND (SELECT count(DISTINCT s.side) FROM contracts_signature s"
                " WHERE s.version_id = NEW.version_id AND s.contract_id = NEW.contract_id) <> 2",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.version_id} {self.state}"

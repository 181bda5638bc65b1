from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models.contract import Contract
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class PlanUploadQuerySet(models.QuerySet["PlanUpload"]):
    def visible_to(self, actor: Actor) -> "PlanUploadQuerySet":
        """Those of the actor's organisation; a guest sees none."""
        if actor.contract_id is not None:
            return self.none()
        return self.filter(organisation_id=actor.organisation_id)


class PlanUpload(models.Model):
    """A plan that was read from a file without a fault and waits for somebody to confirm it.

    It holds the lines, not the file. ``draft_sha256`` is the fingerprint of the draft that the review page compared it
    with; ``reading`` is how the file was read, as canonical text. One of a side waits for a contract: a later file
    takes the place of an earlier one, and importing it ends it.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="plan_uploads", db_index=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    file_name = models.CharField(_("file"), max_length=200)
    file_sha256 = models.CharField(max_length=64)
    plan = models.TextField()
    reading = models.TextField()
    draft_sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    uploaded_at = models.DateTimeField()

    objects = PlanUploadQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT", "DELETE")

    class Meta:
        constraints = [
            models.UniqueConstraint("contract", "organisation", name="one_file_of_a_side_waits_for_a_draft"),
            models.CheckConstraint(
                condition=Q(file_sha256__regex=r"^[0-9a-f]{64}$", draft_sha256__regex=r"^[0-9a-f]{64}$"),
                name="plan_upload_names_its_hashes",
            ),
        ]
        triggers = [
            guards.refused_when(
                "a_plan_is_uploaded_by_who_writes_the_draft",
                guards.INSERT_OR_UPDATE,
                "NOT EXISTS (SELECT 1 FROM contracts_contract c JOIN contracts_contractversion v"
                " ON v.contract_id = c.id AND v.proposed_at IS NULL WHERE c.id = NEW.contract_id"
                " AND NEW.organisation_id = CASE v.author WHEN 'buyer' THEN c.buyer_id ELSE c.seller_id END"
                " AND c.state IN ('draft', 'proposed'))",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

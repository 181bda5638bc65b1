from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class ContractTemplateQuerySet(models.QuerySet["ContractTemplate"]):
    def visible_to(self, actor: Actor) -> "ContractTemplateQuerySet":
        """Those of the actor's organisation; a guest sees none."""
        if actor.contract_id is not None:
            return self.none()
        return self.filter(organisation_id=actor.organisation_id)


class ContractTemplate(models.Model):
    """A plan with its terms, kept under a name to start contracts from.

    ``content`` is a draft without its parties, number and dates, as canonical text (``rules.template_text``); what a
    list shows of it stands beside it. Only the name ever changes: a template with another content is another template.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(_("name"), max_length=120)
    title = models.CharField(_("what the contract is about"), max_length=160)
    currency = models.CharField(_("currency"), max_length=3)
    price = models.DecimalField(_("price, net of tax"), max_digits=18, decimal_places=3)
    milestones = models.PositiveIntegerField()
    content = models.TextField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects = ContractTemplateQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id")

    class Meta:
        constraints = [
            models.UniqueConstraint("organisation", Lower("name"), name="template_name_unique_per_organisation"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(content=""), name="template_has_name_and_content"),
            models.CheckConstraint(condition=Q(price__gt=0), name="template_price_positive"),
        ]
        triggers = [
            # Not by frozen_when, which would refuse its end too.
            guards.refused_when(
                "only_the_name_of_a_template_changes",
                guards.UPDATE,
                "to_jsonb(NEW) IS DISTINCT FROM (to_jsonb(OLD) || jsonb_build_object('name', NEW.name))",
            ),
        ]

    def __str__(self) -> str:
        return self.name

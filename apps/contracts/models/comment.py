from typing import ClassVar, Self, TypeVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models.contract import Contract, ContractParty
from apps.contracts.models.grant import GuestGrant
from apps.contracts.models.version import ContractVersion
from apps.contracts.wall import by_sides
from apps.core.database import guards
from apps.core.database.walls import Wall
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User

C = TypeVar("C", bound="WrittenBySide")


class WrittenBySideQuerySet(models.QuerySet[C]):
    def visible_to(self, actor: Actor) -> Self:
        """What the two sides wrote to each other, for these two: a financier who may read the contract reads none."""
        own = Q(contract__seller_id=actor.organisation_id) | Q(contract__buyer_id=actor.organisation_id)
        return self.filter(own, contract__in=Contract.objects.visible_to(actor))


class WrittenBySide(models.Model):
    """What one side wrote, a member or the buyer's guest (``BY_ONE_PERSON``). Written once; the other side reads it."""

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    side = models.CharField(max_length=10, choices=ContractParty.Side.choices)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("name"), max_length=160)
    email = models.EmailField(_("e-mail"))
    written_at = models.DateTimeField()
    text = models.TextField(_("comment"), max_length=4_000)

    wall: ClassVar[Wall] = by_sides().only("SELECT", "INSERT")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.name} for {self.side}"


BY_ONE_PERSON = Q(user__isnull=False, grant__isnull=True) | Q(user__isnull=True, grant__isnull=False)
"""By a user, or by a guest."""


class CommentQuerySet(WrittenBySideQuerySet["Comment"]):
    pass


class Comment(WrittenBySide):
    """What one side wrote about a version while it was negotiated."""

    version = models.ForeignKey(ContractVersion, models.PROTECT, related_name="comments")

    objects = CommentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="comment_says_something"),
            models.CheckConstraint(condition=Q(side__in=["seller", "buyer"]), name="commented_by_a_side"),
            models.CheckConstraint(condition=BY_ONE_PERSON, name="commented_by_a_user_or_a_guest"),
        ]
        indexes = [models.Index(F("contract"), F("id").desc(), name="comment_by_contract")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "comment_of_a_side_on_what_was_proposed",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contractversion v JOIN contracts_contract c"
                " ON c.id = v.contract_id WHERE v.id = NEW.version_id AND c.id = NEW.contract_id"
                " AND v.proposed_at IS NOT NULL AND c.state IN ('draft', 'proposed')"
                " AND ((NEW.side = 'seller' AND c.seller_id = NEW.organisation_id)"
                " OR (NEW.side = 'buyer' AND c.buyer_id = NEW.organisation_id)))",
            ),
            guards.refused_when(
                "link_comments_only_on_its_version",
                guards.INSERT,
                "NEW.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g"
                " JOIN contracts_contractversion v ON v.ref = g.subject_ref WHERE g.id = NEW.grant_id"
                " AND v.id = NEW.version_id AND g.purpose = 'sign_contract' AND NEW.side = 'buyer')",
            ),
        ]

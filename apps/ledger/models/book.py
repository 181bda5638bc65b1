from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class BookQuerySet(models.QuerySet["Book"]):
    def visible_to(self, actor: Actor) -> "BookQuerySet":
        return self.filter(organisation_id=actor.organisation_id)


class Book(models.Model):
    """One organisation's double entry in one currency. Nothing is posted on or before ``closed_through``.

    An organisation that sells and finances keeps two books, told apart by ``purpose``.
    """

    class Purpose(models.TextChoices):
        SELLER = "seller", _("Seller's book")
        FINANCIER = "financier", _("Financier's book")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    closed_through = models.DateField(_("closed through"), null=True, blank=True)

    objects = BookQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [models.UniqueConstraint("organisation", "currency", "purpose", name="one_book_per_purpose")]
        triggers = [guards.never_deleted()]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.purpose} {self.currency}"

from django.db import models

from apps.core.database import guards, walls
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class NumberSeriesQuerySet(models.QuerySet["NumberSeries"]):
    def visible_to(self, actor: Actor) -> "NumberSeriesQuerySet":
        return self.filter(organisation_id=actor.organisation_id)


class NumberSeries(models.Model):
    """The gapless numbers of one seller, prefix and year.

    ``last`` is raised under the row's lock, inside the issuing transaction. ``head`` is the hash of the last snapshot:
    every snapshot of a series is chained to the one before. ``last_issued_at`` is when the last number was used:
    a higher number is never issued earlier.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    prefix = models.CharField(max_length=6)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, default="0" * 64)
    last_issued_at = models.DateTimeField(null=True, blank=True)

    objects = NumberSeriesQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [models.UniqueConstraint("organisation", "prefix", "year", name="one_series_per_prefix_and_year")]
        triggers = [
            guards.never_deleted(),
            guards.refused_when("numbers_go_up_by_one", guards.UPDATE, "NEW.last <> OLD.last + 1"),
            guards.refused_when(
                "numbers_are_issued_in_the_order_of_time",
                guards.UPDATE,
                "NEW.last_issued_at IS NULL OR NEW.last_issued_at < OLD.last_issued_at",
            ),
            guards.refused_when("series_starts_at_zero", guards.INSERT, "NEW.last <> 0"),
            guards.at_commit(
                "every_number_is_used",
                guards.UPDATE,
                "IF NOT EXISTS (SELECT 1 FROM invoicing_invoice i WHERE i.seller_id = NEW.organisation_id"
                " AND i.series_prefix = NEW.prefix AND i.series_year = NEW.year AND i.series_position = NEW.last"
                " AND i.issued_at = NEW.last_issued_at) THEN"
                " IF NOT EXISTS (SELECT 1 FROM invoicing_creditnote c WHERE c.seller_id = NEW.organisation_id"
                " AND c.series_prefix = NEW.prefix AND c.series_year = NEW.year AND c.series_position = NEW.last"
                " AND c.issued_at = NEW.last_issued_at) AND NOT EXISTS (SELECT 1 FROM invoicing_correctedinvoice k"
                " WHERE k.seller_id = NEW.organisation_id AND k.series_prefix = NEW.prefix"
                " AND k.series_year = NEW.year AND k.series_position = NEW.last AND k.issued_at = NEW.last_issued_at)"
                " THEN RAISE EXCEPTION 'number % of the series % was drawn and not used', NEW.last, NEW.prefix"
                " USING ERRCODE = 'check_violation'; END IF; END IF;",
            ).seeing_all(),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.year}"

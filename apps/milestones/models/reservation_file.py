"""What the sides show of a defect that is to be mended: that it is, or what is still missing."""

from django.db import models

from apps.core.database import guards
from apps.milestones.models.reservation import LINK_OF_OTHER_DEFECTS, Reservation
from apps.milestones.models.shown_file import BY_ITS_SIDE, ShownFile, ShownFileQuerySet


class ReservationFile(ShownFile):
    """A file that shows how a defect was mended, or what is still missing."""

    reservation = models.ForeignKey(Reservation, models.PROTECT, related_name="files")

    objects = ShownFileQuerySet["ReservationFile"].as_manager()

    class Meta(ShownFile.Meta):
        constraints = [
            models.CheckConstraint(condition=BY_ITS_SIDE, name="defect_file_of_a_user_or_the_buyers_guest"),
        ]
        indexes = [models.Index("stored_as", name="defect_file_by_stored_name")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "no_file_joins_a_settled_defect",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_reservation r WHERE r.id = NEW.reservation_id"
                " AND r.contract_id = NEW.contract_id AND r.state IN ('open', 'mended'))",
            ),
            guards.refused_when("link_shows_only_of_its_defects", guards.INSERT, LINK_OF_OTHER_DEFECTS),
        ]

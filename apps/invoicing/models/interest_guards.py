"""The guards of an invoice that counts as due earlier for computing interest: silence let interest run."""

from typing import Final

from django.db import models
from django.db.models import F, Q

from apps.core.database import guards

COUNTS_AS_DUE_BEFORE: Final = models.CheckConstraint(
    condition=Q(interest_due_on__isnull=True) | Q(interest_due_on__lt=F("due_on"), kind="milestone"),
    name="counts_as_due_for_interest_before_it_is_due",
)
INTEREST_COUNTS_EARLY: Final = guards.refused_when(
    "interest_counts_early_after_silence_alone",
    guards.INSERT,
    "NOT EXISTS (SELECT 1 FROM milestones_milestone m JOIN milestones_decision d"
    " ON d.submission_id = m.accepted_submission_id JOIN parties_organisation s ON s.id = NEW.seller_id"
    " WHERE m.id = NEW.milestone_id AND d.accepted_for_interest_at IS NOT NULL"
    " AND (d.accepted_for_interest_at AT TIME ZONE s.time_zone)::date <= NEW.interest_due_on)",
    only="NEW.interest_due_on IS NOT NULL",
).seeing_all()

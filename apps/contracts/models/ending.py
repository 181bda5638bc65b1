"""How a contract may end before everything is done: the period of notice, and what Postgres holds of the end."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.rules.termination import LONGEST_PERIOD_OF_NOTICE
from apps.core.database import guards


class EndTerms(models.Model):
    """What a version says of its own end: how long before it a side that terminates for convenience says so."""

    notice_days = models.PositiveSmallIntegerField(
        _("days of notice"),
        default=0,
        help_text=_("calendar days between a notice for convenience and the day on which it takes effect"),
    )

    class Meta:
        abstract = True


OF_ENDING: Final = (
    models.CheckConstraint(condition=Q(notice_days__lte=LONGEST_PERIOD_OF_NOTICE), name="notice_within_reason"),
)
IN_TIME: Final = guards.refused_when(
    "the_period_of_notice_is_kept",
    guards.INSERT,
    "NEW.ground = 'convenience' AND EXISTS (SELECT 1 FROM contracts_contract c"
    " JOIN contracts_contractversion v ON v.id = c.active_version_id JOIN parties_organisation o ON o.id = c.seller_id"
    " WHERE c.id = NEW.contract_id"
    " AND NEW.effective_on < (NEW.given_at AT TIME ZONE o.time_zone)::date + v.notice_days::integer)",
)
"""Of a notice for convenience, counted where the seller is; for cause no period is kept."""

TERMINATED: Final = guards.at_commit(
    "terminated_by_what_both_sides_settled",
    guards.INSERT_OR_UPDATE,
    # Postgres has no river: what is open is found downstream, where nothing says by itself that the contract ended.
    "IF (SELECT c.state FROM contracts_contract c WHERE c.id = NEW.id) = 'terminated'"
    " AND (NOT EXISTS (SELECT 1 FROM contracts_termination t WHERE t.contract_id = NEW.id AND t.state = 'settled')"
    " OR NOT EXISTS (SELECT 1 FROM milestones_settlement s WHERE s.contract_id = NEW.id AND s.state = 'signed')"
    " OR EXISTS (SELECT 1 FROM milestones_milestone m WHERE m.contract_id = NEW.id"
    " AND m.state NOT IN ('accepted', 'nullified', 'cancelled'))"
    " OR EXISTS (SELECT 1 FROM invoicing_instalment i WHERE i.contract_id = NEW.id"
    " AND i.billed_at IS NULL AND i.cancelled_at IS NULL))"
    " THEN RAISE EXCEPTION 'contract % is terminated and not settled', NEW.id"
    " USING ERRCODE = 'check_violation'; END IF;",
)
"""Of the contract: nothing is left open by its termination."""

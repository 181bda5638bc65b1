"""Guards of applications for payment, and of an invoice that bills one: once it is certified, exactly what was."""

from django.db import models
from django.db.models import Q

from apps.core.database import guards
from apps.milestones.models.applied_for import OTHERWISE_APPLIED_FOR

STANDS_OR_IS_BILLED = (
    "IF EXISTS (SELECT 1 FROM milestones_milestone m WHERE m.id = {milestone} AND"
    f" (m.state NOT IN ('accepted', 'nullified') OR {OTHERWISE_APPLIED_FOR}))"
    " THEN RAISE EXCEPTION 'milestone % is neither billed whole nor in one application for payment', {milestone}"
    " USING ERRCODE = 'check_violation'; END IF;"
)
"""What of a milestone is certified, and what of it stands in an application, is all that was accepted of it and not
withdrawn before it was billed, less what is withheld for its defects or was taken off its price for one."""
DECIDED_BY_SOMEBODY = models.CheckConstraint(
    condition=Q(decided_at__isnull=True, decided_by__isnull=True, grant__isnull=True)
    | Q(decided_at__isnull=False, decided_by__isnull=False, grant__isnull=True)
    | Q(decided_at__isnull=False, decided_by__isnull=True, grant__isnull=False, state__in=["certified", "returned"]),
    name="application_decided_by_somebody",
)
"""By a person who is signed in, or by the buyer's guest with a personal link; only the seller withdraws."""
DECIDED_BY_ITS_OWN_LINK = guards.refused_when(
    "application_decided_by_its_own_link",
    guards.UPDATE,
    "NOT EXISTS (SELECT 1 FROM contracts_guestgrant g WHERE g.id = NEW.grant_id AND g.contract_id = NEW.contract_id"
    " AND g.organisation_id = NEW.buyer_id AND (g.purpose = 'certify' AND g.subject_ref = NEW.ref"
    " OR g.purpose = 'settle' AND EXISTS (SELECT 1 FROM milestones_settlementsignature s"
    " JOIN milestones_settlement t ON t.id = s.settlement_id WHERE s.grant_id = g.id AND t.state = 'signed'"
    " AND t.contract_id = NEW.contract_id)))",
    only="NEW.grant_id IS NOT NULL AND OLD.grant_id IS NULL",
)

BILLS_APPLICATIONS = [
    guards.refused_when(
        "invoice_only_for_a_certified_application",
        guards.INSERT,
        "NOT EXISTS (SELECT 1 FROM invoicing_application a JOIN contracts_contract c ON c.id = a.contract_id"
        " WHERE a.id = NEW.application_id AND a.state = 'certified' AND c.state = 'active'"
        " AND (a.contract_id, a.seller_id, a.buyer_id, a.currency)"
        " = (NEW.contract_id, NEW.seller_id, NEW.buyer_id, NEW.currency)"
        " AND (SELECT sum(l.certified) FROM invoicing_applicationline l WHERE l.application_id = a.id)"
        " = NEW.net + NEW.recovered)",
        only="NEW.application_id IS NOT NULL",
    ).seeing_all(),
    guards.at_commit(
        "each_line_bills_what_was_certified",
        guards.INSERT,
        "IF EXISTS (SELECT 1 FROM (SELECT l.milestone_id, l.certified AS net, l.retained"
        " FROM invoicing_applicationline l WHERE l.application_id = NEW.application_id AND l.certified > 0) a"
        " FULL JOIN (SELECT i.milestone_id, i.net FROM invoicing_invoiceline i WHERE i.invoice_id = NEW.id"
        " AND i.advance_id IS NULL) b ON b.milestone_id = a.milestone_id WHERE a.net IS DISTINCT FROM b.net)"
        " OR (SELECT (sum(l.retained), sum(l.recovered)) FROM invoicing_applicationline l"
        " WHERE l.application_id = NEW.application_id) IS DISTINCT FROM (SELECT (o.retained, NEW.recovered)"
        " FROM invoicing_openitem o WHERE o.invoice_id = NEW.id)"
        " THEN RAISE EXCEPTION 'invoice % bills something else than was certified', NEW.number"
        " USING ERRCODE = 'check_violation'; END IF;",
        only="NEW.application_id IS NOT NULL",
    ).seeing_all(),
]

ONE_CAUSE = models.CheckConstraint(
    condition=(
        Q(kind="milestone", instalment__isnull=True, application__isnull=True)
        & (Q(milestone__isnull=False) | Q(replaced_milestone__isnull=False))
    )
    | Q(
        kind__in=["instalment", "advance"],
        milestone__isnull=True,
        instalment__isnull=False,
        application__isnull=True,
    )
    | Q(kind="application", milestone__isnull=True, instalment__isnull=True, application__isnull=False)
    | Q(
        kind__in=["retention_release", "late_charge"],
        milestone__isnull=True,
        instalment__isnull=True,
        application__isnull=True,
        tax=0,
    )
    | Q(kind="bonus", milestone__isnull=True, instalment__isnull=True, application__isnull=True),
    name="invoice_has_one_cause",
)
"""What an invoice bills: one milestone, one instalment, one application, or nothing of the plan."""

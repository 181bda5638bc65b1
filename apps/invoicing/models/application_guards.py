"""Guards of an invoice that bills an application for payment: only once it is certified, and exactly what was."""

from django.db import models
from django.db.models import Q

from apps.core.database import guards

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
    condition=Q(kind="milestone", milestone__isnull=False, instalment__isnull=True, application__isnull=True)
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

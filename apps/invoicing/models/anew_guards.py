"""Guards of an invoice that is cancelled and issued anew: nothing of it changes but whose the milestone is, once."""

from django.db import models
from django.db.models import Q

from apps.core.database import guards

OF_REPLACING = (
    models.CheckConstraint(
        condition=Q(replaced_milestone__isnull=True) | Q(kind="milestone", milestone__isnull=True),
        name="a_replaced_invoice_billed_a_milestone",
    ),
    models.CheckConstraint(
        condition=Q(replaces__isnull=True) | Q(kind="milestone"), name="what_is_issued_anew_bills_a_milestone"
    ),
)
REPLACING = [
    guards.frozen_when("TRUE", name="append_only", allow=("milestone_id", "replaced_milestone_id")),
    guards.append_only()[1],
    guards.refused_when(
        "replaced_once_it_is_cancelled",
        guards.UPDATE,
        "OLD.milestone_id IS NULL OR NEW.milestone_id IS NOT NULL"
        " OR NEW.replaced_milestone_id IS DISTINCT FROM OLD.milestone_id"
        " OR (SELECT coalesce(sum(c.net + c.given_back), 0) FROM invoicing_creditnote c"
        " WHERE c.invoice_id = NEW.id AND c.purpose = 'replacement') <> NEW.net + NEW.recovered",
    ),
    guards.refused_when(
        "no_invoice_begins_as_a_replaced_one", guards.INSERT, only="NEW.replaced_milestone_id IS NOT NULL"
    ),
    guards.refused_when(
        "anew_is_issued_what_was_cancelled",
        guards.INSERT,
        "NOT EXISTS (SELECT 1 FROM invoicing_invoice i WHERE i.id = NEW.replaces_id"
        " AND (i.contract_id, i.replaced_milestone_id) = (NEW.contract_id, NEW.milestone_id))",
        only="NEW.replaces_id IS NOT NULL",
    ),
    guards.at_commit(
        "what_is_cancelled_is_issued_anew",
        guards.UPDATE,
        "IF NOT EXISTS (SELECT 1 FROM invoicing_invoice i WHERE i.replaces_id = NEW.id)"
        " THEN RAISE EXCEPTION 'invoice % is cancelled and not issued anew', NEW.number"
        " USING ERRCODE = 'check_violation'; END IF;",
    ),
]
CANCELS_WHAT_IS_ISSUED_ANEW = guards.at_commit(
    "a_cancelled_invoice_is_issued_anew",
    guards.INSERT,
    "IF NOT EXISTS (SELECT 1 FROM invoicing_invoice i JOIN invoicing_invoice a ON a.replaces_id = i.id"
    " WHERE i.id = NEW.invoice_id)"
    " THEN RAISE EXCEPTION 'credit note % cancels what is not issued anew', NEW.number"
    " USING ERRCODE = 'check_violation'; END IF;",
    only="NEW.purpose = 'replacement'",
)

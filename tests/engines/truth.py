"""What must be true whatever happened: every verifier of the product, and what the jobs and keys must say.

Everything is read with the owner's eyes, so what committed is seen, whoever may see it.
"""

import time
from collections.abc import Iterator
from io import StringIO
from typing import Final

from django.core.management import CommandError, call_command
from django.db import connections

VERIFIERS: Final = ("verify_ledger", "verify_audit")
JOB_OF: Final = (
    "FROM procrastinate_jobs j WHERE j.task_name = 'apps.workflows.jobs.{task}' AND j.args->>'{name}' = {ref}"
)
CREDIT_JOB_OF: Final = JOB_OF.replace("workflows.jobs", "workflows.credit_jobs")
CORRECTION_JOB_OF: Final = JOB_OF.replace("workflows.jobs", "workflows.correction_jobs")
ENDING_JOB_OF: Final = JOB_OF.replace("workflows.jobs", "workflows.termination_jobs")
REFUND_JOB_OF: Final = JOB_OF.replace("workflows.jobs", "workflows.refund_jobs")
PROOF_JOB_OF: Final = JOB_OF.replace("workflows.jobs", "workflows.assignment_jobs")
EVENT_JOB_OF: Final = JOB_OF.replace("workflows.jobs", "workflows.confirming_jobs")
REVENUE_JOB_OF: Final = JOB_OF.replace("workflows.jobs", "workflows.revenue_jobs")
EXPORT_JOB_OF: Final = JOB_OF.replace("workflows.jobs", "workflows.export_jobs")
STEP_JOB_OF: Final = JOB_OF.replace("workflows.jobs", "workflows.jobs_before_acceptance")
BY_CHANGE: Final = (
    "EXISTS (SELECT 1 FROM contracts_signature s JOIN contracts_contractversion v ON v.id = s.version_id"
    " WHERE v.contract_id = n.contract_id AND v.change_order_id IS NOT NULL AND s.signed_at = n.asked_at)"
    " AND n.reason LIKE 'Change order %'"
)
"""Whether a nullification is what a change order took back: that is told with the change."""
SENTENCES: Final = {
    "Every key that was claimed has its answer": (
        "SELECT action || ' ' || key FROM workflows_idempotencykey WHERE answer IS NULL"
    ),
    "Every invoice has one job to render it, and one more for each document that was asked for again": (
        "SELECT i.number FROM invoicing_invoice i WHERE (SELECT count(*) "
        + JOB_OF.format(task="render_invoice", name="invoice_ref", ref="i.ref")
        + ") <> 1 + (SELECT count(*) FROM workflows_idempotencykey k WHERE k.action = 'retry_document'"
        " AND k.answer->>'document' = (SELECT d.ref FROM invoicing_document d WHERE d.invoice_id = i.id))"
    ),
    "Every credit note has one job to render it, and one more for each time that its document was asked for again": (
        "SELECT c.number FROM invoicing_creditnote c WHERE (SELECT count(*) "
        + CREDIT_JOB_OF.format(task="render_credit_note", name="credit_note_ref", ref="c.ref")
        + ") <> 1 + (SELECT count(*) FROM workflows_idempotencykey k WHERE k.action = 'retry_credit_document'"
        " AND k.answer->>'credit_note' = c.ref)"
    ),
    "Every corrected invoice has one job to render it, and one more for each time that it was asked for again": (
        "SELECT c.number FROM invoicing_correctedinvoice c WHERE (SELECT count(*) "
        + CORRECTION_JOB_OF.format(task="render_corrected_invoice", name="corrected_ref", ref="c.ref")
        + ") <> 1 + (SELECT count(*) FROM workflows_idempotencykey k WHERE k.action = 'retry_corrected_document'"
        " AND k.answer->>'corrected_invoice' = c.ref)"
    ),
    "The other side hears once that an acceptance is to be withdrawn, and once what was answered": (
        "SELECT n.ref FROM milestones_nullification n WHERE (SELECT count(*) "
        + CREDIT_JOB_OF.format(task="send_nullification_news", name="nullification_ref", ref="n.ref")
        + f") <> CASE WHEN {BY_CHANGE} THEN 0 WHEN n.state IN ('granted', 'declined') THEN 2 ELSE 1 END"
    ),
    "The seller is told of every acceptance once": (
        "SELECT s.ref FROM milestones_decision d JOIN milestones_submission s ON s.id = d.submission_id"
        " WHERE d.outcome IN ('accepted', 'deemed_accepted') AND (SELECT count(*) "
        + JOB_OF.format(task="send_acceptance", name="submission_ref", ref="s.ref")
        + ") <> 1"
    ),
    "The seller is told of every request for changes once": (
        "SELECT s.ref FROM milestones_decision d JOIN milestones_submission s ON s.id = d.submission_id"
        " WHERE d.outcome IN ('changes_requested', 'deemed_rejected') AND (SELECT count(*) "
        + JOB_OF.format(task="send_change_request", name="submission_ref", ref="s.ref")
        + ") <> 1"
    ),
    "Every link to sign off is sent once": (
        "SELECT g.ref FROM contracts_guestgrant g WHERE g.purpose = 'sign_off' AND (SELECT count(*) "
        + JOB_OF.format(task="send_sign_off_request", name="grant_ref", ref="g.ref")
        # That of a colleague goes out with what the signatory tells him.
        + ") <> (g.passed_from_id IS NULL OR g.replaces_id IS NOT NULL)::int"
    ),
    "Every acceptance has one job for its certificate, and one more for each time that it was asked for again": (
        "SELECT s.ref FROM milestones_decision d JOIN milestones_submission s ON s.id = d.submission_id"
        " WHERE d.outcome IN ('accepted', 'deemed_accepted') AND (SELECT count(*) "
        + JOB_OF.format(task="make_certificate", name="submission_ref", ref="s.ref")
        + ") <> 1 + (SELECT count(*) FROM workflows_idempotencykey k WHERE k.action = 'retry_certificate'"
        " AND k.answer->>'submission' = s.ref)"
    ),
    "Every confirmed event has one job for its certificate, and one more for each time that it was asked for again": (
        "SELECT e.ref FROM milestones_confirmedevent e WHERE (SELECT count(*) "
        + EVENT_JOB_OF.format(task="make_event_certificate", name="event_ref", ref="e.ref")
        + ") <> 1 + (SELECT count(*) FROM workflows_idempotencykey k WHERE k.action = 'retry_event_certificate'"
        " AND k.answer->>'event' = e.ref)"
    ),
    "Every proof of an assignment has one job for each time that it was asked for": (
        "SELECT p.ref FROM financing_assignmentproof p WHERE (SELECT count(*) "
        + PROOF_JOB_OF.format(task="make_assignment_proof", name="proof_ref", ref="p.ref")
        + ") <> (SELECT count(*) FROM workflows_idempotencykey k WHERE k.action = 'ask_assignment_proof'"
        " AND k.answer->>'proof' = p.ref)"
    ),
    "Every settlement that both signed has one job for its PDF, and one more for each time it was asked for again": (
        "SELECT s.ref FROM milestones_settlement s WHERE s.state = 'signed' AND (SELECT count(*) "
        + ENDING_JOB_OF.format(task="make_settlement_paper", name="settlement_ref", ref="s.ref")
        + ") <> 1 + (SELECT count(*) FROM workflows_idempotencykey k WHERE k.action = 'retry_settlement_paper'"
        " AND k.answer->>'settlement' = s.ref)"
    ),
    "Every proposal and every signed contract has one job for its PDF, and one more for each time it was asked for": (
        "SELECT v.ref || ' ' || k.kind FROM contracts_contractversion v JOIN contracts_contract c"
        " ON c.id = v.contract_id CROSS JOIN (VALUES ('proposal'), ('signed')) k (kind) WHERE v.proposed_at IS NOT NULL"
        # The other plans that a version offers stand in its paper.
        " AND v.option_of_id IS NULL"
        " AND (k.kind = 'proposal' OR (SELECT count(*) FROM contracts_signature s WHERE s.version_id = v.id) = 2)"
        " AND (SELECT count(*) "
        + JOB_OF.format(task="make_contract_document", name="version_ref", ref="v.ref")
        + " AND j.args->>'kind' = k.kind) <> 1 + (SELECT count(*) FROM workflows_idempotencykey i"
        " WHERE i.action = 'retry_contract_document' AND i.answer->>'version' = v.ref AND i.answer->>'kind' = k.kind)"
    ),
    "The other side hears once of every change that is proposed": (
        "SELECT o.ref FROM contracts_changeorder o"
        " WHERE (SELECT count(*) FROM contracts_contractversion v WHERE v.change_order_id = o.id) <> (SELECT count(*) "
        + JOB_OF.format(task="send_change_news", name="order_ref", ref="o.ref")
        + " AND j.args->>'what' = 'proposed')"
    ),
    "The other side hears once of every comment": (
        "SELECT c.ref FROM contracts_comment c WHERE (SELECT count(*) "
        + JOB_OF.format(task="send_contract_comment", name="comment_ref", ref="c.ref")
        + ") <> 1"
    ),
    "Both sides are told once of every comment on a milestone: the other one, and who of the own took part": (
        "SELECT c.ref FROM milestones_milestonecomment c WHERE (SELECT count(*) "
        + STEP_JOB_OF.format(task="send_milestone_comment", name="comment_ref", ref="c.ref")
        + ") <> 2"
    ),
    "The proposer hears once that nobody signed in time": (
        "SELECT v.ref FROM contracts_contractversion v WHERE (v.expired_at IS NOT NULL)::int <> (SELECT count(*) "
        + JOB_OF.format(task="send_proposal_expired", name="version_ref", ref="v.ref")
        + ")"
    ),
    "Each side writes one version at most, and nobody writes on what is signed": (
        "SELECT min(c.ref) FROM contracts_contractversion v JOIN contracts_contract c ON c.id = v.contract_id"
        " WHERE v.proposed_at IS NULL GROUP BY v.contract_id, v.author, c.state"
        " HAVING count(*) > 1 OR c.state IN ('active', 'completed')"
    ),
    "Every pack has one job to make it": (
        "SELECT p.ref FROM workflows_evidencepack p WHERE (SELECT count(*) "
        + JOB_OF.format(task="make_pack", name="pack_ref", ref="p.ref")
        + ") <> 1"
    ),
    "Every export has one job to write it, and one more for each time that it was asked for again": (
        "SELECT x.ref FROM ledger_journalexport x WHERE (SELECT count(*) "
        + EXPORT_JOB_OF.format(task="make_journal_export", name="export_ref", ref="x.ref")
        + ") <> 1 + (SELECT count(*) FROM workflows_idempotencykey k WHERE k.action = 'retry_export'"
        " AND k.answer->>'export' = x.ref)"
    ),
    "Every contract has a job for its revenue for each time that it is signed, changed, accepted, corrected or ended": (
        "SELECT c.ref FROM contracts_contract c WHERE c.active_version_id IS NOT NULL AND (SELECT count(*) "
        + REVENUE_JOB_OF.format(task="recognise_revenue", name="contract_ref", ref="c.ref")
        + ") <> 1 + (SELECT count(*) FROM contracts_changeorder o WHERE o.contract_id = c.id AND o.state = 'signed')"
        " + (SELECT count(*) FROM milestones_milestone m JOIN milestones_decision d"
        " ON d.submission_id = m.accepted_submission_id WHERE m.contract_id = c.id AND d.outcome <> 'settled')"
        " + (c.state = 'terminated')::int"
        " + (SELECT count(*) FROM invoicing_invoice b WHERE b.contract_id = c.id AND b.kind = 'bonus')"
        " + (SELECT count(*) FROM invoicing_creditnote x LEFT JOIN milestones_nullification n"
        f" ON n.id = x.nullification_id WHERE x.contract_id = c.id AND NOT coalesce({BY_CHANGE}, FALSE))"
        " + (SELECT count(*) FROM milestones_nullification n WHERE n.contract_id = c.id AND n.state = 'granted'"
        f" AND n.unbilled = n.amount AND NOT {BY_CHANGE})"
    ),
    "Every month that is closed or being closed has its job": (
        "SELECT p.ref FROM revenue_accountingperiod p WHERE NOT EXISTS (SELECT 1 "
        + REVENUE_JOB_OF.format(task="close_period", name="period_ref", ref="p.ref")
        + ")"
    ),
    "The numbers of a book's entries have no gap": (
        "SELECT book_id::text FROM ledger_entrynumber GROUP BY book_id HAVING max(number) <> count(*)"
    ),
    "Somebody hears once of every reminder": (
        "SELECT s.ref || ' ' || r.kind FROM milestones_reminder r"
        " JOIN milestones_submission s ON s.id = r.submission_id"
        " WHERE (SELECT count(*) FROM procrastinate_jobs j WHERE j.args->>'submission_ref' = s.ref AND CASE r.kind"
        " WHEN 'passed' THEN j.task_name = 'apps.workflows.jobs.send_review_passed'"
        " ELSE j.task_name = 'apps.workflows.jobs.send_review_reminder' AND j.args->>'kind' = r.kind END)"
        " <> (SELECT count(*) FROM milestones_reminder o WHERE o.submission_id = s.id AND o.kind = r.kind)"
    ),
    "The seller hears once of every question, and the buyer once of every answer": (
        "SELECT q.ref FROM milestones_question q WHERE (SELECT count(*) FROM procrastinate_jobs j"
        " WHERE j.args->>'question_ref' = q.ref) <> 1 + (q.answered_at IS NOT NULL)::int"
    ),
    "A clock stands still exactly while a question that stops it waits, or a dispute does": (
        "SELECT s.ref FROM milestones_submission s WHERE s.state = 'submitted' AND (s.suspended_at IS NOT NULL)"
        " <> (EXISTS (SELECT 1 FROM milestones_question q WHERE q.submission_id = s.id AND q.stops_clock"
        " AND q.answered_at IS NULL) OR EXISTS (SELECT 1 FROM milestones_dispute d WHERE d.submission_id = s.id"
        " AND d.stopped_at IS NOT NULL AND d.state IN ('open', 'proposed')))"
    ),
    "The other side hears once of every position and every proposal in a dispute, and once of its end": (
        "SELECT d.ref FROM milestones_dispute d WHERE (SELECT count(*) FROM procrastinate_jobs j"
        " WHERE j.args->>'dispute_ref' = d.ref AND j.task_name = 'apps.workflows.dispute_jobs.send_dispute_news')"
        " <> (SELECT count(*) FROM milestones_disputeposition p WHERE p.dispute_id = d.id)"
        " + (SELECT count(*) FROM milestones_disputeproposal o WHERE o.dispute_id = d.id)"
        " + (d.settled_at IS NOT NULL)::int"
    ),
    "The other side hears once of every word about a reservation": (
        "SELECT w.ref FROM milestones_reservationword w WHERE (SELECT count(*) FROM procrastinate_jobs j"
        " WHERE j.args->>'word_ref' = w.ref"
        " AND j.task_name = 'apps.workflows.reservation_jobs.send_reservation_news') <> 1"
    ),
    "Every missed position is told once": (
        "SELECT d.ref FROM milestones_dispute d WHERE (SELECT count(*) FROM procrastinate_jobs j"
        " WHERE j.args->>'dispute_ref' = d.ref"
        " AND j.task_name = 'apps.workflows.dispute_jobs.send_dispute_reminder')"
        " <> (SELECT count(*) FROM milestones_disputereminder r WHERE r.dispute_id = d.id)"
    ),
    "The buyer hears once of every inspection, and the seller of every defect": (
        "SELECT i.ref FROM milestones_inspection i WHERE (SELECT count(*) FROM procrastinate_jobs j"
        " WHERE j.args->>'inspection_ref' = i.ref) <> 1 + (NOT i.is_passed)::int"
    ),
    "The buyer's inspectors hear once of what has to be inspected, and of nothing else": (
        # As the line says, in the plan under which it was submitted; what a settlement values nobody inspects.
        "SELECT s.ref FROM milestones_submission s JOIN milestones_milestone m ON m.id = s.milestone_id"
        " JOIN contracts_contractversion v ON v.id = (SELECT coalesce(max(g.plan_id), max(g.version_id))"
        " FROM contracts_signature g WHERE g.contract_id = s.contract_id"
        " AND g.sha256 = s.canonical_text::jsonb->'contract'->>'sha256')"
        " JOIN contracts_planline l ON l.version_id = v.id AND l.position = m.position WHERE s.canonical_text <> ''"
        " AND NOT EXISTS (SELECT 1 FROM milestones_decision d WHERE d.submission_id = s.id AND d.outcome = 'settled')"
        " AND (SELECT count(*) FROM procrastinate_jobs j WHERE j.args->>'submission_ref' = s.ref"
        " AND j.task_name LIKE '%.send_inspection_wanted') <> coalesce(l.needs_inspection, v.needs_inspection)::int"
    ),
    "A colleague hears once of what was passed on, and so does the signatory where it went from link to link": (
        "SELECT h.ref FROM milestones_handover h WHERE (SELECT array_agg(split_part(j.task_name, '.send_', 2)"
        " ORDER BY j.task_name) FROM procrastinate_jobs j WHERE j.args->>'hand_over_ref' = h.ref)"
        " IS DISTINCT FROM CASE WHEN h.grant_id IS NULL THEN ARRAY['passed_on'] ELSE ARRAY['passed_on',"
        " 'told_of_passing'] END"
    ),
    "A second acceptor is called once for every first": (
        "SELECT f.ref FROM milestones_firstacceptance f JOIN milestones_submission s ON s.id = f.submission_id"
        " WHERE (SELECT count(*) FROM procrastinate_jobs j WHERE j.args->>'submission_ref' = s.ref"
        " AND j.task_name LIKE '%.send_second_wanted') <> 1"
    ),
    "The buyer is told once of what its silence meant": (
        "SELECT s.ref FROM milestones_decision d JOIN milestones_submission s ON s.id = d.submission_id"
        " WHERE d.rule = 'silence' AND (SELECT count(*) "
        + JOB_OF.format(task="send_review_lapsed", name="submission_ref", ref="s.ref")
        + ") <> 1"
    ),
    "Every letter with an invoice is sent once": (
        "SELECT d.ref FROM invoicing_delivery d WHERE (SELECT count(*) "
        + JOB_OF.format(task="send_invoice", name="delivery_ref", ref="d.ref")
        + ") <> 1"
    ),
    "The buyer is told once of every payment that the seller recorded": (
        "SELECT p.ref FROM invoicing_payment p WHERE NOT EXISTS (SELECT 1 FROM financing_collection c"
        " WHERE c.payment_id = p.id) AND (SELECT count(*) "
        + JOB_OF.format(task="send_payment_receipt", name="payment_ref", ref="p.ref")
        + ") <> 1"
    ),
    "The buyer is told once of every payment that was taken back": (
        "SELECT p.ref FROM invoicing_paymentreversal r JOIN invoicing_payment p ON p.id = r.payment_id"
        " WHERE (SELECT count(*) "
        + JOB_OF.format(task="send_payment_reversed", name="payment_ref", ref="p.ref")
        + ") <> 1"
    ),
    "The payer is told once of every refund that was paid, and once if it came back": (
        "SELECT f.ref FROM invoicing_refund f WHERE (SELECT count(*) "
        + REFUND_JOB_OF.format(task="send_refund", name="refund_ref", ref="f.ref")
        + ") <> (f.recorded_at IS NOT NULL)::int OR (SELECT count(*) "
        + REFUND_JOB_OF.format(task="send_refund_returned", name="refund_ref", ref="f.ref")
        + ") <> (f.state = 'returned')::int"
    ),
    "What a bank statement brought is matched by one job": (
        "SELECT f.ref FROM invoicing_statementfile f WHERE (SELECT count(*) "
        + JOB_OF.format(task="match_statements", name="file_ref", ref="f.ref")
        + ") <> (f.brought > 0)::int"
    ),
    "Every code is sent once": (
        "SELECT c.ref FROM workflows_proofcode c WHERE (SELECT count(*) "
        + JOB_OF.format(task="send_proof_code", name="code_ref", ref="c.ref")
        + ") <> 1"
    ),
    "A code works no more when a newer one is sent": (
        "SELECT c.ref FROM workflows_proofcode c JOIN workflows_proofcode n ON n.id > c.id"
        " AND n.user_id IS NOT DISTINCT FROM c.user_id AND n.grant_id IS NOT DISTINCT FROM c.grant_id"
        " WHERE c.expires_at > n.sent_at AND coalesce(c.used_at > n.sent_at, TRUE)"
    ),
    "A milestone is accepted, or was until both sides withdrew it, exactly when its text of acceptance is there": (
        "SELECT m.ref FROM milestones_milestone m WHERE (m.state IN ('accepted', 'nullified')) <> EXISTS (SELECT 1"
        " FROM milestones_decision d JOIN milestones_submission s ON s.id = d.submission_id"
        " WHERE s.milestone_id = m.id AND d.outcome IN ('accepted', 'partly_accepted', 'deemed_accepted', 'settled'))"
    ),
    "What is billed by the calendar is billed from its day on, and never before an earlier period": (
        "SELECT d.ref FROM invoicing_instalment d JOIN invoicing_invoice i ON i.instalment_id = d.id"
        " WHERE i.issued_on < d.bills_on OR EXISTS (SELECT 1 FROM invoicing_instalment e"
        " LEFT JOIN invoicing_invoice v ON v.instalment_id = e.id WHERE e.line_id = d.line_id AND e.number < d.number"
        " AND (v.id IS NULL OR v.series_year > i.series_year"
        " OR (v.series_year = i.series_year AND v.series_position > i.series_position)))"
    ),
    "What starts with a milestone has a day exactly when that is wholly accepted": (
        "SELECT d.ref FROM invoicing_instalment d WHERE d.starts_with_id IS NOT NULL AND d.cancelled_at IS NULL"
        " AND (d.bills_on IS NULL) <> EXISTS (SELECT 1 FROM milestones_milestone m"
        " WHERE m.line_id = d.starts_with_id AND m.state <> 'accepted')"
    ),
    "A mailbox has one open invitation to a team at most": (
        "SELECT min(email) FROM parties_invitation WHERE accepted_at IS NULL AND revoked_at IS NULL"
        " GROUP BY organisation_id, email HAVING count(*) > 1"
    ),
    "An invitation was accepted or taken back, not both": (
        "SELECT email FROM parties_invitation WHERE accepted_at IS NOT NULL AND revoked_at IS NOT NULL"
    ),
    "Nobody belongs to a team twice": (
        "SELECT min(ref) FROM parties_membership WHERE ended_at IS NULL GROUP BY organisation_id, user_id"
        " HAVING count(*) > 1"
    ),
    "Nobody waits for a decision that was taken": (
        "SELECT g.ref FROM contracts_guestgrant g JOIN milestones_submission s ON s.ref = g.subject_ref"
        " WHERE s.state <> 'submitted' AND g.used_at IS NULL AND g.revoked_at IS NULL"
    ),
}
"""Sentences with the SQL that finds what contradicts them; beyond what the verifiers check."""


def wrong() -> list[str]:
    """Everything that is not as it must be, in words; nothing when all is well."""
    return [*_said_by_verifiers(), *contradictions()]


def contradictions() -> Iterator[str]:
    """What contradicts this module's own sentences."""
    with connections["owner"].cursor() as cursor:
        for sentence, sql in SENTENCES.items():
            cursor.execute(sql)
            yield from (f"NOT TRUE: {sentence}: {subject}" for (subject,) in cursor.fetchall())


def _said_by_verifiers() -> Iterator[str]:
    for verifier in VERIFIERS:
        said = StringIO()
        try:
            call_command(verifier, verbosity=0, stdout=said)
        except CommandError as error:
            yield f"{verifier}: {error} {said.getvalue().strip()}"


def fingerprint() -> str:
    """One text for the content of every table: which versions of which rows there are.

    Postgres never writes into a row: what was changed, even back to what it was, is another version with another
    ``xmin``. So nothing of the content needs to be read.
    """
    with connections["owner"].cursor() as cursor:
        each = " || '|' || ".join(
            f"(SELECT count(*) || ' ' || coalesce(sum(hashtextextended(xmin::text || ctid::text, 0)), 0) FROM {table})"
            for table in tables()
        )
        cursor.execute(f"SELECT {each}")
        return str(cursor.fetchone()[0])


def counts() -> dict[str, int]:
    """How many rows each table has whose rows are counted."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'(SELECT count(*) FROM {table})' for table in counted())}")
        return dict(zip(counted(), cursor.fetchone(), strict=True))


def added(before: dict[str, int]) -> dict[str, int]:
    """By how many rows each table has grown since; tables that did not are left out."""
    now = counts()
    return {table: now[table] - before[table] for table in now if now[table] != before[table]}


def stored_answer(*, key: str) -> str | None:
    """What is kept under a one-time key, as JSON."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT answer::text FROM workflows_idempotencykey WHERE key = %s", [key])
        found = cursor.fetchone()
    return found[0] if found else None


def wait_until_alone() -> None:
    """Until Postgres has noticed that its clients are dead: their backends have ended, one way or the other."""
    _wait_until_none("pid <> pg_backend_pid()")


def wait_until_quiet() -> None:
    """Until no other session is inside a transaction."""
    _wait_until_none("pid <> pg_backend_pid() AND state <> 'idle'")


def _wait_until_none(such: str) -> None:
    with connections["owner"].cursor() as cursor:
        for _ in range(20_000):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                f" AND backend_type = 'client backend' AND {such}"
            )
            if cursor.fetchone() == (0,):
                return
            time.sleep(0.002)
    raise AssertionError("a backend outlived its client by more than 40 seconds")


def tables() -> list[str]:
    """All tables but the sessions and the registry of workers."""
    if not _tables:
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                " AND tablename NOT IN ('django_session', 'django_cache', 'procrastinate_workers') ORDER BY 1"
            )
            _tables.extend(table for (table,) in cursor.fetchall())
    return _tables


def counted() -> list[str]:
    """Those of which an action adds always as many rows.

    One in 64 sums of what is open sweeps the others of its side into one: what they come to is a sentence of
    ``verify_ledger``, how many they are is chance.
    """
    return [table for table in tables() if table != "invoicing_opensum"]


_tables: list[str] = []

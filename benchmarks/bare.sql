-- The same SQL as the bare application's, for pgbench: what is left when there is no Python between the statements.
SELECT nextval('bare_next') AS milestone \gset
BEGIN;
SELECT id, series_id, state, amount FROM bare_milestone WHERE id = :milestone AND state = 'submitted' FOR UPDATE;
SELECT id, seller, last FROM bare_series WHERE id = 1 FOR UPDATE;
UPDATE bare_series SET last = last + 1 WHERE id = 1 RETURNING last AS number \gset
UPDATE bare_milestone SET state = 'accepted' WHERE id = :milestone;
INSERT INTO bare_invoice (milestone_id, seller, number, net, gross, issued_at) VALUES (:milestone, 1, 'B-' || lpad(:number::text, 5, '0'), 1200, 1428, now()) RETURNING id AS invoice \gset
INSERT INTO bare_line (invoice_id, description, net) VALUES (:invoice, 'Step', 600), (:invoice, 'Step', 360), (:invoice, 'Step', 240);
INSERT INTO bare_posting (invoice_id, account, amount) VALUES (:invoice, '1100', 1428), (:invoice, '2000', -1200), (:invoice, '2100', -228), (:invoice, '9000', 0);
SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[ROW('documents', 'apps.workflows.jobs.render_invoice', 0, NULL, NULL, '{"invoice_ref": "x", "organisation_id": 1}', NULL)::procrastinate_job_to_defer_v1]));
COMMIT;

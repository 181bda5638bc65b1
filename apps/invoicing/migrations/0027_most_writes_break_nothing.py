"""Guards that ask nothing where a write cannot break their rule; they refuse what they refused before.

Their texts are installed as they are, for pgtrigger's own operations render all models anew (docs/decisions/0025).
"""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

BEFORE = [
    pgtrigger.migrations.RemoveTrigger(
        model_name='invoice',
        name='invoice_is_complete',
    ),
    pgtrigger.migrations.RemoveTrigger(
        model_name='invoiceline',
        name='given_back_is_an_advance_of_the_same_contract',
    ),
    pgtrigger.migrations.RemoveTrigger(
        model_name='invoiceline',
        name='no_advance_is_given_back_beyond_itself',
    ),
    pgtrigger.migrations.RemoveTrigger(
        model_name='numberseries',
        name='every_number_is_used',
    ),
]
NOW = [
    pgtrigger.migrations.AddTrigger(
        model_name='invoice',
        trigger=pgtrigger.compiler.Trigger(name='invoice_is_complete', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF NEW.kind = 'advance' OR NEW.instalment_id IS NOT NULL THEN IF (NEW.kind = 'advance') IS DISTINCT FROM (NEW.instalment_id IS NOT NULL AND EXISTS (SELECT 1 FROM invoicing_instalment i JOIN contracts_planline p ON p.id = i.line_id WHERE i.id = NEW.instalment_id AND p.recovery <> '')) THEN RAISE EXCEPTION 'invoice % lacks lines, an open item, its retention or a document', NEW.number USING ERRCODE = 'check_violation'; END IF; END IF; IF (SELECT (sum(l.net), -coalesce(sum(l.net) FILTER (WHERE l.advance_id IS NOT NULL), 0)) FROM invoicing_invoiceline l WHERE l.invoice_id = NEW.id) IS DISTINCT FROM (NEW.net, NEW.recovered) OR NOT EXISTS (SELECT 1 FROM invoicing_openitem o WHERE o.invoice_id = NEW.id AND o.gross = NEW.gross AND o.retained = coalesce((SELECT sum(r.held) FROM invoicing_retention r WHERE r.invoice_id = NEW.id), 0)) OR NOT EXISTS (SELECT 1 FROM invoicing_document d WHERE d.invoice_id = NEW.id) THEN RAISE EXCEPTION 'invoice % lacks lines, an open item, its retention or a document', NEW.number USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='058e24138ac648e1ab9e92bd83a89376ec846123', operation='INSERT', pgid='pgtrigger_invoice_is_complete_2d6c0', table='invoicing_invoice', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
    ),
    pgtrigger.migrations.AddTrigger(
        model_name='invoiceline',
        trigger=pgtrigger.compiler.Trigger(name='given_back_is_an_advance_of_the_same_contract', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW.advance_id IS NOT NULL)', func="IF NOT EXISTS (SELECT 1 FROM invoicing_invoice i JOIN invoicing_invoice a ON (a.contract_id, a.currency) = (i.contract_id, i.currency) AND a.kind = 'advance' JOIN invoicing_invoiceline l ON l.invoice_id = a.id AND (l.tax_category, l.tax_rate) = (NEW.tax_category, NEW.tax_rate) WHERE i.id = NEW.invoice_id AND a.id = NEW.advance_id) THEN RAISE EXCEPTION 'given back is an advance of the same contract' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='07dfae3509da41955b0173b0e5d1bf0ba92f6fda', operation='INSERT', pgid='pgtrigger_given_back_is_an_advance_of_the_same_contract_b477a', table='invoicing_invoiceline', when='BEFORE')),
    ),
    pgtrigger.migrations.AddTrigger(
        model_name='invoiceline',
        trigger=pgtrigger.compiler.Trigger(name='no_advance_is_given_back_beyond_itself', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW.advance_id IS NOT NULL)', constraint='CONSTRAINT', func="IF (SELECT a.net - coalesce((SELECT sum(n.net) FROM invoicing_creditnote n WHERE n.invoice_id = a.id), 0) + coalesce((SELECT sum(l.net) FROM invoicing_invoiceline l WHERE l.advance_id = a.id), 0) - coalesce((SELECT sum(c.net) FROM invoicing_creditnoteline c JOIN invoicing_invoiceline l ON l.id = c.invoice_line_id WHERE l.advance_id = a.id), 0) FROM invoicing_invoice a WHERE a.id = NEW.advance_id) < 0 THEN RAISE EXCEPTION 'more of deposit % is given back than was invoiced', NEW.advance_id USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='30854170a25c5cc58faee210191f36b7adbf8964', operation='INSERT', pgid='pgtrigger_no_advance_is_given_back_beyond_itself_68ef5', table='invoicing_invoiceline', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
    ),
    pgtrigger.migrations.AddTrigger(
        model_name='numberseries',
        trigger=pgtrigger.compiler.Trigger(name='every_number_is_used', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF NOT EXISTS (SELECT 1 FROM invoicing_invoice i WHERE i.seller_id = NEW.organisation_id AND i.series_prefix = NEW.prefix AND i.series_year = NEW.year AND i.series_position = NEW.last AND i.issued_at = NEW.last_issued_at) THEN IF NOT EXISTS (SELECT 1 FROM invoicing_creditnote c WHERE c.seller_id = NEW.organisation_id AND c.series_prefix = NEW.prefix AND c.series_year = NEW.year AND c.series_position = NEW.last AND c.issued_at = NEW.last_issued_at) THEN RAISE EXCEPTION 'number % of the series % was drawn and not used', NEW.last, NEW.prefix USING ERRCODE = 'check_violation'; END IF; END IF; RETURN NULL;", hash='aafce7132cd2d0b3760f090e729628038eac204e', operation='UPDATE', pgid='pgtrigger_every_number_is_used_a68fd', table='invoicing_numberseries', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
    ),
]


class Migration(migrations.Migration):

    dependencies = [
        ('invoicing', '0001_squashed_0026_cheap_questions_first'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL([guard.trigger.install_sql for guard in NOW], migrations.RunSQL.noop),
            ],
            state_operations=[*BEFORE, *NOW],
        ),
    ]

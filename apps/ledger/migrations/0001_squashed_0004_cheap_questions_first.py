"""Every table of this app in its present form, for a database that has none of them yet.

It stands for the files that it replaces, which stay for databases that are on their way (docs/decisions/0025).
"""

import apps.core.refs
import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Book',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('currency', models.CharField(max_length=3)),
            ('purpose', models.CharField(choices=[('seller', "Seller's book"), ('financier', "Financier's book")], max_length=10)),
            ('closed_through', models.DateField(blank=True, null=True, verbose_name='closed through')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
        ],
        options={
            'constraints': [models.UniqueConstraint(models.F('organisation'), models.F('currency'), models.F('purpose'), name='one_book_per_purpose')],
            'triggers': [pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='da1a6ef0aa7332b6e589dbb31372ba042437d736', operation='DELETE', pgid='pgtrigger_never_deleted_52600', table='ledger_book', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='Account',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('code', models.CharField(max_length=12)),
            ('name', models.CharField(max_length=80)),
            ('kind', models.CharField(choices=[('asset', 'Asset'), ('liability', 'Liability'), ('income', 'Income'), ('expense', 'Expense')], max_length=10)),
            ('one_sided', models.CharField(blank=True, choices=[('', 'either sign'), ('debit', 'never in credit'), ('credit', 'never in debit')], default='', max_length=6)),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
            ('book', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='ledger.book')),
        ],
        options={
            'ordering': ('code',),
            'constraints': [models.UniqueConstraint(models.F('book'), models.F('code'), name='account_codes_unique')],
            'triggers': [pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='35d00d7feda316c4493d317719a790a3e2069693', operation='DELETE', pgid='pgtrigger_never_deleted_d9133', table='ledger_account', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='Entry',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('cause', models.CharField(max_length=80)),
            ('description', models.CharField(max_length=200, verbose_name='description')),
            ('booked_on', models.DateField(verbose_name='business date')),
            ('posted_at', models.DateTimeField()),
            ('book', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='ledger.book')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
            ('reverses', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='ledger.entry')),
        ],
        options={
            'indexes': [models.Index(models.F('book'), models.F('booked_on'), models.F('id'), name='entry_by_date')],
            'constraints': [models.UniqueConstraint(models.F('book'), models.F('cause'), name='cause_unique_per_book')],
            'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is append-only; correct it with a new one' USING ERRCODE = 'check_violation';", hash='8f14f0e92d6291fc3e9aec88b7a1c16796a0d5f4', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_af900', table='ledger_entry', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this table is append-only and is never truncated' USING ERRCODE = 'check_violation';", hash='3eab15f23c7824eb955d76e52960ebb8cd576320', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_69bc3', table='ledger_entry', when='BEFORE')), pgtrigger.compiler.Trigger(name='closed_period_refuses', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM ledger_book b WHERE b.id = NEW.book_id AND NEW.booked_on <= b.closed_through) THEN RAISE EXCEPTION 'closed period refuses' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='eaa8b486bd599d4d70bb716b91258d0806b211bb', operation='INSERT', pgid='pgtrigger_closed_period_refuses_c6fb2', table='ledger_entry', when='BEFORE')), pgtrigger.compiler.Trigger(name='entry_has_lines', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF (SELECT count(*) FROM ledger_line l WHERE l.entry_id = NEW.id) < 2 THEN RAISE EXCEPTION 'entry % has fewer than two lines', NEW.id USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='c1cd063fcaf84e3c779c597151aac973fa6db4ad', operation='INSERT', pgid='pgtrigger_entry_has_lines_05485', table='ledger_entry', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')), pgtrigger.compiler.Trigger(name='reversal_is_the_exact_negation', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW.reverses_id IS NOT NULL)', constraint='CONSTRAINT', func="IF EXISTS (SELECT 1 FROM ledger_line l WHERE l.entry_id IN (NEW.id, NEW.reverses_id) GROUP BY l.account_id, l.key HAVING sum(l.amount) <> 0) OR NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = NEW.reverses_id AND e.book_id = NEW.book_id) THEN RAISE EXCEPTION 'entry % does not reverse entry % exactly', NEW.id, NEW.reverses_id USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='a77538ba49334428764559014efcb1e1277bdfef', operation='INSERT', pgid='pgtrigger_reversal_is_the_exact_negation_863fb', table='ledger_entry', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER'))],
        },
    ),
    migrations.CreateModel(
        name='Line',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('key', models.CharField(blank=True, max_length=40)),
            ('amount', models.DecimalField(decimal_places=3, max_digits=20)),
            ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='ledger.account')),
            ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='ledger.entry')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
        ],
        options={
            'indexes': [models.Index(models.F('account'), models.F('key'), name='line_by_account_and_key')],
            'constraints': [models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='line_amount_not_zero')],
            'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is append-only; correct it with a new one' USING ERRCODE = 'check_violation';", hash='af76c96dba980d9d586cb00e046a8dc99a9b62a4', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_6530f', table='ledger_line', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this table is append-only and is never truncated' USING ERRCODE = 'check_violation';", hash='8ddcc39815f50d283ca9bd3d635f0d6341ea1536', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_89b87', table='ledger_line', when='BEFORE')), pgtrigger.compiler.Trigger(name='line_in_the_book_of_its_entry', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NOT EXISTS (SELECT 1 FROM ledger_entry e JOIN ledger_account a ON a.book_id = e.book_id WHERE e.id = NEW.entry_id AND a.id = NEW.account_id AND e.organisation_id = NEW.organisation_id) THEN RAISE EXCEPTION 'line in the book of its entry' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='39324deefb2f87f24ad416a7202af161d3313c7e', operation='INSERT', pgid='pgtrigger_line_in_the_book_of_its_entry_e6bed', table='ledger_line', when='BEFORE')), pgtrigger.compiler.Trigger(name='entry_balances', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF (SELECT sum(l.amount) FROM ledger_line l WHERE l.entry_id = NEW.entry_id) IS DISTINCT FROM 0 THEN RAISE EXCEPTION 'entry % does not balance', NEW.entry_id USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='d3b03396471879254d271dc8307fed6377b86979', operation='INSERT', pgid='pgtrigger_entry_balances_6f1b3', table='ledger_line', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER'))],
        },
    ),
    migrations.CreateModel(
        name='Balance',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('key', models.CharField(max_length=40)),
            ('amount', models.DecimalField(decimal_places=3, max_digits=20)),
            ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='balances', to='ledger.account')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
        ],
        options={
            'indexes': [models.Index(models.F('account'), condition=models.Q(('amount', 0), _negated=True), name='balances_that_stand')],
            'constraints': [models.UniqueConstraint(models.F('account'), models.F('key'), name='one_balance_per_key')],
            'triggers': [pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='1724ed883126e7b4602325d749fa147e621ba8d9', operation='DELETE', pgid='pgtrigger_never_deleted_f8824', table='ledger_balance', when='BEFORE')), pgtrigger.compiler.Trigger(name='one_sided_balance_keeps_its_sign', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM ledger_account a WHERE a.id = NEW.account_id AND ((a.one_sided = 'debit' AND NEW.amount < 0) OR (a.one_sided = 'credit' AND NEW.amount > 0))) THEN RAISE EXCEPTION 'account % would change its sign for %', NEW.account_id, NEW.key USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='2b059c9b3522cb73441a5db34ed8d4b65060573f', operation='INSERT OR UPDATE', pgid='pgtrigger_one_sided_balance_keeps_its_sign_ad504', table='ledger_balance', when='AFTER'))],
        },
    ),
    migrations.CreateModel(
        name='JournalExport',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('state', models.CharField(choices=[('making', 'Being made'), ('ready', 'Ready'), ('failed', 'Failed')], default='making', max_length=10)),
            ('requested_at', models.DateTimeField()),
            ('made_at', models.DateTimeField(blank=True, null=True)),
            ('stored_as', models.CharField(blank=True, max_length=120)),
            ('size', models.PositiveBigIntegerField(default=0, help_text='bytes')),
            ('sha256', models.CharField(blank=True, max_length=64)),
            ('failure', models.CharField(blank=True, max_length=400)),
            ('format', models.CharField(choices=[('csv', 'CSV'), ('xlsx', 'XLSX'), ('datev', 'DATEV'), ('xero', 'Xero'), ('quickbooks', 'QuickBooks')], max_length=12)),
            ('starts_on', models.DateField()),
            ('ends_on', models.DateField()),
            ('accounts', models.JSONField(default=dict)),
            ('details', models.JSONField(default=dict)),
            ('numbered_through', models.PositiveBigIntegerField()),
            ('numbers', models.TextField()),
            ('entries', models.PositiveIntegerField()),
            ('lines', models.PositiveIntegerField()),
            ('debit', models.DecimalField(decimal_places=3, max_digits=24)),
            ('credit', models.DecimalField(decimal_places=3, max_digits=24)),
            ('replaced', models.PositiveIntegerField(default=0)),
            ('done_lines', models.PositiveIntegerField(default=0)),
            ('book', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exports', to='ledger.book')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
        ],
        options={
            'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('made_at__isnull', False), ('size__gt', 0), ('state', 'ready'), models.Q(('sha256', ''), _negated=True), models.Q(('stored_as', ''), _negated=True)), models.Q(('state', 'ready'), _negated=True), _connector='OR'), name='ready_journalexport_has_its_bytes'), models.CheckConstraint(condition=models.Q(('debit', models.F('credit')), ('debit__gt', 0)), name='exports_balance'), models.CheckConstraint(condition=models.Q(('starts_on__lte', models.F('ends_on'))), name='export_begins_before_it_ends')],
            'triggers': [pgtrigger.compiler.Trigger(name='legal_steps', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.state IS DISTINCT FROM NEW.state)', func="IF NOT ((OLD.state = 'failed' AND NEW.state = 'making') OR (OLD.state = 'making' AND NEW.state = 'failed') OR (OLD.state = 'making' AND NEW.state = 'ready')) THEN RAISE EXCEPTION 'illegal step from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='b68c3487ed5bb36f3a387b2ab77dee5561a771bf', operation='UPDATE', pgid='pgtrigger_legal_steps_b9a20', table='ledger_journalexport', when='BEFORE')), pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF OLD.state = 'ready' THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='8c1fed804e94e546350800bee60220d380b429ee', operation='UPDATE OR DELETE', pgid='pgtrigger_frozen_f3665', table='ledger_journalexport', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='f84163dc584abba28578ff18b55bcd6b9a54e13b', operation='DELETE', pgid='pgtrigger_never_deleted_0ab09', table='ledger_journalexport', when='BEFORE')), pgtrigger.compiler.Trigger(name='an_export_is_of_ones_own_book', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NOT EXISTS (SELECT 1 FROM ledger_book b WHERE b.id = NEW.book_id AND b.organisation_id = NEW.organisation_id) THEN RAISE EXCEPTION 'an export is of ones own book' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='9e8b0492487f620de8ad593b981703d7b945e7ff', operation='INSERT', pgid='pgtrigger_an_export_is_of_ones_own_book_1e726', table='ledger_journalexport', when='BEFORE')), pgtrigger.compiler.Trigger(name='what_is_exported_is_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF TRUE THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW) || jsonb_build_object('state', OLD.state) || jsonb_build_object('requested_at', OLD.requested_at) || jsonb_build_object('made_at', OLD.made_at) || jsonb_build_object('stored_as', OLD.stored_as) || jsonb_build_object('size', OLD.size) || jsonb_build_object('sha256', OLD.sha256) || jsonb_build_object('failure', OLD.failure) || jsonb_build_object('replaced', OLD.replaced) || jsonb_build_object('done_lines', OLD.done_lines)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='c14fdf0c5ef65b567a7d7ed412fc25c2f39c3931', operation='UPDATE OR DELETE', pgid='pgtrigger_what_is_exported_is_frozen_02544', table='ledger_journalexport', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='OwnAccounts',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('package', models.CharField(choices=[('datev', 'DATEV'), ('xero', 'Xero'), ('quickbooks', 'QuickBooks')], max_length=12)),
            ('accounts', models.JSONField(default=dict, help_text="our code to the organisation's account")),
            ('details', models.JSONField(default=dict)),
            ('changed_at', models.DateTimeField()),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
        ],
        options={
            'constraints': [models.UniqueConstraint(models.F('organisation'), models.F('package'), name='own_accounts_once_per_package')],
            'triggers': [pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='aca446778cc8bf574472b0b006980f78af43c2af', operation='DELETE', pgid='pgtrigger_never_deleted_77101', table='ledger_ownaccounts', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='EntryNumber',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('number', models.PositiveBigIntegerField()),
            ('book', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.book')),
            ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='numbered', to='ledger.entry')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
        ],
        options={
            'constraints': [models.UniqueConstraint(models.F('book'), models.F('number'), name='entry_numbers_unique'), models.CheckConstraint(condition=models.Q(('number__gt', 0)), name='entry_numbers_count_from_one')],
            'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is append-only; correct it with a new one' USING ERRCODE = 'check_violation';", hash='49ba92e8b4b4e1dd4600275caa95d981b889707f', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_ea88a', table='ledger_entrynumber', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this table is append-only and is never truncated' USING ERRCODE = 'check_violation';", hash='f68eefc89dfc3ee11fa62133f80b6565b9585bba', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_a7c14', table='ledger_entrynumber', when='BEFORE')), pgtrigger.compiler.Trigger(name='number_in_the_book_of_its_entry', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM added a LEFT JOIN ledger_entry e ON e.id = a.entry_id WHERE e.book_id IS DISTINCT FROM a.book_id OR e.organisation_id IS DISTINCT FROM a.organisation_id) THEN RAISE EXCEPTION 'number in the book of its entry' USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='e870310b119c997621fc2fb1491373dc5fad70a8', level='STATEMENT', operation='INSERT', pgid='pgtrigger_number_in_the_book_of_its_entry_3e9f0', referencing='REFERENCING NEW TABLE AS added ', table='ledger_entrynumber', when='AFTER')), pgtrigger.compiler.Trigger(name='numbers_have_no_gap', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM (SELECT book_id, min(number) AS first, max(number) AS last, count(*) AS many FROM added GROUP BY book_id) a WHERE a.last - a.first + 1 <> a.many OR a.first - 1 <> coalesce((SELECT max(n.number) FROM ledger_entrynumber n WHERE n.book_id = a.book_id AND n.number < a.first), 0)) THEN RAISE EXCEPTION 'numbers have no gap' USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='637fd3d6a41054ce86c2ce343ffb610beaa828e7', level='STATEMENT', operation='INSERT', pgid='pgtrigger_numbers_have_no_gap_a3c1c', referencing='REFERENCING NEW TABLE AS added ', table='ledger_entrynumber', when='AFTER'))],
        },
    ),
]
TRIGGERS = [trigger for table in TABLES for trigger in table.options.get('triggers', [])]


class Migration(migrations.Migration):

    replaces = [('ledger', '0001_initial'), ('ledger', '0002_journal_exports'), ('ledger', '0003_balances_that_stand'), ('ledger', '0004_cheap_questions_first')]

    initial = True

    dependencies = [
        ('parties', '0004_addresses_of_e_invoices'),
    ]

    operations = [
        *TABLES,
        migrations.RunSQL(
            [trigger.install_sql for trigger in TRIGGERS],
            [trigger.uninstall_sql for trigger in TRIGGERS],
        ),
    ]

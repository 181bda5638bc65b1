"""Every table of this app in its present form, for a database that has none of them yet.

It stands for the files that it replaces, which stay for databases that are on their way (docs/decisions/0025).
"""

import apps.core.refs
import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Modification',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('treatment', models.CharField(choices=[('separate', 'Separate contract'), ('prospective', 'Prospective'), ('catch_up', 'Cumulative catch-up')], max_length=15, verbose_name='treated as')),
            ('reason', models.CharField(choices=[('only_added', 'Only distinct work is added, at its stand-alone price (IFRS 15.20)'), ('not_begun', 'What changes is distinct and not begun (IFRS 15.21(a))'), ('partly_done', 'What changes is partly done (IFRS 15.21(b))'), ('nothing_left', 'Nothing is left to bear the price (IFRS 15.21(b))')], max_length=15, verbose_name='reason')),
            ('currency', models.CharField(max_length=3)),
            ('price_before', models.DecimalField(decimal_places=3, max_digits=18)),
            ('price_after', models.DecimalField(decimal_places=3, max_digits=18)),
            ('signed_on', models.DateField(verbose_name='signed on')),
            ('treated_at', models.DateTimeField()),
            ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contract')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
            ('version', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contractversion')),
        ],
        options={
            'ordering': ('id',),
            'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is append-only; correct it with a new one' USING ERRCODE = 'check_violation';", hash='40c4062012f91428485754bc05d6e235ac13f2e2', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_65a85', table='revenue_modification', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this table is append-only and is never truncated' USING ERRCODE = 'check_violation';", hash='eb8d086413761804a99b0b8d4aa9e1dfdc08e69e', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_a4572', table='revenue_modification', when='BEFORE')), pgtrigger.compiler.Trigger(name='modification_by_a_version_of_its_contract', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NOT EXISTS (SELECT 1 FROM contracts_contractversion v JOIN contracts_contract c ON c.id = v.contract_id WHERE v.id = NEW.version_id AND c.id = NEW.contract_id AND v.changes_id IS NOT NULL AND c.seller_id = NEW.organisation_id) THEN RAISE EXCEPTION 'modification by a version of its contract' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='1d6025368aa8af39ccbe08b8750718e13c5aefd3', operation='INSERT', pgid='pgtrigger_modification_by_a_version_of_its_contract_e6b98', table='revenue_modification', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='Obligation',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('position', models.PositiveIntegerField()),
            ('title', models.CharField(max_length=160, verbose_name='obligation')),
            ('measure', models.CharField(choices=[('point_in_time', 'At acceptance'), ('output', 'By accepted parts'), ('over_time', 'Over time, by days')], max_length=15, verbose_name='recognised')),
            ('currency', models.CharField(max_length=3)),
            ('planned_on', models.DateField(blank=True, null=True, verbose_name='planned date')),
            ('standalone', models.DecimalField(decimal_places=3, max_digits=18, verbose_name='stand-alone price')),
            ('agreed', models.DecimalField(decimal_places=3, max_digits=18)),
            ('done', models.DecimalField(decimal_places=3, default=0, max_digits=18)),
            ('allocated', models.DecimalField(decimal_places=3, max_digits=18, verbose_name='allocated price')),
            ('carried', models.DecimalField(decimal_places=3, default=0, max_digits=18)),
            ('done_before', models.DecimalField(decimal_places=3, default=0, max_digits=18)),
            ('credited', models.DecimalField(decimal_places=3, default=0, max_digits=18)),
            ('recognised', models.DecimalField(decimal_places=3, default=0, max_digits=18, verbose_name='recognised')),
            ('through', models.DateField(blank=True, null=True)),
            ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contract')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
            ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contractversion')),
        ],
        options={
            'ordering': ('contract', 'position'),
            'indexes': [models.Index(models.F('organisation'), models.F('contract'), name='obligation_of_organisation'), models.Index(models.F('organisation'), models.F('through'), condition=models.Q(('measure', 'over_time')), name='obligation_by_days')],
            'constraints': [models.UniqueConstraint(models.F('contract'), models.F('position'), name='one_obligation_per_position'), models.CheckConstraint(condition=models.Q(('agreed__gte', 0), ('allocated__gte', 0), ('carried__gte', 0), ('credited__gte', 0), ('recognised__gte', 0), ('standalone__gte', 0)), name='obligation_amounts_not_negative'), models.CheckConstraint(condition=models.Q(('done__gte', 0), ('done__lte', models.F('agreed')), ('done_before__gte', 0)), name='done_is_a_part_of_what_is_agreed'), models.CheckConstraint(condition=models.Q(('recognised__lte', models.F('allocated'))), name='no_more_is_recognised_than_is_allocated'), models.CheckConstraint(condition=models.Q(models.Q(('done', 0), ('measure', 'over_time')), models.Q(('measure__in', ['point_in_time', 'output']), ('through__isnull', True)), _connector='OR'), name='days_or_acceptances_measure')],
            'triggers': [pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='8a33abcca6f61b35d26b75f9acbecdbc59a8b28d', operation='DELETE', pgid='pgtrigger_never_deleted_8a362', table='revenue_obligation', when='BEFORE')), pgtrigger.compiler.Trigger(name='whose_it_is_stays', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF TRUE THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW) || jsonb_build_object('version_id', OLD.version_id) || jsonb_build_object('title', OLD.title) || jsonb_build_object('measure', OLD.measure) || jsonb_build_object('planned_on', OLD.planned_on) || jsonb_build_object('standalone', OLD.standalone) || jsonb_build_object('agreed', OLD.agreed) || jsonb_build_object('done', OLD.done) || jsonb_build_object('allocated', OLD.allocated) || jsonb_build_object('carried', OLD.carried) || jsonb_build_object('done_before', OLD.done_before) || jsonb_build_object('credited', OLD.credited) || jsonb_build_object('recognised', OLD.recognised) || jsonb_build_object('through', OLD.through)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='b81c9089f45be331b0577013ab53f043d1647a07', operation='UPDATE OR DELETE', pgid='pgtrigger_whose_it_is_stays_f0e69', table='revenue_obligation', when='BEFORE')), pgtrigger.compiler.Trigger(name='obligation_of_the_seller_of_its_contract', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NOT EXISTS (SELECT 1 FROM contracts_contract c JOIN contracts_contractversion v ON v.contract_id = c.id WHERE c.id = NEW.contract_id AND v.id = NEW.version_id AND c.seller_id = NEW.organisation_id AND c.currency = NEW.currency) THEN RAISE EXCEPTION 'obligation of the seller of its contract' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='4043a8a61086a19eede27ba0597ffcd1a9caf305', operation='INSERT', pgid='pgtrigger_obligation_of_the_seller_of_its_contract_aadc9', table='revenue_obligation', when='BEFORE')), pgtrigger.compiler.Trigger(name='recognised_is_what_was_written_down', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF (SELECT o.recognised FROM revenue_obligation o WHERE o.id = NEW.id) IS DISTINCT FROM (SELECT coalesce(sum(r.amount), 0) FROM revenue_recognition r WHERE r.obligation_id = NEW.id) THEN RAISE EXCEPTION 'obligation % differs from what was recognised of it', NEW.ref USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='59ff465da93c17ae88532cbafa55b3653e1b1c97', operation='INSERT OR UPDATE', pgid='pgtrigger_recognised_is_what_was_written_down_20101', table='revenue_obligation', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER'))],
        },
    ),
    migrations.CreateModel(
        name='Recognition',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('why', models.CharField(choices=[('acceptance', 'Accepted'), ('nullification', 'Acceptance withdrawn'), ('credit', 'Credit note'), ('change', 'Change order'), ('period', 'Days passed'), ('termination', 'Contract terminated (IFRS 15.21(b))')], max_length=15)),
            ('cause', models.CharField(max_length=60)),
            ('occurred_on', models.DateField(verbose_name='happened on')),
            ('booked_on', models.DateField(verbose_name='booked on')),
            ('currency', models.CharField(max_length=3)),
            ('cumulative', models.DecimalField(decimal_places=3, max_digits=18, verbose_name='cumulative')),
            ('amount', models.DecimalField(decimal_places=3, max_digits=18, verbose_name='amount')),
            ('recognised_at', models.DateTimeField()),
            ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contract')),
            ('entry', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.entry')),
            ('obligation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recognitions', to='revenue.obligation')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
        ],
        options={
            'ordering': ('id',),
            'indexes': [models.Index(models.F('organisation'), models.F('booked_on'), name='recognition_by_date'), models.Index(models.F('contract'), models.F('cause'), name='recognition_of_contract')],
            'constraints': [models.UniqueConstraint(models.F('obligation'), models.F('cause'), name='recognised_once_per_cause'), models.CheckConstraint(condition=models.Q(('cumulative__gte', 0)), name='cumulative_revenue_not_negative'), models.CheckConstraint(condition=models.Q(('booked_on__gte', models.F('occurred_on'))), name='booked_when_it_happened_or_later')],
            'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is append-only; correct it with a new one' USING ERRCODE = 'check_violation';", hash='8782035def9cff0a5a25ddaed42dc914bccf18d3', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_7b579', table='revenue_recognition', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this table is append-only and is never truncated' USING ERRCODE = 'check_violation';", hash='8a67a10bc7542b9b6767d0e41401118ee744b256', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_5321f', table='revenue_recognition', when='BEFORE')), pgtrigger.compiler.Trigger(name='recognised_on_an_obligation_of_the_contract', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NOT EXISTS (SELECT 1 FROM revenue_obligation o WHERE o.id = NEW.obligation_id AND (o.contract_id, o.organisation_id, o.currency) = (NEW.contract_id, NEW.organisation_id, NEW.currency)) THEN RAISE EXCEPTION 'recognised on an obligation of the contract' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='09ddcbf02e1ecd2266cbadacde72cca671a3d67b', operation='INSERT', pgid='pgtrigger_recognised_on_an_obligation_of_the_contract_920f0', table='revenue_recognition', when='BEFORE')), pgtrigger.compiler.Trigger(name='a_closed_period_takes_no_revenue', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.booked_on <= (SELECT max(p.through) FROM revenue_accountingperiod p WHERE p.organisation_id = NEW.organisation_id AND p.state = 'closed') THEN RAISE EXCEPTION 'a closed period takes no revenue' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='0b27951e8da969e34238e65e85b65a61a3c27ab1', operation='INSERT', pgid='pgtrigger_a_closed_period_takes_no_revenue_4dfe0', table='revenue_recognition', when='BEFORE')), pgtrigger.compiler.Trigger(name='cumulative_follows_from_the_amounts', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF NEW.cumulative <> (SELECT sum(r.amount) FROM revenue_recognition r WHERE r.obligation_id = NEW.obligation_id AND r.id <= NEW.id) THEN RAISE EXCEPTION 'recognition % is no difference of what is cumulative', NEW.ref USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='75af96048ccadd5d929d189054b59569dd01b803', operation='INSERT', pgid='pgtrigger_cumulative_follows_from_the_amounts_7238b', table='revenue_recognition', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')), pgtrigger.compiler.Trigger(name='recognised_as_booked', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF (SELECT coalesce(sum(r.amount), 0) FROM revenue_recognition r WHERE r.contract_id = NEW.contract_id AND r.cause = NEW.cause) IS DISTINCT FROM (SELECT coalesce(-sum(l.amount), 0) FROM ledger_line l JOIN ledger_account a ON a.id = l.account_id JOIN ledger_entry e ON e.id = l.entry_id WHERE l.entry_id = NEW.entry_id AND a.code = '4000' AND e.booked_on = NEW.booked_on AND l.key = 'contract:' || (SELECT c.ref FROM contracts_contract c WHERE c.id = NEW.contract_id)) THEN RAISE EXCEPTION 'recognition % differs from its entry', NEW.ref USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='8c5b076939550f21058c54fbfa3fdd82796d0f40', operation='INSERT', pgid='pgtrigger_recognised_as_booked_e6184', table='revenue_recognition', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER'))],
        },
    ),
    migrations.CreateModel(
        name='AccountingPeriod',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('through', models.DateField(verbose_name='month that ends on')),
            ('state', models.CharField(choices=[('closing', 'Being closed'), ('closed', 'Closed'), ('failed', 'Failed')], default='closing', max_length=10)),
            ('contracts', models.PositiveIntegerField(default=0)),
            ('done', models.PositiveIntegerField(default=0)),
            ('asked_by_name', models.CharField(max_length=160)),
            ('asked_at', models.DateTimeField()),
            ('closed_at', models.DateTimeField(blank=True, null=True)),
            ('failure', models.CharField(blank=True, max_length=400)),
            ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
        ],
        options={
            'ordering': ('-through',),
            'constraints': [models.UniqueConstraint(models.F('organisation'), models.F('through'), name='a_month_is_closed_once'), models.UniqueConstraint(models.F('organisation'), condition=models.Q(('state', 'closed'), _negated=True), name='one_month_is_being_closed_at_a_time'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('state', 'closed')), models.Q(models.Q(('state', 'closed'), _negated=True), ('closed_at__isnull', True)), _connector='OR'), name='closed_at_a_time'), models.CheckConstraint(condition=models.Q(('done__lte', models.F('contracts'))), name='no_more_is_done_than_there_is')],
            'triggers': [pgtrigger.compiler.Trigger(name='legal_steps', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.state IS DISTINCT FROM NEW.state)', func="IF NOT ((OLD.state = 'closing' AND NEW.state = 'closed') OR (OLD.state = 'closing' AND NEW.state = 'failed') OR (OLD.state = 'failed' AND NEW.state = 'closing')) THEN RAISE EXCEPTION 'illegal step from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='e365556c42dc6d80f699ac55adbe726d222f4afc', operation='UPDATE', pgid='pgtrigger_legal_steps_14ac9', table='revenue_accountingperiod', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='a5da9aa7d384fba9ceef4201e7a76701b01a58ef', operation='DELETE', pgid='pgtrigger_never_deleted_c0bee', table='revenue_accountingperiod', when='BEFORE')), pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF OLD.state = 'closed' THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='1fc6fa614924c584d4c25367866b1d6920145f2d', operation='UPDATE OR DELETE', pgid='pgtrigger_frozen_16c94', table='revenue_accountingperiod', when='BEFORE')), pgtrigger.compiler.Trigger(name='periods_are_closed_one_after_the_other', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.through <> (date_trunc('month', NEW.through) + interval '1 month - 1 day')::date OR NEW.through <> (SELECT (date_trunc('month', max(p.through)) + interval '2 months - 1 day')::date FROM revenue_accountingperiod p WHERE p.organisation_id = NEW.organisation_id) THEN RAISE EXCEPTION 'periods are closed one after the other' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='3f7c051752a31c25cb4c1eb0add6d02ee1b07f66', operation='INSERT', pgid='pgtrigger_periods_are_closed_one_after_the_other_f5cdd', table='revenue_accountingperiod', when='BEFORE'))],
        },
    ),
]
TRIGGERS = [trigger for table in TABLES for trigger in table.options.get('triggers', [])]


class Migration(migrations.Migration):

    replaces = [('revenue', '0001_initial'), ('revenue', '0002_termination')]

    initial = True

    dependencies = [
        ('contracts', '0014_retention'),
        ('ledger', '0002_journal_exports'),
        ('parties', '0004_addresses_of_e_invoices'),
    ]

    operations = [
        *TABLES,
        migrations.RunSQL(
            [trigger.install_sql for trigger in TRIGGERS],
            [trigger.uninstall_sql for trigger in TRIGGERS],
        ),
    ]

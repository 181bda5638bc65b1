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
        name='IdempotencyKey',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('action', models.CharField(max_length=60)),
            ('key', models.CharField(max_length=80)),
            ('parameters_sha256', models.CharField(max_length=64)),
            ('answer', models.JSONField(null=True)),
            ('created_at', models.DateTimeField()),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
            ('contract', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contract')),
        ],
        options={
            'constraints': [models.UniqueConstraint(models.F('organisation'), models.F('action'), models.F('key'), name='one_answer_per_key')],
            'triggers': [pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='d92b182982c8280887d283928a87005af586dbc3', operation='DELETE', pgid='pgtrigger_never_deleted_41555', table='workflows_idempotencykey', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='ProofCode',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('digest', models.CharField(max_length=64)),
            ('sent_at', models.DateTimeField()),
            ('expires_at', models.DateTimeField()),
            ('tries', models.PositiveSmallIntegerField(default=0)),
            ('used_at', models.DateTimeField(null=True)),
            ('contract', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contract')),
            ('grant', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.guestgrant')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
            ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'indexes': [models.Index(models.F('user'), models.F('sent_at'), name='codes_of_a_person'), models.Index(models.F('grant'), models.F('sent_at'), name='codes_of_a_link')],
            'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('contract__isnull', True), ('grant__isnull', True), ('user__isnull', False)), models.Q(('contract__isnull', False), ('grant__isnull', False), ('user__isnull', True)), _connector='OR'), name='code_of_a_person_or_of_a_link'), models.CheckConstraint(condition=models.Q(('tries__lte', 5)), name='few_tries_for_a_code')],
            'triggers': [pgtrigger.compiler.Trigger(name='identity_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF TRUE THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW) || jsonb_build_object('tries', OLD.tries) || jsonb_build_object('used_at', OLD.used_at) || jsonb_build_object('expires_at', OLD.expires_at)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='412ba945815c629894849e44fce63846b3686fcf', operation='UPDATE OR DELETE', pgid='pgtrigger_identity_frozen_95d4b', table='workflows_proofcode', when='BEFORE')), pgtrigger.compiler.Trigger(name='used_once', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF OLD.used_at IS NOT NULL THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='15c907338064190d72c6f932aa8857d932a80d0d', operation='UPDATE OR DELETE', pgid='pgtrigger_used_once_13255', table='workflows_proofcode', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='EvidencePack',
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
            ('position', models.PositiveBigIntegerField(default=0)),
            ('lacks', models.PositiveIntegerField(default=0)),
            ('done_files', models.PositiveIntegerField(default=0)),
            ('all_files', models.PositiveIntegerField(default=0)),
            ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contract')),
            ('milestone', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='milestones.milestone')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
        ],
        options={
            'indexes': [models.Index(models.F('contract'), models.F('organisation'), name='pack_by_contract')],
            'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('made_at__isnull', False), ('size__gt', 0), ('state', 'ready'), models.Q(('sha256', ''), _negated=True), models.Q(('stored_as', ''), _negated=True)), models.Q(('state', 'ready'), _negated=True), _connector='OR'), name='ready_evidencepack_has_its_bytes')],
            'triggers': [pgtrigger.compiler.Trigger(name='legal_steps', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.state IS DISTINCT FROM NEW.state)', func="IF NOT ((OLD.state = 'failed' AND NEW.state = 'making') OR (OLD.state = 'making' AND NEW.state = 'failed') OR (OLD.state = 'making' AND NEW.state = 'ready')) THEN RAISE EXCEPTION 'illegal step from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='50ae005e386d2dd1c24570b3149e571c3778e1f8', operation='UPDATE', pgid='pgtrigger_legal_steps_8ad84', table='workflows_evidencepack', when='BEFORE')), pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF OLD.state = 'ready' THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='1745e3b3f567e40730895a77b51c7f98376ee79d', operation='UPDATE OR DELETE', pgid='pgtrigger_frozen_4b5ca', table='workflows_evidencepack', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='4d992af967942a3de56d2b94d05fde452cb6c22c', operation='DELETE', pgid='pgtrigger_never_deleted_2eb32', table='workflows_evidencepack', when='BEFORE')), pgtrigger.compiler.Trigger(name='a_pack_is_for_a_side_of_its_contract', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NOT EXISTS (SELECT 1 FROM contracts_contract c WHERE c.id = NEW.contract_id AND NEW.organisation_id IN (c.seller_id, c.buyer_id)) OR (NEW.milestone_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM milestones_milestone m WHERE m.id = NEW.milestone_id AND m.contract_id = NEW.contract_id)) THEN RAISE EXCEPTION 'a pack is for a side of its contract' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='784e0ab4d626fb75da46dce3ec4dcaf46590ce00', operation='INSERT', pgid='pgtrigger_a_pack_is_for_a_side_of_its_contract_28438', table='workflows_evidencepack', when='BEFORE')), pgtrigger.compiler.Trigger(name='what_it_is_about_is_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF TRUE THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW) || jsonb_build_object('state', OLD.state) || jsonb_build_object('requested_at', OLD.requested_at) || jsonb_build_object('made_at', OLD.made_at) || jsonb_build_object('stored_as', OLD.stored_as) || jsonb_build_object('size', OLD.size) || jsonb_build_object('sha256', OLD.sha256) || jsonb_build_object('failure', OLD.failure) || jsonb_build_object('position', OLD.position) || jsonb_build_object('lacks', OLD.lacks) || jsonb_build_object('done_files', OLD.done_files) || jsonb_build_object('all_files', OLD.all_files)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='5c4ab33be576bf484151e1ff96d51f2ecc2924c9', operation='UPDATE OR DELETE', pgid='pgtrigger_what_it_is_about_is_frozen_c1d5b', table='workflows_evidencepack', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='Tally',
        fields=[
            ('key', models.CharField(max_length=64, primary_key=True, serialize=False)),
            ('since', models.DateTimeField()),
            ('count', models.PositiveIntegerField()),
        ],
    ),
]
TRIGGERS = [trigger for table in TABLES for trigger in table.options.get('triggers', [])]


class Migration(migrations.Migration):

    replaces = [('workflows', '0001_initial'), ('workflows', '0002_keys_of_guests'), ('workflows', '0003_step_up'), ('workflows', '0004_evidence_packs'), ('workflows', '0005_limits')]

    initial = True

    dependencies = [
        ('contracts', '0004_templates_and_plan_uploads'),
        ('milestones', '0003_certificates'),
        ('parties', '0003_sessions'),
    ]

    operations = [
        *TABLES,
        migrations.RunSQL(
            [trigger.install_sql for trigger in TRIGGERS],
            [trigger.uninstall_sql for trigger in TRIGGERS],
        ),
    ]

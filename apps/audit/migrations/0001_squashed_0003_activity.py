"""Every table of this app in its present form, for a database that has none of them yet.

It stands for the files that it replaces, which stay for databases that are on their way (docs/decisions/0025).
"""

import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Chain',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('subject', models.CharField(max_length=60, unique=True)),
            ('parties', models.JSONField(default=list)),
            ('position', models.PositiveBigIntegerField(default=0)),
            ('head', models.CharField(default='0000000000000000000000000000000000000000000000000000000000000000', max_length=64)),
        ],
        options={
            'triggers': [pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='954b7a97e0292ed636eb19be36b48722363cc80b', operation='DELETE', pgid='pgtrigger_never_deleted_70304', table='audit_chain', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='Entry',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('position', models.PositiveBigIntegerField()),
            ('verb', models.CharField(help_text='what was done, e.g. milestone.accepted', max_length=60)),
            ('subject', models.CharField(help_text='to what, e.g. milestone:k7f2m9q4x8h3n6pz', max_length=60)),
            ('actor_name', models.CharField(max_length=160)),
            ('organisation_id', models.BigIntegerField()),
            ('happened_at', models.DateTimeField()),
            ('text', models.TextField()),
            ('previous', models.CharField(max_length=64)),
            ('sha256', models.CharField(max_length=64)),
            ('chain', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='audit.chain')),
        ],
        options={
            'indexes': [models.Index(models.F('subject'), models.F('happened_at'), name='audit_entry_by_subject')],
            'constraints': [models.UniqueConstraint(models.F('chain'), models.F('position'), name='one_entry_per_position')],
            'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is append-only; correct it with a new one' USING ERRCODE = 'check_violation';", hash='7e0a0d5a4cd8b8d2173fa954ff489c14b04dbebd', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_a6b88', table='audit_entry', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this table is append-only and is never truncated' USING ERRCODE = 'check_violation';", hash='215856731ab4a2bdccfacd134d90995925c6d478', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_ce5e8', table='audit_entry', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='Detail',
        fields=[
            ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='detail', serialize=False, to='audit.entry')),
            ('readers', models.JSONField(default=list)),
            ('text', models.TextField()),
            ('chain', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='audit.chain')),
        ],
        options={
            'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is append-only; correct it with a new one' USING ERRCODE = 'check_violation';", hash='72e37d06fcbc40c301d028effc671529585b8e10', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_27dcf', table='audit_detail', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this table is append-only and is never truncated' USING ERRCODE = 'check_violation';", hash='cca928b031885605bf24385f1844b5a11b12115a', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_8b08c', table='audit_detail', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='Activity',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('organisation_id', models.BigIntegerField()),
            ('last_at', models.DateTimeField()),
            ('chain', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='audit.chain')),
        ],
        options={
            'indexes': [models.Index(models.F('organisation_id'), models.OrderBy(models.F('last_at'), descending=True), models.F('chain'), name='activity_newest_first')],
            'constraints': [models.UniqueConstraint(models.F('organisation_id'), models.F('chain'), name='one_last_activity_per_reader')],
            'triggers': [pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='bb696e05d556fb441213fb7efd32ed6ab40a8ed3', operation='DELETE', pgid='pgtrigger_never_deleted_1b3f9', table='audit_activity', when='BEFORE'))],
        },
    ),
]
TRIGGERS = [trigger for table in TABLES for trigger in table.options.get('triggers', [])]


class Migration(migrations.Migration):

    replaces = [('audit', '0001_initial'), ('audit', '0002_details'), ('audit', '0003_activity')]

    initial = True

    dependencies = [
    ]

    operations = [
        *TABLES,
        migrations.RunSQL(
            [trigger.install_sql for trigger in TRIGGERS],
            [trigger.uninstall_sql for trigger in TRIGGERS],
        ),
    ]

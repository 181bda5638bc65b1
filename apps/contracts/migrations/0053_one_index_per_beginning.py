"""Drop the index of a foreign key where another index begins with the same column."""

import django.db.models.deletion
from django.db import migrations, models


INDEXES = [
    ("contracts_changeorder_contract_id_64e1c813", "contracts_changeorder", "contract_id"),
    ("contracts_contract_buyer_id_0deb2803", "contracts_contract", "buyer_id"),
    ("contracts_contract_seller_id_d0d254e6", "contracts_contract", "seller_id"),
    ("contracts_contractdocument_version_id_9f9e4163", "contracts_contractdocument", "version_id"),
    ("contracts_contracttemplate_organisation_id_0eaca61c", "contracts_contracttemplate", "organisation_id"),
    ("contracts_contractversion_option_of_id_f15e319a", "contracts_contractversion", "option_of_id"),
    ("contracts_criterion_line_id_175dea85", "contracts_criterion", "line_id"),
    ("contracts_mailfailure_mail_id_712ae86b", "contracts_mailfailure", "mail_id"),
    ("contracts_planline_version_id_2780ae56", "contracts_planline", "version_id"),
    ("contracts_planupload_contract_id_66744940", "contracts_planupload", "contract_id"),
    ("contracts_signature_version_id_834bd9b1", "contracts_signature", "version_id"),
]
"""Name, table and column of each."""


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0052_reasons_of_exemptions'),
        ('parties', '0007_holiday_calendars'),
    ]

    # Django would drop and make every one of the foreign keys, and read their tables to check them.
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    [f'DROP INDEX IF EXISTS "{name}"' for name, _table, _column in INDEXES],
                    [f'CREATE INDEX IF NOT EXISTS "{name}" ON "{table}" ("{column}")' for name, table, column in INDEXES],
                )
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='changeorder',
                    name='contract',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='change_orders', to='contracts.contract'),
                ),
                migrations.AlterField(
                    model_name='contract',
                    name='buyer',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='contract',
                    name='seller',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='contractdocument',
                    name='version',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='contracts.contractversion'),
                ),
                migrations.AlterField(
                    model_name='contracttemplate',
                    name='organisation',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='contractversion',
                    name='option_of',
                    field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contractversion'),
                ),
                migrations.AlterField(
                    model_name='criterion',
                    name='line',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='criteria', to='contracts.planline'),
                ),
                migrations.AlterField(
                    model_name='mailfailure',
                    name='mail',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='failures', to='contracts.sentmail'),
                ),
                migrations.AlterField(
                    model_name='planline',
                    name='version',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='contracts.contractversion'),
                ),
                migrations.AlterField(
                    model_name='planupload',
                    name='contract',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='plan_uploads', to='contracts.contract'),
                ),
                migrations.AlterField(
                    model_name='signature',
                    name='version',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='signatures', to='contracts.contractversion'),
                ),
            ],
        ),
    ]

"""Drop the index of a foreign key where another index begins with the same column."""

import django.db.models.deletion
from django.db import migrations, models


INDEXES = [
    ("revenue_accountingperiod_organisation_id_37710fb8", "revenue_accountingperiod", "organisation_id"),
    ("revenue_interest_contract_id_9d544272", "revenue_interest", "contract_id"),
    ("revenue_obligation_contract_id_4aa04d6e", "revenue_obligation", "contract_id"),
    ("revenue_recognition_obligation_id_012f9faf", "revenue_recognition", "obligation_id"),
]
"""Name, table and column of each."""


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0053_one_index_per_beginning'),
        ('parties', '0007_holiday_calendars'),
        ('revenue', '0006_bonuses'),
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
                    model_name='accountingperiod',
                    name='organisation',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='interest',
                    name='contract',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contract'),
                ),
                migrations.AlterField(
                    model_name='obligation',
                    name='contract',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contract'),
                ),
                migrations.AlterField(
                    model_name='recognition',
                    name='obligation',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='recognitions', to='revenue.obligation'),
                ),
            ],
        ),
    ]

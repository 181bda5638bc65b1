"""Drop the index of a foreign key where another index begins with the same column."""

import django.db.models.deletion
from django.db import migrations, models


INDEXES = [
    ("workflows_idempotencykey_organisation_id_bb0e5068", "workflows_idempotencykey", "organisation_id"),
]
"""Name, table and column of each."""


class Migration(migrations.Migration):

    dependencies = [
        ('parties', '0007_holiday_calendars'),
        ('workflows', '0006_packs_of_guests'),
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
                    model_name='idempotencykey',
                    name='organisation',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
            ],
        ),
    ]

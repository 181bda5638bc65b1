"""Drop the index of a foreign key where another index begins with the same column."""

import django.db.models.deletion
from django.db import migrations, models


INDEXES = [
    ("ledger_account_book_id_3573a6fa", "ledger_account", "book_id"),
    ("ledger_balance_account_id_c2c102a5", "ledger_balance", "account_id"),
    ("ledger_book_organisation_id_51e492f2", "ledger_book", "organisation_id"),
    ("ledger_entry_book_id_0747a339", "ledger_entry", "book_id"),
    ("ledger_entrynumber_book_id_22189637", "ledger_entrynumber", "book_id"),
    ("ledger_ownaccounts_organisation_id_0fee3425", "ledger_ownaccounts", "organisation_id"),
]
"""Name, table and column of each."""


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0001_squashed_0004_cheap_questions_first'),
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
                    model_name='account',
                    name='book',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='ledger.book'),
                ),
                migrations.AlterField(
                    model_name='balance',
                    name='account',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='balances', to='ledger.account'),
                ),
                migrations.AlterField(
                    model_name='book',
                    name='organisation',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='entry',
                    name='book',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='ledger.book'),
                ),
                migrations.AlterField(
                    model_name='entrynumber',
                    name='book',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.book'),
                ),
                migrations.AlterField(
                    model_name='ownaccounts',
                    name='organisation',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
            ],
        ),
    ]

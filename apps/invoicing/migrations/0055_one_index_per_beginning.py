"""Drop the index of a foreign key where another index begins with the same column."""

import django.db.models.deletion
from django.db import migrations, models


INDEXES = [
    ("invoicing_accountletter_seller_id_3f73a1f7", "invoicing_accountletter", "seller_id"),
    ("invoicing_allocation_payment_id_c4224114", "invoicing_allocation", "payment_id"),
    ("invoicing_application_contract_id_58db6af6", "invoicing_application", "contract_id"),
    ("invoicing_applicationline_application_id_0f4fb9bc", "invoicing_applicationline", "application_id"),
    ("invoicing_banktransaction_organisation_id_75332855", "invoicing_banktransaction", "organisation_id"),
    ("invoicing_cashapplication_transaction_id_99b91a1e", "invoicing_cashapplication", "transaction_id"),
    ("invoicing_correctedinvoice_contract_id_cbe42435", "invoicing_correctedinvoice", "contract_id"),
    ("invoicing_correctedinvoice_invoice_id_3bef8e88", "invoicing_correctedinvoice", "invoice_id"),
    ("invoicing_correctedinvoice_seller_id_c9f4c2cd", "invoicing_correctedinvoice", "seller_id"),
    ("invoicing_creditnote_buyer_id_50e94338", "invoicing_creditnote", "buyer_id"),
    ("invoicing_creditnote_seller_id_77661b83", "invoicing_creditnote", "seller_id"),
    ("invoicing_creditnoteline_credit_note_id_c97fdb18", "invoicing_creditnoteline", "credit_note_id"),
    ("invoicing_instalment_line_id_6efedac7", "invoicing_instalment", "line_id"),
    ("invoicing_invoice_buyer_id_55b72819", "invoicing_invoice", "buyer_id"),
    ("invoicing_invoice_seller_id_ce713a19", "invoicing_invoice", "seller_id"),
    ("invoicing_invoiceline_invoice_id_76c97100", "invoicing_invoiceline", "invoice_id"),
    ("invoicing_invoicequestion_invoice_id_15130ab1", "invoicing_invoicequestion", "invoice_id"),
    ("invoicing_lateclaim_claim_id_8ffc2af7", "invoicing_lateclaim", "claim_id"),
    ("invoicing_lateclaim_invoice_id_117eaaa7", "invoicing_lateclaim", "invoice_id"),
    ("invoicing_numberseries_organisation_id_c828bf87", "invoicing_numberseries", "organisation_id"),
    ("invoicing_payment_recipient_id_f89958d0", "invoicing_payment", "recipient_id"),
    ("invoicing_retention_invoice_id_df405893", "invoicing_retention", "invoice_id"),
    ("invoicing_retentionrelease_contract_id_3bebc7f1", "invoicing_retentionrelease", "contract_id"),
    ("invoicing_retentionreturn_contract_id_31ad9e1e", "invoicing_retentionreturn", "contract_id"),
    ("invoicing_retentionreturnshare_back_id_439599cb", "invoicing_retentionreturnshare", "back_id"),
    ("invoicing_retentionshare_release_id_137f1cf7", "invoicing_retentionshare", "release_id"),
    ("invoicing_statementfile_organisation_id_167346b5", "invoicing_statementfile", "organisation_id"),
]
"""Name, table and column of each."""


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0053_one_index_per_beginning'),
        ('invoicing', '0054_parts_release_what_is_their_own'),
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
                    model_name='accountletter',
                    name='seller',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='allocation',
                    name='payment',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='allocations', to='invoicing.payment'),
                ),
                migrations.AlterField(
                    model_name='application',
                    name='contract',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='applications', to='contracts.contract'),
                ),
                migrations.AlterField(
                    model_name='applicationline',
                    name='application',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='invoicing.application'),
                ),
                migrations.AlterField(
                    model_name='banktransaction',
                    name='organisation',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='cashapplication',
                    name='transaction',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='applications', to='invoicing.banktransaction'),
                ),
                migrations.AlterField(
                    model_name='correctedinvoice',
                    name='contract',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contract'),
                ),
                migrations.AlterField(
                    model_name='correctedinvoice',
                    name='invoice',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='invoicing.invoice'),
                ),
                migrations.AlterField(
                    model_name='correctedinvoice',
                    name='seller',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='creditnote',
                    name='buyer',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='creditnote',
                    name='seller',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='creditnoteline',
                    name='credit_note',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='invoicing.creditnote'),
                ),
                migrations.AlterField(
                    model_name='instalment',
                    name='line',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='instalments', to='contracts.planline'),
                ),
                migrations.AlterField(
                    model_name='invoice',
                    name='buyer',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='invoice',
                    name='seller',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='invoiceline',
                    name='invoice',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='invoicing.invoice'),
                ),
                migrations.AlterField(
                    model_name='invoicequestion',
                    name='invoice',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='questions', to='invoicing.invoice'),
                ),
                migrations.AlterField(
                    model_name='lateclaim',
                    name='claim',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='late_claims', to='invoicing.invoice'),
                ),
                migrations.AlterField(
                    model_name='lateclaim',
                    name='invoice',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='claimed_late', to='invoicing.invoice'),
                ),
                migrations.AlterField(
                    model_name='numberseries',
                    name='organisation',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='payment',
                    name='recipient',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='retention',
                    name='invoice',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='retentions', to='invoicing.invoice'),
                ),
                migrations.AlterField(
                    model_name='retentionrelease',
                    name='contract',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='retention_releases', to='contracts.contract'),
                ),
                migrations.AlterField(
                    model_name='retentionreturn',
                    name='contract',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='retention_returns', to='contracts.contract'),
                ),
                migrations.AlterField(
                    model_name='retentionreturnshare',
                    name='back',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='invoicing.retentionreturn'),
                ),
                migrations.AlterField(
                    model_name='retentionshare',
                    name='release',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='invoicing.retentionrelease'),
                ),
                migrations.AlterField(
                    model_name='statementfile',
                    name='organisation',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
            ],
        ),
    ]

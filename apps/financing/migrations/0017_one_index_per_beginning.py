"""Drop the index of a foreign key where another index begins with the same column."""

import django.db.models.deletion
from django.db import migrations, models


INDEXES = [
    ("financing_adjustment_tranche_id_3f2ca9f6", "financing_adjustment", "tranche_id"),
    ("financing_alert_financier_id_d600a5f6", "financing_alert", "financier_id"),
    ("financing_bankmovement_financier_id_14fb441c", "financing_bankmovement", "financier_id"),
    ("financing_bankmovement_tranche_id_f683a2d4", "financing_bankmovement", "tranche_id"),
    ("financing_checkwaiver_offer_id_e6ba89c7", "financing_checkwaiver", "offer_id"),
    ("financing_confirmedsignatory_verification_id_6a4d1b2a", "financing_confirmedsignatory", "verification_id"),
    ("financing_disbursement_financier_id_1a1a123a", "financing_disbursement", "financier_id"),
    ("financing_expectedcashflow_financier_id_aa3dbbfc", "financing_expectedcashflow", "financier_id"),
    ("financing_expectedcashflow_tranche_id_924c832e", "financing_expectedcashflow", "tranche_id"),
    ("financing_exposurelimit_financier_id_3b4f76c0", "financing_exposurelimit", "financier_id"),
    ("financing_fundingrequest_seller_id_94d8003f", "financing_fundingrequest", "seller_id"),
    ("financing_offer_request_id_2b287008", "financing_offer", "request_id"),
    ("financing_offerline_offer_id_b29075e5", "financing_offerline", "offer_id"),
    ("financing_paymentorder_financier_id_9b4cf92c", "financing_paymentorder", "financier_id"),
    ("financing_repayment_financier_id_d0d4b06d", "financing_repayment", "financier_id"),
    ("financing_repayment_tranche_id_822c4362", "financing_repayment", "tranche_id"),
    ("financing_requestitem_request_id_189682c4", "financing_requestitem", "request_id"),
    ("financing_reservepayout_financier_id_75845a8b", "financing_reservepayout", "financier_id"),
    ("financing_tranche_seller_id_89dd1ad9", "financing_tranche", "seller_id"),
]
"""Name, table and column of each."""


class Migration(migrations.Migration):

    dependencies = [
        ('financing', '0016_reversals_under_closed_facilities'),
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
                    model_name='adjustment',
                    name='tranche',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='adjustments', to='financing.tranche'),
                ),
                migrations.AlterField(
                    model_name='alert',
                    name='financier',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='bankmovement',
                    name='financier',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='bankmovement',
                    name='tranche',
                    field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='financing.tranche'),
                ),
                migrations.AlterField(
                    model_name='checkwaiver',
                    name='offer',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='waivers', to='financing.offer'),
                ),
                migrations.AlterField(
                    model_name='confirmedsignatory',
                    name='verification',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='signatories', to='financing.buyerverification'),
                ),
                migrations.AlterField(
                    model_name='disbursement',
                    name='financier',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='expectedcashflow',
                    name='financier',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='expectedcashflow',
                    name='tranche',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='expected_flows', to='financing.tranche'),
                ),
                migrations.AlterField(
                    model_name='exposurelimit',
                    name='financier',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='fundingrequest',
                    name='seller',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='offer',
                    name='request',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='financing.fundingrequest'),
                ),
                migrations.AlterField(
                    model_name='offerline',
                    name='offer',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='financing.offer'),
                ),
                migrations.AlterField(
                    model_name='paymentorder',
                    name='financier',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='repayment',
                    name='financier',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='repayment',
                    name='tranche',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='repayments', to='financing.tranche'),
                ),
                migrations.AlterField(
                    model_name='requestitem',
                    name='request',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='financing.fundingrequest'),
                ),
                migrations.AlterField(
                    model_name='reservepayout',
                    name='financier',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
                migrations.AlterField(
                    model_name='tranche',
                    name='seller',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation'),
                ),
            ],
        ),
    ]

"""Drop the index of a foreign key where another index begins with the same column."""

import django.db.models.deletion
from django.db import migrations, models


INDEXES = [
    ("milestones_confirmedevent_contract_id_0a11ed20", "milestones_confirmedevent", "contract_id"),
    ("milestones_criterionnote_submission_id_412d9a71", "milestones_criterionnote", "submission_id"),
    ("milestones_disputeposition_dispute_id_5050935c", "milestones_disputeposition", "dispute_id"),
    ("milestones_disputeproposal_dispute_id_a0d74c1d", "milestones_disputeproposal", "dispute_id"),
    ("milestones_disputereminder_dispute_id_7460b550", "milestones_disputereminder", "dispute_id"),
    ("milestones_inspectionverdict_inspection_id_8eae3151", "milestones_inspectionverdict", "inspection_id"),
    ("milestones_milestone_contract_id_ff3f0e19", "milestones_milestone", "contract_id"),
    ("milestones_question_submission_id_fcf7d7e1", "milestones_question", "submission_id"),
    ("milestones_reminder_submission_id_be4f8f69", "milestones_reminder", "submission_id"),
    ("milestones_reservation_decision_id_6483e82e", "milestones_reservation", "decision_id"),
    ("milestones_reservationword_reservation_id_2e062071", "milestones_reservationword", "reservation_id"),
    ("milestones_settlement_termination_id_6af51f15", "milestones_settlement", "termination_id"),
    ("milestones_settlementsignature_settlement_id_2bde7b15", "milestones_settlementsignature", "settlement_id"),
    ("milestones_submission_milestone_id_93a5cb07", "milestones_submission", "milestone_id"),
    ("milestones_valuation_settlement_id_935932d3", "milestones_valuation", "settlement_id"),
    ("milestones_verdict_decision_id_bb257015", "milestones_verdict", "decision_id"),
]
"""Name, table and column of each."""


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0053_one_index_per_beginning'),
        ('milestones', '0049_more_public_mail_providers'),
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
                    model_name='confirmedevent',
                    name='contract',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='confirmed_events', to='contracts.contract'),
                ),
                migrations.AlterField(
                    model_name='criterionnote',
                    name='submission',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='milestones.submission'),
                ),
                migrations.AlterField(
                    model_name='disputeposition',
                    name='dispute',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='positions', to='milestones.dispute'),
                ),
                migrations.AlterField(
                    model_name='disputeproposal',
                    name='dispute',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='milestones.dispute'),
                ),
                migrations.AlterField(
                    model_name='disputereminder',
                    name='dispute',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reminders', to='milestones.dispute'),
                ),
                migrations.AlterField(
                    model_name='inspectionverdict',
                    name='inspection',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='verdicts', to='milestones.inspection'),
                ),
                migrations.AlterField(
                    model_name='milestone',
                    name='contract',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='milestones', to='contracts.contract'),
                ),
                migrations.AlterField(
                    model_name='question',
                    name='submission',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='questions', to='milestones.submission'),
                ),
                migrations.AlterField(
                    model_name='reminder',
                    name='submission',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reminders', to='milestones.submission'),
                ),
                migrations.AlterField(
                    model_name='reservation',
                    name='decision',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reservations', to='milestones.decision'),
                ),
                migrations.AlterField(
                    model_name='reservationword',
                    name='reservation',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='words', to='milestones.reservation'),
                ),
                migrations.AlterField(
                    model_name='settlement',
                    name='termination',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='settlements', to='contracts.termination'),
                ),
                migrations.AlterField(
                    model_name='settlementsignature',
                    name='settlement',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='signatures', to='milestones.settlement'),
                ),
                migrations.AlterField(
                    model_name='submission',
                    name='milestone',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='milestones.milestone'),
                ),
                migrations.AlterField(
                    model_name='valuation',
                    name='settlement',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='valuations', to='milestones.settlement'),
                ),
                migrations.AlterField(
                    model_name='verdict',
                    name='decision',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='verdicts', to='milestones.decision'),
                ),
            ],
        ),
    ]

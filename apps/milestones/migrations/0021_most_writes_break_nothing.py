"""Guards that ask nothing where a write cannot break their rule; they refuse what they refused before.

Their texts are installed as they are, for pgtrigger's own operations render all models anew (docs/decisions/0025).
"""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

BEFORE = [
    pgtrigger.migrations.RemoveTrigger(
        model_name='milestone',
        name='quantities_add_up_to_the_line',
    ),
    pgtrigger.migrations.RemoveTrigger(
        model_name='milestone',
        name='parts_add_up_to_the_line',
    ),
]
NOW = [
    pgtrigger.migrations.AddTrigger(
        model_name='milestone',
        trigger=pgtrigger.compiler.Trigger(name='parts_add_up_to_the_line', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF (NEW.contract_id, NEW.position, NEW.amount, NEW.nullified, NEW.state = 'cancelled', NEW.line_id) IS DISTINCT FROM (OLD.contract_id, OLD.position, OLD.amount, OLD.nullified, OLD.state = 'cancelled', OLD.line_id) THEN IF EXISTS (SELECT 1 FROM milestones_settlement s WHERE s.contract_id = NEW.contract_id AND s.state = 'signed') THEN IF (SELECT coalesce(sum(m.amount - m.nullified), 0) FROM milestones_milestone m WHERE m.contract_id = NEW.contract_id AND m.position = NEW.position AND m.state <> 'cancelled') + (SELECT coalesce(sum(v.unbilled - v.amount), 0) FROM milestones_valuation v JOIN milestones_settlement s ON s.id = v.settlement_id JOIN milestones_milestone o ON o.id = v.milestone_id WHERE s.state = 'signed' AND o.contract_id = NEW.contract_id AND o.position = NEW.position) IS DISTINCT FROM (SELECT coalesce(sum(l.amount), 0) FROM contracts_contract c JOIN contracts_planline l ON l.version_id = c.active_version_id AND l.position = NEW.position WHERE c.id = NEW.contract_id) THEN RAISE EXCEPTION 'the parts of milestone % do not add up to what was agreed', NEW.id USING ERRCODE = 'check_violation'; END IF; ELSIF (SELECT coalesce(sum(m.amount - m.nullified), 0) FROM milestones_milestone m WHERE m.contract_id = NEW.contract_id AND m.position = NEW.position AND m.state <> 'cancelled') IS DISTINCT FROM (SELECT coalesce(sum(l.amount), 0) FROM contracts_contract c JOIN contracts_planline l ON l.version_id = c.active_version_id AND l.position = NEW.position WHERE c.id = NEW.contract_id) THEN RAISE EXCEPTION 'the parts of milestone % do not add up to what was agreed', NEW.id USING ERRCODE = 'check_violation'; END IF; END IF; RETURN NULL;", hash='4ccb52478214e54e88f41d2afaf26b4fb8b11186', operation='INSERT OR UPDATE', pgid='pgtrigger_parts_add_up_to_the_line_4ef5a', table='milestones_milestone', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
    ),
    pgtrigger.migrations.AddTrigger(
        model_name='milestone',
        trigger=pgtrigger.compiler.Trigger(name='quantities_add_up_to_the_line', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF (NEW.contract_id, NEW.position, NEW.quantity, NEW.nullified, NEW.state = 'cancelled') IS DISTINCT FROM (OLD.contract_id, OLD.position, OLD.quantity, OLD.nullified, OLD.state = 'cancelled') OR NEW.state NOT IN ('submitted', 'accepted', 'nullified') THEN IF EXISTS (SELECT 1 FROM contracts_contract c JOIN contracts_planline l ON l.version_id = c.active_version_id AND l.position = NEW.position WHERE c.id = NEW.contract_id AND c.state <> 'terminated' AND (SELECT CASE WHEN l.quantity IS NULL THEN bool_or(m.quantity IS NOT NULL AND m.state NOT IN ('accepted', 'nullified', 'submitted')) WHEN bool_and(m.quantity IS NOT NULL AND m.nullified = 0) THEN sum(m.quantity) <> l.quantity END FROM milestones_milestone m WHERE m.contract_id = c.id AND m.position = NEW.position AND m.state <> 'cancelled')) THEN RAISE EXCEPTION 'the quantities of milestone % do not add up to what was agreed', NEW.id USING ERRCODE = 'check_violation'; END IF; END IF; RETURN NULL;", hash='5cb73d33ff762dab4cb2300e079331fc9f7a717d', operation='INSERT OR UPDATE', pgid='pgtrigger_quantities_add_up_to_the_line_d8bf0', table='milestones_milestone', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
    ),
]


class Migration(migrations.Migration):

    dependencies = [
        ('milestones', '0001_squashed_0020_cheap_questions_first'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL([guard.trigger.install_sql for guard in NOW], migrations.RunSQL.noop),
            ],
            state_operations=[*BEFORE, *NOW],
        ),
    ]

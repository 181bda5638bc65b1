"""Migrating without drawing every model anew at each step.

Django keeps the models of the moment as classes. When a step changes one of them, it makes all those anew that are
related to it, and of those that are related to them again. Here everything belongs to an organisation, so that is
nearly everything, some fifty classes at each of five hundred steps: nine tenths of the time that a new database takes.

A guard, a check, an index, a new table or column says nothing about any other model; the one that changes is enough.
What others point to, its table and its key, stays the same. A migration with any other step is carried out as Django
does it, with everything drawn anew before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db.migrations import operations as ops
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from pgtrigger import migrations as guards

OF_ONE_MODEL = (
    ops.CreateModel,
    ops.AddField,
    ops.RemoveField,
    ops.AddConstraint,
    ops.RemoveConstraint,
    ops.AddIndex,
    ops.RemoveIndex,
    ops.AlterModelOptions,
    ops.AlterUniqueTogether,
    guards.AddTrigger,
    guards.RemoveTrigger,
)


@contextmanager
def one_model_at_a_time() -> Iterator[None]:
    """Inside the block Django draws no more models anew than a migration needs."""
    apply = Migration.apply

    def applied(migration: Migration, state: ProjectState, editor: Any, collect_sql: bool = False) -> ProjectState:
        if needs_no_other_model(migration):
            with patch.object(ProjectState, "_find_reload_model", _itself):
                return apply(migration, state, editor, collect_sql)
        state.clear_delayed_apps_cache()
        return apply(migration, state, editor, collect_sql)

    with patch.object(Migration, "apply", applied):
        yield


def needs_no_other_model(migration: Migration) -> bool:
    """Whether each step of a migration says nothing of any model but its own."""
    return all(map(_is_of_one_model, migration.operations))


def _is_of_one_model(step: Operation) -> bool:
    """Others may refer to a column that is a key; of any other column only its own model knows."""
    if isinstance(step, ops.AlterField):
        return not (step.field.primary_key or step.field.unique)
    if isinstance(step, ops.SeparateDatabaseAndState):
        return all(map(_is_of_one_model, [*step.database_operations, *step.state_operations]))
    if isinstance(step, ops.RunSQL):  # the queue's own kind too, which reads its statements from a file
        return all(map(_is_of_one_model, step.state_operations))
    return type(step) in OF_ONE_MODEL


def _itself(state: ProjectState, app_label: str, model_name: str, _delay: bool = False) -> set[tuple[str, str]]:
    # The name by which Django itself says that some classes are of yesterday; who needs all of them has them drawn.
    state.is_delayed = True
    return {(app_label, model_name)}

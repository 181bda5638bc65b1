"""One transition table per kind of thing, and the database knows the same table."""

import pytest
from django.apps import apps
from django.db import connections, models


def _stateful() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models()
        if model.__module__.startswith("apps.") and any(f.name == "state" for f in model._meta.fields)
    ]


@pytest.mark.parametrize("model", _stateful(), ids=lambda model: model._meta.label)
def test_the_table_names_exactly_the_states(model: type[models.Model]) -> None:
    choices = {value for value, _label in model._meta.get_field("state").choices or ()}
    steps = model.TRANSITIONS  # type: ignore[attr-defined]
    assert set(steps) == choices
    assert {target for targets in steps.values() for target in targets} <= choices


@pytest.mark.parametrize("model", _stateful(), ids=lambda model: model._meta.label)
def test_every_state_can_be_reached(model: type[models.Model]) -> None:
    steps = model.TRANSITIONS  # type: ignore[attr-defined]
    reached = {model._meta.get_field("state").default}
    while True:
        further = {target for source in reached for target in steps[source]} | reached
        if further == reached:
            break
        reached = further
    assert reached == set(steps)


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize("model", _stateful(), ids=lambda model: model._meta.label)
def test_the_database_mirrors_the_table(model: type[models.Model]) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE t.tgrelid = %s::regclass AND t.tgname LIKE 'pgtrigger_legal_steps%%'",
            [model._meta.db_table],
        )
        (source,) = cursor.fetchone()
    for state, targets in model.TRANSITIONS.items():  # type: ignore[attr-defined]
        for target in targets:
            assert f"OLD.state = '{state}' AND NEW.state = '{target}'" in source

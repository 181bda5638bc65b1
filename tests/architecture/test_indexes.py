"""One index serves every question that asks by its beginning: a second is written for nothing, and misleads plans."""

import pytest
from django.apps import apps
from django.db import models

MODELS = [model for model in apps.get_models() if model.__module__.startswith("apps.")]


def beginnings(model: type[models.Model]) -> set[str]:
    """The first columns of the indexes and constraints of a table that hold all of its rows."""
    found = set()
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.condition is None:
            first = constraint.fields[0] if constraint.fields else constraint.expressions[0]
            found.add(first if isinstance(first, str) else str(getattr(first, "name", "")))
    for index in model._meta.indexes:
        if index.condition is None and index.fields and type(index) is models.Index:
            found.add(index.fields[0].removeprefix("-"))
    return found


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_foreign_key_has_an_index_of_its_own_where_another_begins_with_it(model: type[models.Model]) -> None:
    keys = {
        field.name
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey) and getattr(field, "db_index", False) and not field.unique
    }
    assert keys & beginnings(model) == set(), "give these db_index=False"

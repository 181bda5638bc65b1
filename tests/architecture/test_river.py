"""The direction of dependencies, checked where import-linter cannot see: foreign keys are strings."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import models

from tests.architecture.source import APPS, ROOT

RIVER = [
    "core",
    "parties",
    "audit",
    "contracts",
    "milestones",
    "ledger",
    "invoicing",
    "financing",
    "revenue",
    "workflows",
    "portals",
]
"""From upstream to downstream."""
STRANGERS = {frozenset({"milestones", "ledger"}), frozenset({"financing", "revenue"})}


def _keys() -> list[tuple[type[models.Model], Any]]:
    """Every foreign key of ours to a model of ours."""
    return [
        (model, field)
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith("apps.")
        for field in (*model._meta.fields, *model._meta.many_to_many)
        if field.related_model is not None and field.related_model.__module__.startswith("apps.")
    ]


def test_imports_follow_the_river() -> None:
    run = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_import_linter_knows_the_same_river() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (river,) = [contract for contract in contracts if contract.get("containers") == ["apps"]]
    layers = [set(layer.split(" | ")) for layer in reversed(river["layers"])]
    assert [app for layer in layers for app in sorted(layer, key=RIVER.index)] == RIVER
    assert {frozenset(layer) for layer in layers if len(layer) > 1} == STRANGERS
    assert river["exhaustive"] is True


def test_foreign_keys_point_upstream() -> None:
    keys = _keys()
    assert len(keys) > 80
    wrong = []
    for model, field in keys:
        here, there = model._meta.app_label, field.related_model._meta.app_label
        if RIVER.index(there) > RIVER.index(here) or frozenset({here, there}) in STRANGERS:
            wrong.append(f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}")
    assert wrong == []


def test_every_app_of_the_river_exists_and_no_other() -> None:
    folders = {path.name for path in APPS.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert folders == set(RIVER)


def test_upstream_has_no_templates_and_downstream_no_tables() -> None:
    """Core and the portals keep nothing; nobody but the portals shows anything."""
    assert {model._meta.app_label for model in apps.get_models() if model.__module__.startswith("apps.")} == (
        set(RIVER) - {"core", "portals"}
    )
    drawing = {path.parts[-2] for path in APPS.rglob("urls.py")} | {path.parts[-2] for path in APPS.rglob("views.py")}
    assert drawing <= {path.name for path in (APPS / "portals").iterdir()}


def test_deleting_is_protected() -> None:
    """PROTECT everywhere, but for notes of an unsent draft, which go with it."""
    cascading = {
        f"{model._meta.label}.{field.name}"
        for model, field in _keys()
        if getattr(field.remote_field, "on_delete", models.PROTECT) is not models.PROTECT
    }
    assert cascading == {"milestones.CriterionNote.submission"}

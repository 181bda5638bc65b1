"""The direction of dependencies, checked where import-linter cannot see: foreign keys are strings."""

import subprocess
import sys
from pathlib import Path

from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
RIVER = [
    "core",
    "parties",
    "audit",
    "contracts",
    "milestones",
    "ledger",
    "invoicing",
    "financing",
    "workflows",
    "portals",
]
STRANGERS = {frozenset({"milestones", "ledger"})}


def test_imports_follow_the_river() -> None:
    run = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_foreign_keys_point_upstream() -> None:
    wrong = []
    for model in apps.get_models():
        if not model.__module__.startswith("apps."):
            continue
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None)
            if not getattr(field, "concrete", False) or target is None or not target.__module__.startswith("apps."):
                continue
            here, there = model._meta.app_label, target._meta.app_label
            if RIVER.index(there) > RIVER.index(here) or frozenset({here, there}) in STRANGERS:
                wrong.append(f"{model._meta.label}.{field.name} -> {target._meta.label}")
    assert wrong == []


def test_every_app_of_the_river_exists_and_no_other() -> None:
    folders = {path.name for path in (ROOT / "apps").iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert folders == set(RIVER)


def test_deleting_is_protected() -> None:
    """PROTECT everywhere, but for notes of an unsent draft, which go with it."""
    cascading = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model.__module__.startswith("apps.")
        for field in model._meta.get_fields()
        if getattr(field, "concrete", False)
        and getattr(getattr(field, "remote_field", None), "on_delete", None) is not None
        and field.remote_field.on_delete.__name__ != "PROTECT"
    }
    assert cascading == {"milestones.CriterionNote.submission"}

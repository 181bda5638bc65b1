"""django-pgtrigger, which notes the triggers of all models as every process starts, without asking all at each one."""

from typing import Any

from pgtrigger import apps, registry

Entry = tuple[Any, Any]
"""A model and its trigger."""


class Registry(registry._Registry):
    """Knows which names are taken by what it noted.

    The package's own makes the names of all triggers anew for each that is added: of six hundred, every start of the
    product spent half a second of processor on it.
    """

    def __init__(self) -> None:
        self._tables: dict[tuple[str, str], Any] = {}
        self._functions: dict[str, str] = {}
        super().__init__()

    @property
    def pg_function_names(self) -> set[str]:
        return set(self._functions)

    @property
    def by_db_table(self) -> dict[tuple[str, str], Any]:
        return self._tables

    def __setitem__(self, key: str, value: Entry) -> None:
        super().__setitem__(key, value)  # type: ignore[no-untyped-call]
        model, trigger = value
        self._tables[model._meta.db_table, trigger.name] = trigger
        self._functions[trigger.get_pgid(model)] = key

    def __delitem__(self, key: str) -> None:
        model, trigger = self[key]
        super().__delitem__(key)  # type: ignore[no-untyped-call]
        del self._tables[model._meta.db_table, trigger.name]
        del self._functions[trigger.get_pgid(model)]


class TriggersConfig(apps.PGTriggerConfig):
    def ready(self) -> None:
        registry._registry = Registry()
        super().ready()  # type: ignore[no-untyped-call]

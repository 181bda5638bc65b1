"""``manage.py verify_ledger``: prove that books, invoices and open items agree, to the last cent."""

from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils.module_loading import module_has_submodule

from apps.ledger.checks import Check


def checks() -> Iterator[Check]:
    """The ``CHECKS`` of every app of the project that has a module ``checks``, upstream first."""
    for config in apps.get_app_configs():
        if config.name.startswith("apps.") and config.module and module_has_submodule(config.module, "checks"):
            yield from import_module(f"{config.name}.checks").CHECKS


class Command(BaseCommand):
    """Run every check on the owner's connection, print what differs and by how much, and fail if anything does."""

    help = "Verify that ledger, invoices, payments and financing agree; prints what differs and by how much."

    def handle(self, *_args: Any, **_options: Any) -> None:
        count = differences = 0
        with connections["owner"].cursor() as cursor:
            for check in checks():
                count += 1
                cursor.execute(check.sql)
                for subject, expected, found in cursor.fetchall():
                    differences += 1
                    self.stdout.write(f"NOT TRUE: {check.sentence}.\n    {_difference(subject, expected, found)}")
        if differences:
            raise CommandError(f"{differences} differences in {count} checks.")
        self.stdout.write(f"{count} checks, nothing differs.")


def _difference(subject: str, expected: object, found: object) -> str:
    if isinstance(expected, Decimal) and isinstance(found, Decimal):
        by = f"{found - expected:+f}"
        return f"{subject}: expected {expected:f}, found {found:f}, differs by {by}"
    return f"{subject}: expected {expected}, found {found}"

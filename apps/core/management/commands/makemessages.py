"""``manage.py makemessages`` as Django's, which also collects what refusals and statements say.

A refusal is raised with its English template (``Refused("Amount {amount} is too large.", amount=…)``) and translated
where it is shown, so the template itself is the message to be translated. The words put into it are translated too:
actions, states and the names of what is missing; so are refusals that a caller hands to a rule (``missing="…"``).
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import makemessages

REFUSALS = (
    "Refused",
    "NotAllowed",
    "ProofNeeded",
    "IllegalTransition",
    "Stale",
    "KeyReused",
    "DealFileRefused",
    "EventRefused",
    "Statement",
)
"""The exceptions whose first argument is a message, ``apps.core.errors`` and those derived from it; and statements."""

NOT_OURS = [".venv", ".uv", "var", "tests", "static", "staticfiles", "node_modules", "benchmarks", "migrations"]


def words_in(source: str) -> Iterator[str]:
    """The words that refusals are filled with: values of ``Action``, states of a table, every ``what="…"``, and every
    ``missing="…"``, which rules of texts raise."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and node.name == "Action":
            values = (line.value for line in node.body if isinstance(line, ast.Assign))
            yield from (one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str))
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id == "table":
                yield from (one.arg.replace("_", " ") for one in node.keywords if one.arg)
            yield from (
                one.value.value
                for one in node.keywords
                if one.arg in ("what", "missing")
                and isinstance(one.value, ast.Constant)
                and isinstance(one.value.value, str)
            )


class Command(makemessages.Command):
    """One catalogue for the whole project, without line numbers, which move, and without guesses marked as fuzzy."""

    xgettext_options = [*makemessages.Command.xgettext_options, *(f"--keyword={name}:1" for name in REFUSALS)]
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(ignore_patterns=NOT_OURS, no_location=True, no_obsolete=True)

    def process_files(self, file_list: list[Any]) -> None:
        for file in file_list:
            file.locale_dir = self.default_locale_path
        super().process_files(file_list)

    def process_locale_dir(self, locale_dir: str, files: list[Any]) -> None:
        super().process_locale_dir(locale_dir, files)
        sources = [Path(file.path) for file in files if file.path.endswith(".py")]
        words = sorted({word for path in sources for word in words_in(path.read_text("utf-8"))})
        entries = "".join(f'\nmsgid "{word}"\nmsgstr ""\n' for word in words)
        makemessages.write_pot_file(str(Path(locale_dir) / f"{self.domain}.pot"), entries)

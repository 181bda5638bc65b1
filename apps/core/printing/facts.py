"""What printed records say alike: who agreed to something, when, from where, and where that stands in the audit trail.

Each record hands in plain values as its snapshot has them, and gets rows of a table in the language that is active.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from apps.core.printing import words

Fact = tuple[str, str]
"""A term and what it is here."""


def when_and_where(said: Mapping[str, Any], *, at: datetime, zone: str) -> list[Fact]:
    """When somebody agreed (UTC and local), from which address and browser, and how it was known who it is."""
    return [
        (gettext("When"), words.instant(at)),
        (gettext("Local time"), words.instant(at, zone=zone)),
        (gettext("Network address"), said["address"]),
        (gettext("Browser"), said["agent"]),
        (gettext("Authenticated by"), said["authenticated_by"]),
    ]


def link(told: Mapping[str, Any] | None) -> list[Fact]:
    """The personal link by which a guest came, to which mailbox it went and when it was opened; nothing for members."""
    if told is None:
        return []
    opened, passed = told["first_viewed_at"], told.get("passed_on_by")
    facts = [
        (
            gettext("Personal link"),
            gettext("made {instant}, sent to {mailbox}").format(
                instant=words.instant(datetime.fromisoformat(told["made_at"])), mailbox=told["sent_to"]
            ),
        )
    ]
    if passed:
        facts.append((gettext("Passed on by"), f"{passed['name']}, {passed['email']}"))
    return [*facts, (gettext("First opened"), words.instant(datetime.fromisoformat(opened)))] if opened else facts


def place(told: Mapping[str, Any]) -> str:
    """An entry of the audit trail: its position and its hash."""
    return gettext("no. {position}, {sha256}").format(**told)

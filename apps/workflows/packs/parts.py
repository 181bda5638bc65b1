"""One file of an evidence pack, before it is written."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

from apps.core import canonical
from apps.core.made import Kept
from apps.milestones.models import Milestone

PERSON: Final = ("name", "email", "address", "agent", "authenticated_by")
"""Who acted and from where, by the columns that keep it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a pack: ``content`` itself, or ``stored_as``, where its bytes lie in the private store.

    ``kind`` tells the verifier what the file is, ``ref`` of what. ``size`` in bytes; ``sha256`` is what the record says
    that the bytes are.
    """

    name: str
    kind: str
    size: int
    sha256: str
    ref: str = ""
    content: bytes = b""
    stored_as: str = ""

    @property
    def listed(self) -> dict[str, Any]:
        """How the manifest names it."""
        told = {"name": self.name, "kind": self.kind, "ref": self.ref, "size": self.size, "sha256": self.sha256}
        return {term: value for term, value in told.items() if value != ""}


@dataclass(slots=True)
class Contents:
    """All that goes into a pack, as it stood at one moment. ``missing`` is what was still being made, and of what;
    ``links`` are the pages elsewhere that submissions name, of which no pack can hold what stood there."""

    about: dict[str, Any]
    position: int
    parts: list[Part] = field(default_factory=list)
    missing: list[dict[str, str]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    def add(self, part: Part) -> None:
        """A file that two submissions share is in the pack once."""
        if part.name not in self.names:
            self.names.add(part.name)
            self.parts.append(part)


def text(name: str, kind: str, written: str, *, ref: str = "") -> Part:
    """A text, byte for byte as it was hashed."""
    content = written.encode()
    return Part(name, kind, len(content), canonical.sha256(content), ref=ref, content=content)


def lines(name: str, kind: str, written: Iterable[str]) -> Part:
    """Canonical texts, one a line."""
    return text(name, kind, "".join(f"{line}\n" for line in written))


def record(name: str, kind: str, told: Mapping[str, Any] | list[Any], *, ref: str = "") -> Part:
    """A record that people read too: canonical values, one to a line."""
    plain = canonical.read(canonical.text(told))
    return text(name, kind, json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False) + "\n", ref=ref)


def stored(name: str, kind: str, kept: Kept, *, ref: str = "") -> Part:
    """Bytes that lie in the private store."""
    return Part(name, kind, kept.size, kept.sha256, ref=ref, stored_as=kept.stored_as)


def place(milestone: Milestone) -> str:
    """The folder of a milestone; the rest of one that was accepted in part has one of its own."""
    return f"milestones/{milestone.position:04d}" + (f"-{milestone.part:02d}" if milestone.part > 1 else "")


def ending(name: str) -> str:
    """The ending of an uploaded file's name, if it is a plain one."""
    suffix = PurePath(name).suffix.lower()
    return suffix if suffix[1:].isascii() and suffix[1:].isalnum() else ""

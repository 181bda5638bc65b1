"""What a person agrees to by a click, before it is said in a language: a wording, and what it is filled with.

Like a refusal it is written once, in English, as a template with named parts, so rules that know no Django can be said
in German too. :mod:`apps.core.spoken` says it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, init=False)
class Statement:
    """``template`` uses ``str.format`` names for its ``parts``; ``version`` names the wording, so that what is signed
    today can be read after the wording has changed."""

    template: str
    version: str
    parts: Mapping[str, Any]

    def __init__(self, template: str, version: str, /, **parts: Any) -> None:
        object.__setattr__(self, "template", template)
        object.__setattr__(self, "version", version)
        object.__setattr__(self, "parts", parts)

    def __str__(self) -> str:
        return self.template.format(**self.parts)

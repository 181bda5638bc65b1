"""What is printed besides the page itself: files inside the PDF, and what its metadata says of them. Plain values."""

from dataclasses import dataclass, field
from typing import Final

ALTERNATIVE: Final = "Alternative"
"""The file says the same as the page, for machines."""
DATA: Final = "Data"
"""The file is what the page was made from."""


@dataclass(frozen=True, slots=True)
class Inside:
    """A file inside the PDF, associated with it (ISO 32000-2, 14.13). ``media_type`` is such as ``text/xml``."""

    name: str
    media_type: str
    description: str
    relationship: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Property:
    """One property of the PDF's metadata, as its schema describes it (ISO 19005-3, 6.6.2.3.3), and what it is here."""

    name: str
    value: str
    value_type: str
    category: str
    description: str


@dataclass(frozen=True, slots=True)
class Schema:
    """Metadata that PDF/A does not know by itself."""

    name: str
    namespace: str
    prefix: str
    properties: list[Property] = field(default_factory=list)

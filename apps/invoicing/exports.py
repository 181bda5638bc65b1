"""An issued invoice as UBL, on request: written from its snapshot each time, the same bytes as long as the writer is.

Nothing is stored: the snapshot is what was issued, and it is chained.
"""

from apps.core.errors import Refused
from apps.invoicing import snapshot
from apps.invoicing.einvoice import ubl
from apps.invoicing.einvoice.lacks import lacks_of
from apps.invoicing.einvoice.profiles import PROFILES, Profile

CONTENT_TYPE = "application/xml"


def written(text: str, profile: Profile) -> bytes:
    """The XML of a snapshot in this form; ``Refused`` in words, before anything is written, when it lacks something."""
    invoice = snapshot.read(text)
    lacks = lacks_of(invoice, profile)
    if lacks:
        raise lacks[0]
    return ubl.write(invoice, profile)


def lacks(text: str) -> dict[Profile, list[Refused]]:
    """Of every form, what a snapshot lacks of it; an empty list where it can be had."""
    invoice = snapshot.read(text)
    return {profile: lacks_of(invoice, profile) for profile in PROFILES.values()}


def file_name(number: str, profile: Profile) -> str:
    """Such as ``INV-2026-0001-xrechnung.xml``: the number, and the form, which tells it from the XML in the PDF."""
    return f"{number.replace('/', '-')}-{profile.key}.xml"

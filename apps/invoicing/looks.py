"""The logo on a document: its snapshot names the picture by hash, so the same snapshot always makes the same page."""

from apps.invoicing.snapshot import Party
from apps.parties import logos


def logo_of(sender: Party) -> bytes:
    """The picture; nothing where the sender had none."""
    return logos.content(sender.brand.logo) if sender.brand is not None and sender.brand.logo else b""

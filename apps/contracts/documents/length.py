"""Where the paper of a long plan ends, for the page on which the file is fetched."""

from apps.contracts import rules
from apps.contracts.documents.page import MOST_PRINTED, lines_on_paper
from apps.contracts.models import ContractVersion


def ends_early(version: ContractVersion) -> tuple[int, int] | None:
    """How many lines of a version's plan its paper shows, of how many; None where it shows all of them."""
    # No line takes more than five times as much on paper as in the text.
    if len(version.canonical_text) * 5 < MOST_PRINTED:
        return None
    active = version.contract.active_version
    picked = active.option_number if active is not None and active.option_of_id == version.pk else 0
    lines = rules.read_version_text(version.canonical_text, option=picked).lines
    printed = lines_on_paper(lines)
    return (printed, len(lines)) if printed < len(lines) else None

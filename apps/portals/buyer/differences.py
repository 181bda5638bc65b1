"""What changed between two submissions of a milestone, as sentences before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from django.utils.translation import gettext as _

from apps.milestones.models import Submission
from apps.portals.templatetags.cairn import short_hash


@dataclass(frozen=True, slots=True)
class Change:
    """One sentence before and after; empty on the side where there is none."""

    before: str
    after: str


def between(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """The sentences that differ, in the order in which they stand."""
    changes: list[Change] = []
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if tag != "equal":
            pairs = zip_longest(before[old_from:old_to], after[new_from:new_to], fillvalue="")
            changes.extend(Change(old, new) for old, new in pairs)
    return changes


def between_submissions(before: Submission, after: Submission) -> list[Change]:
    """Two cycles of one milestone; both with notes, criteria and files loaded."""
    return between(_of_submission(before), _of_submission(after))


def _of_submission(submission: Submission) -> list[str]:
    sentences = [submission.note] if submission.note else []
    for note in sorted(submission.notes.all(), key=lambda note: note.criterion.position):
        claim = _("met") if note.is_met else _("not met")
        sentence = f"{note.criterion.text}: {claim}"
        sentences.append(f"{sentence}. {note.note}" if note.note else sentence)
        sentences.extend(_links(note.links))
    sentences.extend(_links(submission.links))
    sentences.extend(
        _("File {name} ({hash})").format(name=file.name, hash=short_hash(file.sha256))
        for file in submission.files.all()
    )
    return sentences


def _links(links: Sequence[dict[str, str]]) -> list[str]:
    return [_("Link {title} ({url})").format(**link) for link in links]

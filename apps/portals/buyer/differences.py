"""What changed between two texts, as sentences before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from django.utils.translation import gettext as _

from apps.contracts.models import ContractVersion, PlanLine
from apps.milestones.models import Submission
from apps.portals import formats
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


def between_versions(before: ContractVersion, after: ContractVersion) -> list[Change]:
    """Two versions of one contract; both with lines and criteria loaded."""
    return between(_of_version(before), _of_version(after))


def between_submissions(before: Submission, after: Submission) -> list[Change]:
    """Two cycles of one milestone; both with notes, criteria and files loaded."""
    return between(_of_submission(before), _of_submission(after))


def _of_version(version: ContractVersion) -> list[str]:
    currency = version.contract.currency
    sentences = [_("Price: {price}").format(price=formats.money(version.price, currency))]
    for line in version.lines.all():
        sentences.append(_of_line(line, currency))
        if line.scope:
            sentences.append(f"{line.title}: {line.scope}")
        sentences.extend(f"{line.title} · {criterion.text}" for criterion in line.criteria.all())
    sentences += [
        _("Payment within {days} days of the invoice's date").format(days=version.payment_days),
        _("Review within {days} days of the submission").format(days=version.review_days),
        _("Tax: {treatment}, {rate}%").format(
            treatment=version.get_tax_category_display(), rate=f"{version.tax_rate.normalize():f}"
        ),
        _("The seller may assign invoices to a financier")
        if version.is_assignable
        else _("The seller may not assign invoices"),
        _("Signs off: {name}, {email}").format(name=version.signatory_name, email=version.signatory_email),
    ]
    if version.governing_law:
        sentences.append(_("Governing law: {law}").format(law=version.governing_law))
    sentences.extend(paragraph.strip() for paragraph in version.terms.splitlines() if paragraph.strip())
    return sentences


def _of_line(line: PlanLine, currency: str) -> str:
    text = f"{line.title}: {formats.money(line.amount, currency)}" if line.amount is not None else line.title
    return f"{text}, {formats.day(line.planned_on)}" if line.planned_on else text


def _of_submission(submission: Submission) -> list[str]:
    sentences = [submission.note] if submission.note else []
    for note in sorted(submission.notes.all(), key=lambda note: note.criterion.position):
        claim = _("met") if note.is_met else _("not met")
        sentence = f"{note.criterion.text}: {claim}"
        sentences.append(f"{sentence}. {note.note}" if note.note else sentence)
    sentences.extend(
        _("File {name} ({hash})").format(name=file.name, hash=short_hash(file.sha256))
        for file in submission.files.all()
    )
    return sentences

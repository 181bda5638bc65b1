"""What a job makes once and keeps with its SHA-256: a certificate, a signed paper, a pack.

Each kind is a table of its own, where its owner lives; how such a row comes to its bytes is the same for all. A failure
is visible on the row in words, and can be tried again; what is ready is never made anew.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final, TypeVar

from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core import canonical, clock, storage
from apps.core.database import guards
from apps.core.errors import Refused
from apps.core.printing import shelf
from apps.core.printing.press import PangoMissingError
from apps.core.refs import new_ref
from apps.core.states import move, table

GIVEN_UP_AFTER: Final = timedelta(minutes=5)
"""What is still being made after this time is not being made any more."""


class MadeState(models.TextChoices):
    MAKING = "making", _("Being made")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


STEPS = table(making=("ready", "failed"), failed=("making",), ready=())


class Made(models.Model):
    """A row whose bytes a job makes: ``stored_as`` in the private store, ``size`` in bytes, their ``sha256``."""

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    state = models.CharField(max_length=10, choices=MadeState.choices, default=MadeState.MAKING)
    requested_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True)
    stored_as = models.CharField(max_length=120, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text=_("bytes"))
    sha256 = models.CharField(max_length=64, blank=True)
    failure = models.CharField(max_length=400, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=(Q(state="ready", made_at__isnull=False, size__gt=0) & ~Q(sha256="") & ~Q(stored_as=""))
                | ~Q(state="ready"),
                name="ready_%(class)s_has_its_bytes",
            ),
        ]
        triggers = [
            guards.legal_steps(STEPS),
            guards.frozen_when("OLD.state = 'ready'"),
            guards.never_deleted(),
        ]

    def is_given_up(self, *, now: datetime) -> bool:
        """Whether it should be there by now, and nobody makes it any more."""
        return self.state == MadeState.MAKING and self.requested_at + GIVEN_UP_AFTER < now


class MadeFromSnapshot(Made):
    """Made from nothing but ``snapshot``, the canonical text of all that is said, which is frozen from the first.

    The same text makes the same bytes on every run; ``snapshot_sha256`` is its SHA-256.
    """

    snapshot = models.TextField()
    snapshot_sha256 = models.CharField(max_length=64)

    class Meta(Made.Meta):
        abstract = True
        triggers = [
            *Made.Meta.triggers,
            guards.frozen_when(
                "TRUE",
                name="what_it_says_is_frozen",
                allow=("state", "requested_at", "made_at", "stored_as", "size", "sha256", "failure"),
            ),
        ]


Row = TypeVar("Row", bound=Made)


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes that were stored: where, how many, and which.

    ``also`` is what else is written on the row in the moment in which it becomes ready, by column: a second file.
    """

    stored_as: str
    size: int
    sha256: str
    also: Mapping[str, str | int] = field(default_factory=dict)


def make(locked: Callable[[], Row], *, work: Callable[[Row], Kept], then: Callable[[Row], None] | None = None) -> Row:
    """Make a row's bytes and keep them; nothing happens if they are there.

    ``locked`` gets the row under its lock, ``work`` makes and stores the bytes outside of any transaction, ``then``
    runs in the transaction in which the row becomes ready. A failure is written on the row in words, and raised again
    so that the job is retried. Two workers at once make the same bytes under the same name.
    """
    row = _begin(locked)
    if row.state != MadeState.MAKING:
        return row
    try:
        kept = work(row)
        return _finish(locked, kept, then=then)
    except Exception as error:
        _fail(locked, error)
        raise


def keep(row: Made, content: bytes, *, folder: str, ending: str = "pdf") -> Kept:
    """Store the bytes that were made of a row below ``folder``."""
    return Kept(shelf.put(f"{folder}/{row.ref}", content, ending=ending), len(content), canonical.sha256(content))


def sweep(
    model: type[Row],
    *,
    folder: str,
    before: datetime,
    is_dropped: Callable[[Row], bool] = lambda _row: False,
    names_of: Callable[[Row], Collection[str]] = lambda row: (row.stored_as,),
) -> int:
    """Delete bytes below ``folder`` that were written before this moment and are no row's, or of a row that is dropped.

    The rows are read with the owner's eyes. What a row that is still to be made has left behind stays: its next run
    takes it up. ``names_of`` says under which names a row's bytes lie. The answer is how many files.
    """
    swept = 0
    for names in storage.stored_before(folder, before):
        refs = {name: name.split("/")[1] for name in names if name.count("/") > 1}
        rows = {row.ref: row for row in model._default_manager.using("owner").filter(ref__in=set(refs.values()))}
        for name, ref in refs.items():
            row = rows.get(ref)
            if row is None or (row.state == MadeState.READY and (name not in names_of(row) or is_dropped(row))):
                default_storage.delete(name)
                swept += 1
    return swept


def again(row: Made, *, at: datetime) -> None:
    """Ask for a locked row's bytes again, after it failed or was given up."""
    if row.state == MadeState.READY:
        raise Refused("It is already there. Reload the page to see it.")
    if row.state == MadeState.MAKING and not row.is_given_up(now=at):
        raise Refused("It is being made right now. Reload the page in a moment.")
    if row.state == MadeState.FAILED:
        move(row, MadeState.MAKING, Made.TRANSITIONS)
    row.failure = ""
    row.requested_at = at
    row.save(update_fields=["state", "failure", "requested_at"])


def _begin(locked: Callable[[], Row]) -> Row:
    with transaction.atomic():
        row = locked()
        if row.state == MadeState.FAILED:
            move(row, MadeState.MAKING, Made.TRANSITIONS)
            row.save(update_fields=["state"])
    return row


def _finish(locked: Callable[[], Row], kept: Kept, *, then: Callable[[Row], None] | None) -> Row:
    with transaction.atomic():
        row = locked()
        if row.state == MadeState.READY:
            # Another worker was faster.
            return row
        move(row, MadeState.READY, Made.TRANSITIONS)
        row.made_at = clock.now()
        row.stored_as, row.size, row.sha256 = kept.stored_as, kept.size, kept.sha256
        for column, value in kept.also.items():
            setattr(row, column, value)
        row.failure = ""
        row.save()
        if then is not None:
            then(row)
    return row


def _fail(locked: Callable[[], Row], error: Exception) -> None:
    said = isinstance(error, PangoMissingError | Refused)
    reason = str(error) if said else f"It could not be made ({error!r})."
    with transaction.atomic():
        row = locked()
        if row.state != MadeState.MAKING:
            return
        move(row, MadeState.FAILED, Made.TRANSITIONS)
        row.failure = reason[:400]
        row.save(update_fields=["state", "failure"])

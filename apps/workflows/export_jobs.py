"""The job of journal exports. As in :mod:`jobs`, it may run twice, and carries references only."""

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import RENDER_AGAIN


@app.task(queue="documents", retry=RENDER_AGAIN)
def make_journal_export(*, export_ref: str, organisation_id: int) -> None:
    """Write an export of the journal and store it with its SHA-256; nothing happens if it is there."""
    from apps.workflows.journals import making  # only the worker needs it

    with walls.asking_for(organisation_id):
        making.make(export_ref=export_ref)

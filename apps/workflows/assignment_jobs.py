"""The jobs of assignments; what holds of all jobs is said in :mod:`apps.workflows.jobs`."""

from procrastinate.contrib.django import app

from apps.core.database import walls
from apps.workflows.jobs import RENDER_AGAIN


@app.task(queue="documents", retry=RENDER_AGAIN)
def make_assignment_proof(*, proof_ref: str, organisation_id: int) -> None:
    """Make the proof that a buyer asked for and store it with its SHA-256; nothing happens if it is there."""
    from apps.financing import assignment_proofs  # only the worker needs it

    with walls.asking_for(organisation_id):
        assignment_proofs.make(proof_ref=proof_ref)

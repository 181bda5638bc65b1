"""The asking and the making: written down when the buyer asks, made by a job, stored once with its SHA-256."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.template.loader import render_to_string
from django.utils import translation

from apps.contracts.models import Contract, GuestGrant
from apps.core import canonical, clock, made
from apps.core.errors import IllegalTransition, NotAllowed
from apps.core.made import Kept
from apps.core.printing import press
from apps.core.printing.parts import DATA, Inside
from apps.core.refs import new_ref
from apps.financing.assignment_proofs import snapshot
from apps.financing.assignment_proofs.page import page_of
from apps.financing.models import Assignment, AssignmentProof
from apps.financing.services.record import record
from apps.parties.actor import Actor, ActorKind

TEMPLATE: Final = "documents/assignment_proof.html"
STYLE: Final = "record"
FOLDER: Final = "assignment-proofs"
FILE: Final = "assignment.json"


def ask(*, contract: Contract, assignment_ref: str, actor: Actor, at: datetime) -> AssignmentProof:
    """Write down that the buyer asks for proof, and what the proof says; or ask again after its making failed.

    Refused once it is there, while it is being made, and after the assignment was revoked. The caller holds the
    contract and sees what its seller sees.
    """
    _require_buyer(contract, assignment_ref=assignment_ref, actor=actor, at=at)
    assignment = (
        Assignment.objects.select_related("contract__seller", "contract__buyer", "financier", "milestone")
        .select_related("tranche__offer__answered_by")
        .get(ref=assignment_ref)
    )
    if assignment.revoked_at is not None:
        raise IllegalTransition("This assignment was revoked: the invoice is paid to the seller again.")
    known = AssignmentProof.objects.select_for_update().filter(assignment=assignment).first()
    if known is not None:
        made.again(known, at=at)
        return known
    ref = new_ref()
    text = snapshot.written(assignment, ref=ref, at=at)
    proof = AssignmentProof.objects.create(
        ref=ref,
        contract=assignment.contract,
        assignment=assignment,
        requested_at=at,
        snapshot=text,
        snapshot_sha256=canonical.sha256(text),
    )
    _record(proof, verb="assignment.proof_asked", actor=actor, at=at)
    return proof


def make(*, proof_ref: str) -> AssignmentProof:
    """Make and store the PDF; nothing happens if it is there.

    A failure is written on the row in words, and raised again so that the job is retried.
    """
    return made.make(_locked(proof_ref), work=_printed, then=_note_bytes)


def _require_buyer(contract: Contract, *, assignment_ref: str, actor: Actor, at: datetime) -> None:
    """A member of the buyer, or who holds the link to this notice, also after it was confirmed by it."""
    if actor.organisation_id != contract.buyer_id:
        raise NotAllowed("Only the buyer who was told of the assignment can ask for proof of it.")
    if actor.kind is not ActorKind.GUEST or actor.grant_id is None:
        return
    links = GuestGrant.objects.filter(
        pk=actor.grant_id, purpose=GuestGrant.Purpose.ACKNOWLEDGE, subject_ref=assignment_ref
    )
    if not links.filter(revoked_at__isnull=True, expires_at__gt=at).exists():
        raise NotAllowed("This link is no longer valid. Open the newest one that you got by mail.")


def _locked(proof_ref: str) -> Callable[[], AssignmentProof]:
    proofs = AssignmentProof.objects.select_related("contract", "assignment").select_for_update(of=("self",))
    return lambda: proofs.get(ref=proof_ref)


def _printed(proof: AssignmentProof) -> Kept:
    return made.keep(proof, pdf_of(proof.snapshot), folder=FOLDER)


def pdf_of(text: str) -> bytes:
    """The PDF of a snapshot, in the language of its buyer: the same bytes on every run."""
    said = canonical.read(text)
    with translation.override(said["language"]):
        page = page_of(said)
        html = render_to_string(TEMPLATE, {"page": page})
        inside = Inside(FILE, "application/json", "What this proof was made from", DATA, text.encode())
    return press.pdf(html, style=STYLE, at=page.begun_at, inside=[inside])


def _note_bytes(proof: AssignmentProof) -> None:
    """The audit chain says which bytes the proof has, so that nobody can put others in their place."""
    system = Actor.system(organisation_id=proof.contract.seller_id)
    _record(proof, verb="assignment.proof_made", actor=system, at=clock.now(), sha256=proof.sha256)


def _record(proof: AssignmentProof, *, verb: str, actor: Actor, at: datetime, sha256: str = "") -> None:
    record(
        proof.contract,
        financier_id=proof.assignment.financier_id,
        verb=verb,
        subject=f"assignment:{proof.assignment.ref}",
        actor=actor,
        at=at,
        snapshot_sha256=proof.snapshot_sha256,
        **({"sha256": sha256} if sha256 else {}),
    )

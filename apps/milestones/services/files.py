"""Evidence files of a draft submission: attached, removed, read. The bytes live in the private store."""

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.files.base import File

from apps.audit import services as audit
from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core import canonical, storage
from apps.core.errors import IllegalTransition, Refused
from apps.milestones import evidence, rules
from apps.milestones.evidence import StoredFile
from apps.milestones.models import DisputeFile, EvidenceFile, ReservationFile, Submission
from apps.milestones.models.submission import SubmissionState
from apps.milestones.services.holding import lock_milestone
from apps.milestones.services.quota import check_quota
from apps.milestones.services.submitting import open_or_continue
from apps.parties.actor import Actor
from apps.parties.roles import Action

KEPT_BY: Final = (EvidenceFile, DisputeFile, ReservationFile)
"""The tables whose rows name stored bytes of evidence."""


def receive(upload: "File[Any]", *, actor: Actor) -> StoredFile:
    """Check an upload and store its bytes; they count for nothing until :func:`attach` gives them a row."""
    actor.require(Action.SUBMIT_MILESTONE)
    return evidence.receive(upload, most=settings.EVIDENCE_MAX_BYTES)


def attach(
    *,
    contract: Contract,
    milestone_ref: str,
    actor: Actor,
    stored: StoredFile,
    criterion_id: int | None,
    at: datetime,
) -> EvidenceFile:
    """Add a stored file to the draft submission, opening it if need be; to one criterion, or to the whole.

    The same bytes under the same name for the same criterion are there already: nothing is added.
    """
    contracts.require_seller(contract, actor=actor, action=Action.SUBMIT_MILESTONE)
    milestone = lock_milestone(contract, milestone_ref=milestone_ref)
    submission = open_or_continue(milestone, at=at)
    if criterion_id is not None and not submission.notes.filter(criterion_id=criterion_id).exists():
        raise Refused("This is no criterion of this milestone. Reload the page.", field="criterion")
    alike = submission.files.filter(name=stored.name, sha256=stored.sha256)
    same = next((file for file in alike if file.criterion_id == criterion_id), None)
    if same is not None:
        return same
    if submission.files.count() >= rules.MOST_FILES:
        raise Refused("A submission has at most {most} files.", field="file", most=rules.MOST_FILES)
    check_quota(contract.seller_id, size=stored.size)
    file = EvidenceFile.objects.create(
        submission=submission,
        criterion_id=criterion_id,
        name=stored.name,
        content_type=stored.content_type,
        size=stored.size,
        sha256=stored.sha256,
        stored_as=stored.stored_as,
        uploaded_at=at,
    )
    _record(contract, verb="evidence.attached", file=file, actor=actor, at=at)
    return file


def remove(*, contract: Contract, evidence_ref: str, actor: Actor, at: datetime) -> str:
    """Take a file out of a draft submission; the answer is the name under which its bytes are stored.

    Nothing happens, and the answer is empty, when somebody took it out a moment ago.
    """
    contracts.require_seller(contract, actor=actor, action=Action.SUBMIT_MILESTONE)
    files = EvidenceFile.objects.filter(ref=evidence_ref, submission__contract=contract)
    milestone_ref = files.values_list("submission__milestone__ref", flat=True).first()
    if milestone_ref is not None:
        lock_milestone(contract, milestone_ref=milestone_ref)
    file = files.select_related("submission").first()
    if file is None and was_removed(evidence_ref=evidence_ref, actor=actor):
        return ""
    if file is None:
        raise Refused("This file is not there any more.")
    if file.submission.state != SubmissionState.DRAFT:
        raise IllegalTransition("This file was sent to the buyer and stays.")
    _record(contract, verb="evidence.removed", file=file, actor=actor, at=at)
    file.delete()
    return file.stored_as


def was_removed(*, evidence_ref: str, actor: Actor) -> bool:
    """Whether the actor's organisation took this file out before, so that there is nothing left to do."""
    return submission_without(evidence_ref=evidence_ref, actor=actor) is not None


def submission_without(*, evidence_ref: str, actor: Actor) -> Submission | None:
    """The submission out of which the actor's organisation took this file."""
    told = audit.last_told(verb="evidence.removed", subject=f"evidence:{evidence_ref}", actor=actor)
    if told is None or not actor.may(Action.SUBMIT_MILESTONE):
        return None
    ref = canonical.read(told.text)["facts"]["submission"]
    return Submission.objects.visible_to(actor).select_related("milestone").filter(ref=ref).first()


def discard_unless_known(stored_as: str) -> None:
    """Delete stored bytes that no row names: the row was removed, or never committed."""
    named = (rows.objects.filter(stored_as=stored_as) for rows in KEPT_BY)
    if not any(found.exists() for found in named):
        evidence.discard(stored_as)


def sweep_orphans(*, before: datetime) -> int:
    """Delete stored bytes that no row names and that were written before this moment; the answer is how many.

    An upload has its row within the request that brought it, so who is older than any request has none to come.
    """
    swept = 0
    for names in storage.stored_before(evidence.FOLDER, before):
        known = {
            name
            for rows in KEPT_BY
            for name in rows.objects.using("owner").filter(stored_as__in=names).values_list("stored_as", flat=True)
        }
        for name in sorted(set(names) - known):
            evidence.discard(name)
            swept += 1
    return swept


def opened(file: EvidenceFile | DisputeFile | ReservationFile) -> "File[Any]":
    """The bytes of a file, for reading; the caller closes it."""
    return evidence.opened(file.stored_as)


def _record(contract: Contract, *, verb: str, file: EvidenceFile, actor: Actor, at: datetime) -> None:
    contracts.record(
        contract,
        verb=verb,
        subject=f"evidence:{file.ref}",
        actor=actor,
        at=at,
        submission=file.submission.ref,
        name=file.name,
        size=file.size,
        sha256=file.sha256,
    )

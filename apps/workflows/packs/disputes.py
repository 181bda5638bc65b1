"""Disputes, as evidence: what either side said and showed, what was proposed, and how it ended."""

from typing import Any

from django.db.models import Q, QuerySet

from apps.core.made import Kept
from apps.invoicing.models import DisputedInvoice
from apps.milestones.models import Dispute
from apps.workflows.models import EvidencePack
from apps.workflows.packs import parts
from apps.workflows.packs.parts import Contents


def collect(pack: EvidencePack, contents: Contents) -> None:
    """Every dispute of the contract, numbered as they were raised; of the pack of one milestone those about what was
    submitted for it, billed, or withheld for its defects.

    The files that the sides showed lie with the other evidence.
    """
    invoices = dict(
        DisputedInvoice.objects.filter(contract_id=pack.contract_id).values_list("dispute_id", "invoice__ref")
    )
    here = set(_about(pack).values_list("pk", flat=True))
    disputes = Dispute.objects.filter(contract_id=pack.contract_id).select_related("submission", "reservation")
    read = disputes.prefetch_related("positions", "files", "proposals").order_by("pk")
    for number, dispute in enumerate(read, start=1):
        if dispute.pk not in here:
            continue
        told = _dispute(dispute, invoice_ref=invoices.get(dispute.pk))
        contents.add(parts.record(f"disputes/{number:04d}.json", "dispute", told, ref=dispute.ref))
        for file in dispute.files.all():
            kept = Kept(file.stored_as, file.size, file.sha256)
            contents.add(parts.stored(f"evidence/{file.sha256}{parts.ending(file.name)}", "evidence", kept))


def _about(pack: EvidencePack) -> "QuerySet[Dispute]":
    disputes = Dispute.objects.filter(contract_id=pack.contract_id).order_by()
    if pack.milestone_id is None:
        return disputes
    billed = DisputedInvoice.objects.filter(invoice__milestone_id=pack.milestone_id)
    of_milestone = Q(submission__milestone_id=pack.milestone_id) | Q(reservation__milestone_id=pack.milestone_id)
    return disputes.filter(of_milestone | Q(pk__in=billed.values("dispute_id")))


def _dispute(dispute: Dispute, *, invoice_ref: str | None) -> dict[str, Any]:
    about = f"invoice:{invoice_ref}"
    if dispute.submission is not None:
        about = f"submission:{dispute.submission.ref}"
    elif dispute.reservation is not None:
        about = f"reservation:{dispute.reservation.ref}"
    return {
        **{part: getattr(dispute, part) for part in ("amount", "whole", "currency", "raised_by", "raised_at")},
        "dispute": dispute.ref,
        "about": about,
        "state": str(dispute.state),
        "answer_due_at": dispute.answer_due_at,
        "positions": [
            {part: getattr(one, part) for part in ("number", "side", "name", "written_at", "text")}
            for one in dispute.positions.all()
        ],
        "files": [
            {
                "file": one.ref,
                **{part: getattr(one, part) for part in ("side", "name", "size", "sha256", "uploaded_at")},
            }
            for one in dispute.files.all()
        ],
        "proposals": [
            {
                part: getattr(one, part)
                for part in ("number", "side", "name", "proposed_at", "outcome", "upheld", "note")
            }
            | ({"kept_until": one.kept_until} if one.kept_until is not None else {})
            for one in dispute.proposals.all()
        ],
        "end": None
        if dispute.is_live
        else {
            "at": dispute.settled_at,
            "side": dispute.settled_by,
            "name": dispute.settler_name,
            "upheld": dispute.upheld,
            "review_due_at": dispute.due_after,
        },
    }

"""What goes into an evidence pack: read at one moment, so that chain and records fit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Prefetch, QuerySet

from apps.audit.models import Chain, Detail, Entry
from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractDocument, ContractVersion, GuestGrant, Signature
from apps.core import canonical
from apps.core.made import Kept, MadeState
from apps.invoicing.models import Document, Invoice
from apps.milestones import services
from apps.milestones.models import Certificate, Decision, EvidenceFile, Milestone, Submission
from apps.workflows.models import EvidencePack
from apps.workflows.packs import comments, corrections, disputes, events, parts, reservations, settlements, steps
from apps.workflows.packs.parts import PERSON, Contents

CHAIN: Final = "audit/chain.jsonl"
DETAILS: Final = "audit/details.jsonl"
AT_ONCE: Final = 1_000


def of_pack(pack: EvidencePack) -> Contents:
    """Everything that proves the contract of a pack, or the one milestone that it is about."""
    with _at_one_moment():
        contents = _chain(pack)
        _versions(pack.contract, contents)
        milestones = Milestone.objects.filter(contract_id=pack.contract_id)
        if pack.milestone_id is not None:
            milestones = milestones.filter(pk=pack.milestone_id)
        _milestones(milestones, contents, passings=contracts.passings(pack.contract_id))
        comments.collect(milestones, contents)
        reservations.collect(milestones, contents)
        disputes.collect(pack, contents)
        settlements.collect(pack.contract, contents)
        if pack.milestone_id is None:
            events.collect(pack.contract, contents)
        issued = Invoice.objects.filter(contract_id=pack.contract_id)
        issued = issued if pack.milestone_id is None else issued.filter(milestone_id=pack.milestone_id)
        _invoices(issued, contents)
        corrections.collect(issued, contents)
    return contents


@contextmanager
def _at_one_moment() -> Iterator[None]:
    """See every row as it stood when the first was read; inside a transaction of the caller's, as that one sees it."""
    is_first = not connection.in_atomic_block
    with transaction.atomic():
        if is_first:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _chain(pack: EvidencePack) -> Contents:
    """The audit chain as JSON lines, what of it is the side's own business, and what the pack is about."""
    contract = pack.contract
    chain = Chain.objects.get(subject=f"contract:{contract.ref}")
    lines, as_of = [], ""
    for entry in Entry.objects.filter(chain=chain).order_by("position").iterator(AT_ONCE):
        told = {"position": entry.position, "previous": entry.previous, "sha256": entry.sha256, "text": entry.text}
        lines.append(canonical.text(told))
        as_of = canonical.read(canonical.text(entry.happened_at))
    contents = Contents(
        about={
            "for": {
                "side": "seller" if pack.organisation_id == contract.seller_id else "buyer",
                "organisation": pack.organisation_id,
            },
            "contract": _named(contract),
            "milestone": pack.milestone.ref if pack.milestone is not None else "",
            "as_of": as_of,
            "head": {"position": chain.position, "sha256": chain.head},
        },
        position=chain.position,
    )
    contents.add(parts.lines(CHAIN, "chain", lines))
    contents.add(parts.lines(DETAILS, "details", _details(chain, organisation_id=pack.organisation_id)))
    return contents


def _details(chain: Chain, *, organisation_id: int) -> list[str]:
    """Who acted and from where, of the entries of which an organisation may know it."""
    told = Detail.objects.filter(chain=chain, readers__contains=[organisation_id]).order_by("entry__position")
    rows = told.values_list("entry__position", "text").iterator(AT_ONCE)
    return [canonical.text({"position": position, "text": text}) for position, text in rows]


def _named(contract: Contract) -> dict[str, str]:
    """What the contract is called, and its sides, as they were signed last."""
    versions = contract.versions.filter(proposed_at__isnull=False).order_by("-number")
    said = canonical.read(versions.values_list("canonical_text", flat=True)[0])
    names = {part: said["contract"][part] for part in ("ref", "number", "title")}
    return names | {side: said[side]["legal_name"] for side in ("seller", "buyer")}


def _versions(contract: Contract, contents: Contents) -> None:
    """Every version that was proposed, with its signatures."""
    proposed = ContractVersion.objects.filter(contract=contract, proposed_at__isnull=False)
    signatures = Signature.objects.order_by("signed_at", "pk")
    proposed = proposed.order_by("number").prefetch_related(Prefetch("signatures", queryset=signatures), "documents")
    for version in proposed:
        name = f"contract/version-{version.number}"
        contents.add(parts.text(f"{name}.json", "version", version.canonical_text, ref=version.ref))
        names = canonical.read(version.canonical_text)
        signed = [_signature(version, one, names[one.side]["legal_name"]) for one in version.signatures.all()]
        contents.add(parts.record(f"{name}.signatures.json", "signatures", signed, ref=version.ref))
        _printed(version, name, contents)


def _printed(version: ContractVersion, name: str, contents: Contents) -> None:
    """A version that both signed on paper, in force or changed since; of what was only proposed its text says all."""
    if len({one.side for one in version.signatures.all()}) != 2:
        return
    document = next((one for one in version.documents.all() if one.kind == ContractDocument.Kind.SIGNED), None)
    if document is None or document.state != MadeState.READY:
        contents.missing.append({"kind": "contract_pdf", "of": f"version:{version.ref}"})
        return
    contents.add(parts.stored(f"{name}.pdf", "contract_pdf", _bytes(document), ref=version.ref))


def _signature(version: ContractVersion, signature: Signature, organisation: str) -> dict[str, Any]:
    return {
        **{part: getattr(signature, part) for part in PERSON},
        "version": version.number,
        "side": signature.side,
        "organisation": organisation,
        "signed_at": signature.signed_at,
        **({"circumstances": signature.circumstances} if signature.circumstances is not None else {}),
        "statement": signature.statement,
        "statement_version": signature.statement_version,
        "statement_sha256": canonical.sha256(signature.statement),
        "sha256": signature.sha256,
    }


def _milestones(
    milestones: "QuerySet[Milestone]", contents: Contents, *, passings: dict[str, list[GuestGrant]]
) -> None:
    """Every submission that was sent, with its files and what was decided of it, and the certificates."""
    sent = (
        Submission.objects.filter(milestone__in=milestones)
        .exclude(state="draft")
        .select_related("milestone", "decision__certificate", "first_acceptance")
        .prefetch_related(
            *steps.RELATED,
            Prefetch("files", queryset=EvidenceFile.objects.order_by("pk")),
            "decision__verdicts__criterion",
            "decision__reservations__criterion",
        )
        .order_by("milestone__position", "milestone__part", "number")
    )
    for submission in sent:
        milestone = submission.milestone
        place = parts.place(milestone)
        decision: Decision | None = getattr(submission, "decision", None)
        if decision is not None and decision.outcome == Decision.Outcome.SETTLED:
            # Both sides signed this text when the contract was terminated; nothing else was sent.
            text = submission.canonical_text
            contents.add(parts.text(f"{place}/settlement.json", "settlement", text, ref=submission.ref))
            continue
        name = f"{place}/submission-{submission.number:02d}"
        contents.add(parts.text(f"{name}.json", "submission", submission.canonical_text, ref=submission.ref))
        contents.links.extend(_links(submission))
        for file in submission.files.all():
            contents.add(parts.stored(f"evidence/{file.sha256}{parts.ending(file.name)}", "evidence", _bytes(file)))
        before = steps.steps_of(submission)
        if before is not None:
            contents.add(parts.record(f"{name}.steps.json", "steps", before, ref=submission.ref))
        if submission.ref in passings:
            # Among members it is the buyer's own business; who decided by link is told with by whom it was asked.
            passed = [contracts.passing_told(one) for one in passings[submission.ref]]
            contents.add(parts.record(f"{name}.passed.json", "passed", passed, ref=submission.ref))
        if decision is not None and decision.lapse_text:
            contents.add(parts.text(f"{name}.lapse.json", "lapse", decision.lapse_text, ref=submission.ref))
            if decision.is_acceptance:
                _certificate(submission, decision, place, contents)
        # What silence decided before there were records of it stands in the audit chain alone.
        if decision is not None and not decision.rule:
            told = _decision(submission, decision)
            contents.add(parts.record(f"{name}.decision.json", "decision", told, ref=submission.ref))
            reserved = list(decision.reservations.all())
            if reserved:
                listed = services.listed_text(reserved)
                contents.add(parts.text(f"{name}.reservations.json", "reservations", listed, ref=submission.ref))
            if decision.is_signed_off:
                _certificate(submission, decision, place, contents)


def _links(submission: Submission) -> Iterator[dict[str, Any]]:
    """The pages elsewhere that the text of a submission names, those to its criteria first."""
    said = canonical.read(submission.canonical_text)
    for place in (*said["criteria"], said):
        named = {"criterion": place["position"]} if "position" in place else {}
        yield from ({"submission": submission.ref, **named, **link} for link in place.get("links", []))


def _decision(submission: Submission, decision: Decision) -> dict[str, Any]:
    verdicts = sorted(decision.verdicts.all(), key=lambda one: one.criterion.position)
    return {
        **{part: getattr(decision, part) for part in PERSON},
        "submission": submission.ref,
        "outcome": decision.outcome,
        "organisation": decision.organisation_name,
        "decided_at": decision.decided_at,
        **(
            {"accepted_for_interest_at": decision.accepted_for_interest_at}
            if decision.accepted_for_interest_at is not None
            else {}
        ),
        **({"wanted_by": decision.wanted_by} if decision.wanted_by is not None else {}),
        "proved_by": decision.proved_by,
        "proved_at": decision.proved_at,
        "comment": decision.comment,
        "statement": decision.statement,
        "statement_version": decision.statement_version,
        "statement_sha256": canonical.sha256(decision.statement),
        "sha256": decision.sha256,
        **({"circumstances": decision.circumstances} if decision.circumstances is not None else {}),
        "verdicts": [
            {"criterion": one.criterion.text, "is_passed": one.is_passed, "reason": one.reason} for one in verdicts
        ],
    }


def _certificate(submission: Submission, decision: Decision, place: str, contents: Contents) -> None:
    certificate: Certificate | None = getattr(decision, "certificate", None)
    if certificate is None or certificate.state != MadeState.READY:
        contents.missing.append({"kind": "certificate", "of": f"milestone:{submission.milestone.ref}"})
        return
    contents.add(parts.stored(f"{place}/certificate.pdf", "certificate", _bytes(certificate), ref=certificate.ref))
    contents.add(parts.text(f"{place}/certificate.json", "certificate_text", certificate.snapshot, ref=certificate.ref))


def _invoices(issued: "QuerySet[Invoice]", contents: Contents) -> None:
    """Every invoice: its content, and the document with the XML inside it."""
    for invoice in issued.select_related("document").order_by("pk"):
        name = f"invoices/{invoice.number.replace('/', '_')}"
        contents.add(parts.text(f"{name}.json", "invoice", invoice.snapshot, ref=invoice.ref))
        document = invoice.document
        if document.state != "ready":
            contents.missing.append({"kind": "document", "of": f"invoice:{invoice.ref}"})
            continue
        contents.add(parts.stored(f"{name}.pdf", "invoice_pdf", _bytes(document), ref=invoice.ref))
        if document.has_xml:
            xml = Kept(document.xml_stored_as, document.xml_size, document.xml_sha256)
            contents.add(parts.stored(f"{name}.xml", "invoice_xml", xml, ref=invoice.ref))


def _bytes(row: EvidenceFile | Certificate | Document | ContractDocument) -> Kept:
    """Where a row's bytes lie, and which they are."""
    return Kept(row.stored_as, row.size, row.sha256)

"""Documents before payment: the seller hands them in, the buyer confirms or returns them, and an invoice is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.files.base import File

from apps.audit import services as audit
from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.contracts.models.contract import ContractState
from apps.contracts.rules import payment_documents as terms_of
from apps.core import canonical
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.states import move
from apps.invoicing.models import OpenItem, PaymentDocument
from apps.invoicing.models.payment_document import DocumentStep
from apps.milestones import evidence
from apps.milestones.evidence import StoredFile
from apps.milestones.rules import check_words
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action

LONGEST_NOTE: Final = 1_000
TOLD_BEFORE: Final = timedelta(days=14)
"""So long before a document ends its seller is told, so that the next invoice does not wait for a new one."""


@dataclass(frozen=True, slots=True)
class EndingDocument:
    """A document whose end its seller is to be told of."""

    document_ref: str
    seller_id: int


def contract_of_document(*, document_ref: str) -> int:
    """The contract of a document, so that a workflow can lock it first."""
    found = PaymentDocument.objects.filter(ref=document_ref).values_list("contract_id", flat=True).first()
    if found is None:
        raise Refused("There is no such document among those that you can see.")
    return found


def receive_payment_document(upload: "File[Any]", *, actor: Actor) -> StoredFile:
    """Check an upload and store its bytes; they count for nothing until :func:`hand_in_document` gives them a row."""
    actor.require(Action.RECORD_PAYMENT)
    return evidence.receive(upload, most=settings.EVIDENCE_MAX_BYTES)


def discard_unless_handed_in(stored_as: str) -> None:
    """Delete stored bytes that no document knows."""
    if not PaymentDocument.objects.filter(stored_as=stored_as).exists():
        evidence.discard(stored_as)


def hand_in_document(
    *,
    contract: Contract,
    document_ref: str,
    actor: Actor,
    note: str,
    stored: StoredFile | None,
    at: datetime,
    valid_until: date | None = None,
) -> tuple[PaymentDocument, bool]:
    """The seller hands in what is missing: a file, or words that say how the buyer got it, and until when it is good.

    The same twice is once: also says whether it is there only now.
    """
    document = _locked(contract, document_ref=document_ref)
    actor.require(Action.RECORD_PAYMENT, organisation_id=contract.seller_id)
    words = note.strip()
    if len(words) > LONGEST_NOTE:
        raise Refused("Write at most {most} characters.", field="note", most=LONGEST_NOTE)
    if stored is None and not words:
        raise Refused("Attach the document, or say how the buyer got it.", field="file")
    sha256 = stored.sha256 if stored is not None else ""
    told = (document.note, document.sha256, document.valid_until)
    if document.state == DocumentStep.HANDED_IN and told == (words, sha256, valid_until):
        return document, False
    if document.state != DocumentStep.MISSING:
        raise IllegalTransition("This document is not missing any more. Reload the page to see what happened.")
    terms_of.check_valid_until(valid_until, today=_day(contract, at))
    move(document, DocumentStep.HANDED_IN, PaymentDocument.TRANSITIONS)
    if stored is not None:
        document.name, document.content_type, document.size = stored.name, stored.content_type, stored.size
        document.sha256, document.stored_as = stored.sha256, stored.stored_as
    document.note, document.handed_in_at, document.handed_in_name = words, at, actor.name
    document.valid_until = valid_until
    document.save()
    facts: dict[str, Any] = {"sha256": sha256, "note_sha256": canonical.sha256(words)}
    if valid_until is not None:
        facts["valid_until"] = valid_until
    _record(document, verb="document.handed_in", actor=actor, at=at, **facts)
    return document, True


def confirm_document(*, contract: Contract, document_ref: str, actor: Actor, at: datetime) -> PaymentDocument:
    """The buyer has what it wanted; one that came another way is confirmed without being handed in here. Refused once
    its last day is over: it is returned instead, and a new one is handed in.

    What serves all invoices is confirmed for each that waits for it. An invoice that waits for nothing more is due by
    its terms: so nobody of the seller confirms, as with a sign-off.
    """
    document = _locked(contract, document_ref=document_ref)
    contracts.buyer_authority(contract, actor=actor, action=Action.CONFIRM_DOCUMENT, at=at)
    _require_waiting(document)
    same = [document]
    if document.is_once:
        others = PaymentDocument.objects.select_for_update(of=("self",)).select_related("invoice").waiting()
        others = others.filter(contract=contract, is_once=True).exclude(pk=document.pk)
        # By the same name as where it is asked whether it is there: a change order may have written it otherwise.
        same += [one for one in others if one.title.casefold() == document.title.casefold()]
    until = _until(document, same=same)
    if until is not None and until < _day(contract, at):
        raise Refused(
            "This document was valid until {day} and is not any more. Return it, so that the seller hands in one that"
            " is.",
            day=until,
        )
    for one in same:
        one.contract = contract
        move(one, DocumentStep.CONFIRMED, PaymentDocument.TRANSITIONS)
        # What serves all invoices is one document: it ends for all of them on the same day.
        one.valid_until = until
        one.decided_at, one.decided_name = at, actor.name
        one.save(update_fields=["state", "decided_at", "decided_name", "valid_until"])
        _record(one, verb="document.confirmed", actor=actor, at=at)
        _make_due(one, contract=contract, at=at)
    return document


def _until(document: PaymentDocument, *, same: Sequence[PaymentDocument]) -> date | None:
    """The last day of what is confirmed: as it was handed in, or where it was not, as what is good for longest of those
    that were for other invoices."""
    if document.state == DocumentStep.HANDED_IN:
        return document.valid_until
    handed_in = [one for one in same if one.state == DocumentStep.HANDED_IN]
    ends = [one.valid_until for one in handed_in if one.valid_until is not None]
    return max(ends, default=None) if len(ends) == len(handed_in) else None


def return_document(
    *, contract: Contract, document_ref: str, actor: Actor, reason: str, at: datetime
) -> PaymentDocument:
    """The buyer gives back what does not do, and says why: the document is missing anew."""
    document = _locked(contract, document_ref=document_ref)
    contracts.buyer_authority(contract, actor=actor, action=Action.CONFIRM_DOCUMENT, at=at)
    _require_waiting(document)
    if document.state != DocumentStep.HANDED_IN:
        raise IllegalTransition("Nothing was handed in yet, so nothing can be returned.")
    words = check_words(reason, field="reason", missing="Say what is wrong with it, so that the seller can mend it.")
    if len(words) > LONGEST_NOTE:
        raise Refused("Write at most {most} characters.", field="reason", most=LONGEST_NOTE)
    move(document, DocumentStep.RETURNED, PaymentDocument.TRANSITIONS)
    document.decided_at, document.decided_name, document.reason = at, actor.name, words
    document.save(update_fields=["state", "decided_at", "decided_name", "reason"])
    PaymentDocument.objects.create(
        contract=contract, invoice=document.invoice, title=document.title, is_once=document.is_once
    )
    _record(document, verb="document.returned", actor=actor, at=at, reason_sha256=canonical.sha256(words))
    return document


def documents_ending(*, at: datetime) -> list[EndingDocument]:
    """What serves all invoices of a contract in force, ends soon and was not told of: read with the owner's eyes."""
    # The seller's day may be one ahead of that of UTC.
    by = at.date() + TOLD_BEFORE + timedelta(days=1)
    ending = PaymentDocument.objects.using("owner").filter(
        state=DocumentStep.CONFIRMED,
        is_once=True,
        expiry_told_at__isnull=True,
        valid_until__isnull=False,
        valid_until__lte=by,
        contract__state=ContractState.ACTIVE,
    )
    return [EndingDocument(one.ref, one.contract.seller_id) for one in ending.select_related("contract").order_by("pk")]


def tell_of_end(*, contract: Contract, document_ref: str, actor: Actor, at: datetime) -> PaymentDocument | None:
    """Keep that the seller was told; None where there is nothing to tell: not soon, told already, or another of its
    kind is good for longer."""
    document = _locked(contract, document_ref=document_ref)
    if actor.kind is not ActorKind.SYSTEM:
        raise NotAllowed("Only the calendar tells of the end of a document.")
    today = _day(contract, at)
    is_told = document.expiry_told_at is not None or document.state != DocumentStep.CONFIRMED
    if is_told or document.valid_until is None or document.valid_until > today + TOLD_BEFORE:
        return None
    document.expiry_told_at = at
    document.save(update_fields=["expiry_told_at"])
    like = PaymentDocument.objects.filter(contract=contract, is_once=True).good_on(document.valid_until)
    like = like.exclude(pk=document.pk)
    if any(one.title.casefold() == document.title.casefold() for one in like if _outlives(one, document)):
        return None
    _record(document, verb="document.ending", actor=actor, at=at, valid_until=document.valid_until)
    return document


def _outlives(one: PaymentDocument, other: PaymentDocument) -> bool:
    """Whether it is good for longer; of two that end together the later row stands for both."""
    if one.valid_until is None or other.valid_until is None:
        return one.valid_until is None
    return (one.valid_until, one.pk) > (other.valid_until, other.pk)


def _day(contract: Contract, at: datetime) -> date:
    """The calendar day where the seller is."""
    return at.astimezone(ZoneInfo(contract.seller.time_zone)).date()


def _make_due(document: PaymentDocument, *, contract: Contract, at: datetime) -> None:
    """With the last document the invoice is due; the terms are those of the version under which it was issued."""
    invoice = document.invoice
    if PaymentDocument.objects.filter(invoice=invoice).waiting().exists():
        return
    item = OpenItem.objects.select_for_update(of=("self",)).get(invoice=invoice)
    said = canonical.read(invoice.snapshot)
    item.due_on = terms_of.due_with_documents(
        said["documents_days"],
        issued_on=invoice.issued_on,
        confirmed_on=_day(contract, at),
        payment_days=said["payment_days"],
        payment_basis=said["payment_basis"],
    )
    item.save(update_fields=["due_on"])


def _locked(contract: Contract, *, document_ref: str) -> PaymentDocument:
    found = PaymentDocument.objects.select_for_update(of=("self",)).select_related("invoice")
    document = found.filter(ref=document_ref, contract=contract).first()
    if document is None:
        raise Refused("There is no such document in this contract.")
    return document


def _require_waiting(document: PaymentDocument) -> None:
    if document.state == DocumentStep.CONFIRMED:
        raise IllegalTransition("{name} has confirmed this document already.", name=document.decided_name)
    if document.state == DocumentStep.RETURNED:
        raise IllegalTransition("This document was returned already. Reload the page to see what happened.")


def _record(document: PaymentDocument, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    invoice = document.invoice
    audit.record(
        chain=f"contract:{document.contract.ref}",
        parties=(invoice.seller_id, invoice.buyer_id),
        verb=verb,
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=at,
        told_to=(invoice.seller_id, invoice.buyer_id),
        number=invoice.number,
        document=document.title,
        document_ref=document.ref,
        **facts,
    )

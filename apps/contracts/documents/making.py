"""The document's making: begun and made by a job after the signature was committed, stored once with its SHA-256."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Max
from django.template.loader import render_to_string
from django.utils import translation

from apps.contracts.documents import snapshot
from apps.contracts.documents.page import page_of
from apps.contracts.models import ContractDocument, ContractVersion
from apps.contracts.services.changing import is_signed
from apps.contracts.services.record import record
from apps.core import canonical, clock, made
from apps.core.errors import NotAllowed, Refused
from apps.core.made import GIVEN_UP_AFTER, Kept
from apps.core.printing import press
from apps.core.printing.parts import DATA, Inside
from apps.core.refs import new_ref
from apps.parties.actor import Actor

TEMPLATE: Final = "documents/contract.html"
STYLE: Final = "record"
TEXT_FILE: Final = "contract.json"
"""The text that was signed, byte for byte: its SHA-256 is the version's."""
SIGNATURES_FILE: Final = "signatures.json"


def make(*, version_ref: str, kind: str) -> ContractDocument:
    """Make and store the document of a version; nothing happens if it is there.

    A failure is written on the document in words, and raised again so that the job is retried.
    """
    document = _begun(version_ref, kind=kind)
    return made.make(_locked(document.pk), work=_printed, then=_record)


def retry(*, version_ref: str, kind: str, actor: Actor, at: datetime) -> None:
    """Ask for a document again after it failed, or after its making was given up. One that is there stays."""
    versions = ContractVersion.objects.visible_to(actor).filter(proposed_at__isnull=False)
    version = versions.select_related("contract").filter(ref=version_ref).first()
    if version is None or kind not in ContractDocument.Kind.values:
        raise Refused("There is no such document of a contract among yours. Open it from your list of contracts.")
    contract = version.contract
    if actor.organisation_id not in (contract.seller_id, contract.buyer_id) or actor.grant_id is not None:
        raise NotAllowed("Only the seller and the buyer can have the document made again.")
    if kind == ContractDocument.Kind.SIGNED and not is_signed(version):
        raise Refused("Both sides have not signed this version, so there is no signed document of it.")
    document = ContractDocument.objects.select_for_update().filter(version=version, kind=kind).first()
    if document is not None:
        made.again(document, at=at)
    elif at - asked_at(version, kind=kind) < GIVEN_UP_AFTER:
        raise Refused("It is being made right now. Reload the page in a moment.")


def asked_at(version: ContractVersion, *, kind: str) -> datetime:
    """Since when the document should be in the making."""
    at = version.proposed_at
    if kind == ContractDocument.Kind.SIGNED:
        at = version.signatures.aggregate(last=Max("signed_at"))["last"]
    if at is None:
        raise Refused("This version was not proposed, so there is no document of it.")
    return at


def pdf_of(text: str, said: str) -> bytes:
    """The PDF of a version's text and of what its signature page says: the same bytes on every run."""
    told = canonical.read(said)
    if canonical.sha256(text) != told["version"]["sha256"]:
        raise Refused("The text of this version does not have the SHA-256 that was signed, so it is not printed.")
    names = (TEXT_FILE, "The text that is signed"), (SIGNATURES_FILE, "What the signature page was made from")
    return signed_pdf(text, said, template=TEMPLATE, page_of=page_of, names=names)


def signed_pdf(
    text: str,
    said: str,
    *,
    template: str,
    page_of: Callable[[str, Any], Any],
    names: tuple[tuple[str, str], tuple[str, str]],
) -> bytes:
    """A record of what both sides signed, in its language, with the text and what is said of it inside.

    ``names`` are the names of both files and what each is.
    """
    told = canonical.read(said)
    with translation.override(told["language"]):
        page = page_of(text, told)
        html = render_to_string(template, {"page": page})
        inside = [
            Inside(name, "application/json", what, DATA, content.encode())
            for (name, what), content in zip(names, (text, said), strict=True)
        ]
    return press.pdf(html, style=STYLE, at=page.at, inside=inside)


def _begun(version_ref: str, *, kind: str) -> ContractDocument:
    """The document's row, with what its signature page will say; written once."""
    with transaction.atomic():
        # Without the key: whoever holds the contract and signs this very version must be able to refer to it at COMMIT,
        # while this one waits there for the contract.
        version = (
            ContractVersion.objects.select_related("contract__seller", "contract__buyer")
            .select_for_update(of=("self",), no_key=True)
            .get(ref=version_ref)
        )
        begun = ContractDocument.objects.filter(version=version, kind=kind).first()
        if begun is not None:
            return begun
        at, ref = clock.now(), new_ref()
        text = snapshot.written(version, kind=kind, ref=ref, at=at)
        return ContractDocument.objects.create(
            ref=ref,
            contract=version.contract,
            version=version,
            kind=kind,
            requested_at=at,
            snapshot=text,
            snapshot_sha256=canonical.sha256(text),
        )


def _locked(pk: int) -> Callable[[], ContractDocument]:
    documents = ContractDocument.objects.select_related("contract", "version").select_for_update(of=("self",))
    return lambda: documents.all().get(pk=pk)


def _printed(document: ContractDocument) -> Kept:
    content = pdf_of(document.version.canonical_text, document.snapshot)
    return made.keep(document, content, folder="contracts")


def _record(document: ContractDocument) -> None:
    """The audit chain says which bytes the document has, so that nobody can put others in their place."""
    contract = document.contract
    record(
        contract,
        verb="contract.printed",
        subject=f"version:{document.version.ref}",
        actor=Actor.system(organisation_id=contract.seller_id),
        at=clock.now(),
        kind=document.kind,
        version=document.version.number,
        snapshot_sha256=document.snapshot_sha256,
        sha256=document.sha256,
        size=document.size,
    )

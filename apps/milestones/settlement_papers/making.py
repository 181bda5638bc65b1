"""The paper's making: begun and made by a job after the contract was terminated, stored once with its SHA-256."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from apps.contracts import services as contracts
from apps.contracts.documents.making import signed_pdf
from apps.core import canonical, clock, made
from apps.core.errors import NotAllowed, Refused
from apps.core.made import GIVEN_UP_AFTER, Kept
from apps.core.refs import new_ref
from apps.milestones.models import Settlement, SettlementPaper
from apps.milestones.models.settlement import SettlementState
from apps.milestones.settlement_papers import snapshot
from apps.milestones.settlement_papers.page import page_of
from apps.milestones.settlement_papers.snapshot import Issued
from apps.parties.actor import Actor

TEMPLATE: Final = "documents/settlement.html"
FOLDER: Final = "settlements"
TEXT_FILE: Final = "settlement.json"
"""The text that was signed, byte for byte: its SHA-256 is the settlement's."""
SIGNATURES_FILE: Final = "signatures.json"


def make(*, settlement_ref: str, issued: Sequence[Issued]) -> SettlementPaper:
    """Make and store the paper of a signed settlement; nothing happens if it is there.

    A failure is written on the paper in words, and raised again so that the job is retried.
    """
    paper = _begun(settlement_ref, issued=issued)
    return made.make(_locked(paper.pk), work=_printed, then=_record)


def retry(*, settlement_ref: str, actor: Actor, at: datetime) -> None:
    """Ask for a paper again after it failed, or after its making was given up. One that is there stays."""
    settlements = Settlement.objects.visible_to(actor).filter(state=SettlementState.SIGNED)
    settlement = settlements.select_related("contract").filter(ref=settlement_ref).first()
    if settlement is None:
        raise Refused("There is no such settlement among yours. Open it from your list of contracts.")
    if actor.grant_id is not None:
        raise NotAllowed("Only the seller and the buyer can have the document made again.")
    paper = SettlementPaper.objects.select_for_update().filter(settlement=settlement).first()
    if paper is not None:
        made.again(paper, at=at)
    elif settlement.closed_at is not None and at - settlement.closed_at < GIVEN_UP_AFTER:
        raise Refused("It is being made right now. Reload the page in a moment.")


def pdf_of(text: str, said: str) -> bytes:
    """The PDF of a settlement's text and of what its paper says besides: the same bytes on every run."""
    told = canonical.read(said)
    if canonical.sha256(text) != told["settlement"]["sha256"]:
        raise Refused("The text of this settlement does not have the SHA-256 that was signed, so it is not printed.")
    names = (TEXT_FILE, "The text that both sides signed"), (SIGNATURES_FILE, "What the signatures were printed from")
    return signed_pdf(text, said, template=TEMPLATE, page_of=page_of, names=names)


def _begun(settlement_ref: str, *, issued: Sequence[Issued]) -> SettlementPaper:
    """The paper's row, with what it will say; written once."""
    with transaction.atomic():
        settlement = (
            Settlement.objects.select_related("contract__seller", "contract__buyer")
            .prefetch_related("signatures__organisation")
            .select_for_update(of=("self",), no_key=True)
            .get(ref=settlement_ref)
        )
        begun = SettlementPaper.objects.filter(settlement=settlement).first()
        if begun is not None:
            return begun
        at, ref = clock.now(), new_ref()
        text = snapshot.written(settlement, issued=issued, ref=ref, at=at)
        return SettlementPaper.objects.create(
            ref=ref,
            contract=settlement.contract,
            settlement=settlement,
            requested_at=at,
            snapshot=text,
            snapshot_sha256=canonical.sha256(text),
        )


def _locked(pk: int) -> Callable[[], SettlementPaper]:
    papers = SettlementPaper.objects.select_related("contract", "settlement").select_for_update(of=("self",))
    return lambda: papers.all().get(pk=pk)


def _printed(paper: SettlementPaper) -> Kept:
    content = pdf_of(paper.settlement.canonical_text, paper.snapshot)
    return made.keep(paper, content, folder=FOLDER)


def _record(paper: SettlementPaper) -> None:
    """The audit chain says which bytes the paper has, so that nobody can put others in their place."""
    contract = paper.contract
    contracts.record(
        contract,
        verb="settlement.printed",
        subject=f"settlement:{paper.settlement.ref}",
        actor=Actor.system(organisation_id=contract.seller_id),
        at=clock.now(),
        snapshot_sha256=paper.snapshot_sha256,
        sha256=paper.sha256,
        size=paper.size,
    )

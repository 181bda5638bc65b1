"""The document of a corrected invoice: PDF with XML inside, made once from its snapshot by a worker."""

from collections.abc import Callable
from typing import Final

from apps.audit import services as audit
from apps.core import clock, made
from apps.core.made import Kept
from apps.invoicing.documents import kept, made_of
from apps.invoicing.models import CorrectedInvoice
from apps.parties.actor import Actor

FOLDER: Final = "corrected-invoices"


def render(*, corrected_ref: str, when_ready: Callable[[CorrectedInvoice], None] | None = None) -> CorrectedInvoice:
    """Make and store the document of a corrected invoice; nothing happens if it is there.

    ``when_ready`` is called once, in the transaction in which the document becomes ready. A failure is written on the
    row in words, and raised again so that the job is retried.
    """

    def ready(corrected: CorrectedInvoice) -> None:
        _record(corrected)
        if when_ready is not None:
            when_ready(corrected)

    return made.make(_locked(corrected_ref), work=_printed, then=ready)


def _locked(corrected_ref: str) -> Callable[[], CorrectedInvoice]:
    related = ("contract", "invoice__milestone", "invoice__instalment", "invoice__application")
    found = CorrectedInvoice.objects.select_related(*related).select_for_update(of=("self",))
    return lambda: found.all().get(ref=corrected_ref)


def _printed(corrected: CorrectedInvoice) -> Kept:
    return kept(made_of(corrected.snapshot), folder=f"{FOLDER}/{corrected.ref}")


def _record(corrected: CorrectedInvoice) -> None:
    """The audit chain says which bytes the document has, so that nobody can put others in their place."""
    audit.record(
        chain=f"contract:{corrected.contract.ref}",
        parties=(corrected.seller_id, corrected.buyer_id),
        verb="corrected_invoice.made",
        subject=f"invoice:{corrected.invoice.ref}",
        actor=Actor.system(organisation_id=corrected.seller_id),
        at=corrected.made_at or clock.now(),
        number=corrected.number,
        corrected_invoice=corrected.ref,
        **corrected.invoice.cause_told,
        sha256=corrected.sha256,
        size=corrected.size,
        xml_sha256=corrected.xml_sha256,
        xml_size=corrected.xml_size,
    )

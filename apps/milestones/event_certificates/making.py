"""The making: begun and made by a job after the confirmation was committed, stored once with its SHA-256."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from apps.contracts import services as contracts
from apps.core import canonical, clock, made
from apps.core.errors import NotAllowed, Refused
from apps.core.made import GIVEN_UP_AFTER, Kept
from apps.core.printing import press
from apps.core.printing.parts import DATA, Inside
from apps.core.refs import new_ref
from apps.milestones.certificates import BilledBy
from apps.milestones.event_certificates import snapshot
from apps.milestones.event_certificates.page import page_of
from apps.milestones.models import ConfirmedEvent, EventCertificate
from apps.parties.actor import Actor

TEMPLATE: Final = "documents/event_certificate.html"
STYLE: Final = "record"
FOLDER: Final = "event-certificates"
FILE: Final = "confirmation.json"


def make(*, event_ref: str, invoices: Sequence[BilledBy]) -> EventCertificate:
    """Make and store the certificate of a confirmed event; nothing happens if it is there.

    A failure is written on the certificate in words, and raised again so that the job is retried.
    """
    certificate = _begun(event_ref, invoices=invoices)
    return made.make(_locked(certificate.pk), work=_printed, then=_record)


def retry(*, event_ref: str, actor: Actor, at: datetime) -> None:
    """Ask for a certificate again after it failed, or after its making was given up. One that is there stays."""
    event = ConfirmedEvent.objects.visible_to(actor).select_related("contract").filter(ref=event_ref).first()
    if event is None:
        raise Refused("There is no such event among yours. Open it from your list of contracts.")
    if actor.organisation_id not in (event.contract.seller_id, event.contract.buyer_id):
        raise NotAllowed("Only the seller and the buyer can have the certificate made again.")
    certificate = EventCertificate.objects.select_for_update().filter(event=event).first()
    if certificate is not None:
        made.again(certificate, at=at)
    elif at - event.confirmed_at < GIVEN_UP_AFTER:
        raise Refused("It is being made right now. Reload the page in a moment.")


def pdf_of(text: str) -> bytes:
    """The PDF of a snapshot, in the language of its buyer: the same bytes on every run."""
    said = canonical.read(text)
    with translation.override(said["language"]):
        page = page_of(said)
        html = render_to_string(TEMPLATE, {"page": page})
        inside = Inside(FILE, "application/json", "What this certificate was made from", DATA, text.encode())
    return press.pdf(html, style=STYLE, at=page.confirmed_at, inside=[inside])


def _begun(event_ref: str, *, invoices: Sequence[BilledBy]) -> EventCertificate:
    """The certificate's row, with what it will say; written once, by whoever of two is first."""
    with transaction.atomic():
        event = ConfirmedEvent.objects.select_related("contract__seller", "contract__buyer").get(ref=event_ref)
        begun = EventCertificate.objects.filter(event=event).first()
        if begun is not None:
            return begun
        at, ref = clock.now(), new_ref()
        text = snapshot.written(event, invoices=invoices, ref=ref, at=at)
        said = {
            "ref": ref,
            "contract": event.contract,
            "requested_at": at,
            "snapshot": text,
            "snapshot_sha256": canonical.sha256(text),
        }
        certificate, _is_new = EventCertificate.objects.get_or_create(event=event, defaults=said)
    return certificate


def _locked(pk: int) -> Callable[[], EventCertificate]:
    certificates = EventCertificate.objects.select_related("contract", "event").select_for_update(of=("self",))
    return lambda: certificates.all().get(pk=pk)


def _printed(certificate: EventCertificate) -> Kept:
    content = pdf_of(certificate.snapshot)
    return made.keep(certificate, content, folder=FOLDER)


def _record(certificate: EventCertificate) -> None:
    """The audit chain says which bytes the certificate has, so that nobody can put others in their place."""
    contract = certificate.contract
    contracts.record(
        contract,
        verb="event.certified",
        subject=f"event:{certificate.event.ref}",
        actor=Actor.system(organisation_id=contract.seller_id),
        at=clock.now(),
        snapshot_sha256=certificate.snapshot_sha256,
        sha256=certificate.sha256,
        size=certificate.size,
    )

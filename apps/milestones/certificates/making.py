"""The certificate's making: begun and made by a job after the sign-off was committed, stored once with its SHA-256."""

from collections.abc import Callable
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
from apps.milestones.certificates import snapshot
from apps.milestones.certificates.page import page_of
from apps.milestones.certificates.snapshot import BilledBy, StandsIn
from apps.milestones.models import Certificate, Decision
from apps.milestones.models.decision import CERTIFIED
from apps.parties.actor import Actor

TEMPLATE: Final = "documents/certificate.html"
STYLE: Final = "record"
FILE: Final = "acceptance.json"


def make(*, submission_ref: str, invoice: BilledBy | StandsIn) -> Certificate:
    """Make and store the certificate of an acceptance; nothing happens if it is there.

    A failure is written on the certificate in words, and raised again so that the job is retried.
    """
    certificate = _begun(submission_ref, invoice=invoice)
    return made.make(_locked(certificate.pk), work=_printed, then=_record)


def retry(*, submission_ref: str, actor: Actor, at: datetime) -> None:
    """Ask for a certificate again after it failed, or after its making was given up. One that is there stays.

    Of what silence accepted before it was written down on what that rests, there is none.
    """
    accepted = Decision.objects.visible_to(actor).filter(submission__ref=submission_ref, outcome__in=CERTIFIED)
    decision = accepted.exclude(outcome=Decision.Outcome.DEEMED_ACCEPTED, lapse_text="").first()
    if decision is None:
        raise Refused("There is no such acceptance among yours. Open it from your list of contracts.")
    if actor.organisation_id not in (decision.contract.seller_id, decision.contract.buyer_id):
        raise NotAllowed("Only the seller and the buyer can have the certificate made again.")
    certificate = Certificate.objects.select_for_update().filter(decision=decision).first()
    if certificate is not None:
        made.again(certificate, at=at)
    elif at - decision.decided_at < GIVEN_UP_AFTER:
        raise Refused("It is being made right now. Reload the page in a moment.")


def pdf_of(text: str) -> bytes:
    """The PDF of a snapshot, in the language of its buyer: the same bytes on every run."""
    said = canonical.read(text)
    with translation.override(said["language"]):
        page = page_of(said)
        html = render_to_string(TEMPLATE, {"page": page})
        inside = Inside(FILE, "application/json", "What this certificate was made from", DATA, text.encode())
    return press.pdf(html, style=STYLE, at=page.accepted_at, inside=[inside])


def _begun(submission_ref: str, *, invoice: BilledBy | StandsIn) -> Certificate:
    """The certificate's row, with what it will say; written once."""
    with transaction.atomic():
        decision = (
            Decision.objects.select_related(
                "grant", "contract__seller", "contract__buyer", "submission__milestone__line__version"
            )
            # Without the key, as whoever holds the contract may refer to the submission at COMMIT.
            .select_for_update(of=("submission",), no_key=True)
            .get(submission__ref=submission_ref)
        )
        begun = Certificate.objects.filter(decision=decision).first()
        if begun is not None:
            return begun
        at, ref = clock.now(), new_ref()
        text = snapshot.written(decision, ref=ref, invoice=invoice, at=at)
        return Certificate.objects.create(
            ref=ref,
            contract=decision.contract,
            decision=decision,
            requested_at=at,
            snapshot=text,
            snapshot_sha256=canonical.sha256(text),
        )


def _locked(pk: int) -> Callable[[], Certificate]:
    certificates = Certificate.objects.select_related("contract", "decision__submission__milestone")
    return lambda: certificates.select_for_update(of=("self",)).get(pk=pk)


def _printed(certificate: Certificate) -> Kept:
    content = pdf_of(certificate.snapshot)
    return made.keep(certificate, content, folder="certificates")


def _record(certificate: Certificate) -> None:
    """The audit chain says which bytes the certificate has, so that nobody can put others in their place."""
    contract = certificate.contract
    contracts.record(
        contract,
        verb="certificate.made",
        subject=f"certificate:{certificate.ref}",
        actor=Actor.system(organisation_id=contract.seller_id),
        at=clock.now(),
        milestone=certificate.decision.submission.milestone.ref,
        snapshot_sha256=certificate.snapshot_sha256,
        sha256=certificate.sha256,
        size=certificate.size,
    )

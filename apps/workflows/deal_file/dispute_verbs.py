"""The verbs of disputes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from django.core.files.base import ContentFile
from django.db.models import Q

from apps.contracts import services as contracts
from apps.contracts.models import GuestGrant
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import Invoice
from apps.invoicing.rules import Share
from apps.milestones.models import Dispute
from apps.milestones.rules import ANSWER_DAYS
from apps.parties.actor import Actor, ActorKind
from apps.workflows import disputing, hosting
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.retention_verbs import released
from apps.workflows.deal_file.scene import Scene, new_key
from apps.workflows.once import Answer


def _dispute(scene: Scene, event: Event, actor: Actor) -> Answer:
    return disputing.dispute_submission(
        actor=actor,
        key=new_key(),
        submission_ref=scene.submission(event).ref,
        amount=event.amount,
        reason=event.text,
        answer_days=event.answer_days or ANSWER_DAYS,
    )


def _dispute_rest(scene: Scene, event: Event, actor: Actor) -> Answer:
    submission = scene.submission(event)
    if event.amount is None:
        raise Refused("Say in `amount` how much is in dispute; the rest is accepted.")
    return disputing.dispute_rest(
        actor=actor,
        key=new_key(),
        submission_ref=submission.ref,
        seen=submission.sha256,
        amount=event.amount,
        verdicts=[],
        reason=event.text,
        answer_days=event.answer_days or ANSWER_DAYS,
    )


def _dispute_invoice(scene: Scene, event: Event, actor: Actor) -> Answer:
    invoice = released(scene, event).invoice if event.part else scene.invoice(event)
    return disputing.dispute_invoice(
        actor=_by_own_link(actor, invoice) if actor.kind is ActorKind.GUEST else actor,
        key=new_key(),
        invoice_ref=invoice.ref,
        share=Share(amount=event.amount, percent=event.percent),
        reason=event.text,
        answer_days=event.answer_days or ANSWER_DAYS,
    )


def _by_own_link(guest: Actor, invoice: Invoice) -> Actor:
    """The signatory with the link to dispute an invoice, which is asked for on the invoice's page."""
    link = invoicing.live_link(invoice)
    if link is None:
        raise Refused("The invoice has no page yet on which its signatory could ask to dispute it.")
    reader = replace(guest, grant_id=None, roles=frozenset(), name="", email="")
    asked = hosting.ask_to_dispute(actor=reader, key=new_key(), invoice_ref=invoice.ref, link_ref=link.ref)
    grant = GuestGrant.objects.select_related("contract").get(ref=asked["link"])
    return contracts.guest(grant, origin=guest.origin)


def _answer(scene: Scene, event: Event, actor: Actor) -> Answer:
    dispute = _live(scene, event)
    for attachment in event.files:
        upload = ContentFile(attachment.text.encode(), name=attachment.name)
        disputing.attach_to_dispute(actor=actor, dispute_ref=dispute.ref, upload=upload)
    return disputing.answer_dispute(actor=actor, key=new_key(), dispute_ref=dispute.ref, text=event.text)


def _propose(scene: Scene, event: Event, actor: Actor) -> Answer:
    return disputing.propose_outcome(
        actor=actor,
        key=new_key(),
        dispute_ref=_live(scene, event).ref,
        outcome=event.outcome,
        amount=event.amount,
        note=event.text,
        kept_until=event.kept_until,
    )


def _agree(scene: Scene, event: Event, actor: Actor) -> Answer:
    proposal = _live(scene, event).proposals.order_by("number").last()
    if proposal is None:
        raise Refused("Nobody proposed an outcome of this dispute yet.")
    return disputing.agree_outcome(actor=actor, key=new_key(), proposal_ref=proposal.ref)


def _withdraw(scene: Scene, event: Event, actor: Actor) -> Answer:
    return disputing.withdraw_dispute(actor=actor, key=new_key(), dispute_ref=_live(scene, event).ref)


def _live(scene: Scene, event: Event) -> Dispute:
    """The dispute about the line that waits: of something submitted, or billed; or about a part of the retention."""
    of_line = (
        Q(billed__invoice__retention_release__position=event.part)
        if event.part
        else (
            Q(milestone__position=event.milestone)
            | Q(billed__invoice__milestone__position=event.milestone)
            | Q(reservation__milestone__position=event.milestone)
            | Q(billed__invoice__instalment__position=event.milestone)
        )
    )
    found = Dispute.objects.live().filter(of_line, contract__ref=scene.contract_ref).order_by("id").last()
    if found is None:
        raise Refused("Nothing of this line, or of this part of the retention, is in dispute.")
    return found


DISPUTING: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "dispute": _dispute,
        "raise_sellers_dispute": _dispute,
        "dispute_rest": _dispute_rest,
        "dispute_invoice": _dispute_invoice,
        "record_dispute": _dispute_invoice,
        "answer_dispute": _answer,
        "reply_in_dispute": _answer,
        "propose_outcome": _propose,
        "agree_outcome": _agree,
        "offer_outcome": _propose,
        "take_outcome": _agree,
        "withdraw_dispute": _withdraw,
        "withdraw_sellers_dispute": _withdraw,
    }
)

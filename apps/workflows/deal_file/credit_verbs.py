"""What the verbs of corrections do: credit notes, acceptances that both sides withdraw, money that comes free."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import Invoice, Payment
from apps.invoicing.rules import OfLine, Share
from apps.invoicing.services import correcting, reissuing, withdrawing
from apps.milestones.models import Milestone, Nullification
from apps.parties.actor import Actor
from apps.workflows import correcting as workflow
from apps.workflows import crediting
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key
from apps.workflows.once import Answer


def _credit(scene: Scene, event: Event, actor: Actor) -> Answer:
    invoice = _creditable(scene, event, "milestone", "lines__milestone")
    lines = tuple(OfLine(number, amount) for number, amount in event.credited)
    share = Share(amount=event.amount, percent=event.percent, lines=lines)
    return crediting.credit_invoice(
        actor=actor,
        key=new_key(),
        invoice_ref=invoice.ref,
        share=share,
        reason=event.text,
        seen=invoicing.preview_credit(invoice_ref=invoice.ref, share=share).sha256,
    )


def _reissue(scene: Scene, event: Event, actor: Actor) -> Answer:
    invoice = scene.invoice(event)
    return crediting.reissue_invoice(
        actor=actor,
        key=new_key(),
        invoice_ref=invoice.ref,
        reason=event.text,
        seen=reissuing.preview_reissue(invoice_ref=invoice.ref).sha256,
    )


def _correct(scene: Scene, event: Event, actor: Actor) -> Answer:
    invoice = scene.invoice(event)
    words = correcting.words_that_stand(invoice_ref=invoice.ref)
    right: dict[str, Any] = dict(event.right)
    name, description = right.pop("line", ""), right.pop("description", "")
    if words.lines and (name or description):
        (old, older), *others = words.lines
        words = replace(words, lines=((name or old, description or older), *others))
    words = replace(words, **right)
    return workflow.correct_invoice(
        actor=actor,
        key=new_key(),
        invoice_ref=invoice.ref,
        right=words,
        reason=event.text,
        seen=correcting.preview_correction(invoice_ref=invoice.ref, right=words).sha256,
    )


def _nullify(scene: Scene, event: Event, actor: Actor) -> Answer:
    return crediting.ask_nullification(
        actor=actor,
        key=new_key(),
        milestone_ref=_accepted(scene, event).ref,
        share=Share(amount=event.amount, percent=event.percent),
        reason=event.text,
    )


def _grant(scene: Scene, event: Event, actor: Actor) -> Answer:
    return crediting.grant_nullification(actor=actor, key=new_key(), nullification_ref=_asked(scene, event).ref)


def _decline(scene: Scene, event: Event, actor: Actor) -> Answer:
    return crediting.decline_nullification(
        actor=actor, key=new_key(), nullification_ref=_asked(scene, event).ref, reason=event.text
    )


def _withdraw(scene: Scene, event: Event, actor: Actor) -> Answer:
    return crediting.withdraw_nullification(actor=actor, key=new_key(), nullification_ref=_asked(scene, event).ref)


def _allocate(scene: Scene, event: Event, actor: Actor) -> Answer:
    of_contract = Payment.objects.unapplied().filter(allocations__invoice__contract__ref=scene.contract_ref)
    payment = of_contract.order_by("pk").first()
    invoices = Invoice.objects.filter(**scene.of_milestone(event, "milestone"), open_item__open__gt=0)
    invoice = invoices.order_by("milestone__part").first()
    if payment is None or invoice is None:
        raise Refused("There is no money that settles nothing, or nothing is open on this milestone.")
    return crediting.allocate_payment(
        actor=actor, key=new_key(), payment_ref=payment.ref, invoice_ref=invoice.ref, amount=event.amount
    )


def _creditable(scene: Scene, event: Event, *ways: str) -> Invoice:
    """Of a milestone in parts, or in several applications, the first invoice of which something is left to credit;
    ``ways`` lead from an invoice to what it bills."""
    for way in ways:
        parts = Invoice.objects.filter(**scene.of_milestone(event, way)).select_related("milestone")
        for invoice in parts.order_by("milestone__part", "pk"):
            if invoicing.left_to_credit(invoice_ref=invoice.ref):
                return invoice
    raise Refused("This milestone has no invoice of which something is left to credit.")


def _accepted(scene: Scene, event: Event) -> Milestone:
    """The first accepted part of a milestone of which something is left to withdraw."""
    accepted = Milestone.objects.filter(
        contract__ref=scene.contract_ref, position=event.milestone or 0, state="accepted"
    )
    for part in accepted.order_by("part"):
        if withdrawing.withdrawable(milestone_ref=part.ref).left:
            return part
    raise Refused("Only an acceptance is withdrawn, and nothing of this milestone is accepted.")


def _asked(scene: Scene, event: Event) -> Nullification:
    found = Nullification.objects.waiting().filter(**scene.of_milestone(event, "milestone")).order_by("pk").last()
    if found is None:
        raise Refused("Nobody asked to withdraw the acceptance of this milestone.")
    return found


CREDITING: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "credit": _credit,
        "reissue": _reissue,
        "correct_invoice": _correct,
        "nullify": _nullify,
        "ask_to_nullify": _nullify,
        "grant_nullification": _grant,
        "agree_to_nullify": _grant,
        "decline_nullification": _decline,
        "withdraw_nullification": _withdraw,
        "withdraw_sellers_nullification": _withdraw,
        "allocate": _allocate,
    }
)
"""The verbs of corrections. A side's own question has a verb of that side, and so has the other side's answer."""

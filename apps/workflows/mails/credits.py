"""Mails about corrections: the credit note with its document to the buyer, and acceptances to be withdrawn."""

from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.core import money as amounts
from apps.invoicing.models import CorrectionDelivery, CreditNote
from apps.milestones.models import Nullification
from apps.milestones.models.nullification import NullificationState
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails.invoices import people_for_invoices
from apps.workflows.mails.letter import About, Enclosure, Letter, Sent, absolute, fact, money, send


def credit_note(*, delivery_ref: str) -> Sent | None:
    """The credit note with its document, to everybody of the buyer to whom an invoice goes; None when it went."""
    delivery = CorrectionDelivery.objects.get(ref=delivery_ref)
    if delivery.sent_at is not None:
        return None
    related = ("seller", "buyer", "invoice__open_item", "invoice__contract__active_version", "document")
    withdrawn = ("nullification__milestone",)
    note = CreditNote.objects.select_related(*related, *withdrawn).get(deliveries=delivery)
    billed = note.invoice
    with default_storage.open(note.document.stored_as) as stored:
        pdf = stored.read()
    return send(
        Letter(
            name="credit_note",
            key=delivery.ref,
            sender=note.seller,
            reader=note.buyer,
            to=people_for_invoices(billed),
            button=_("Open the credit note"),
            url=absolute(reverse("buyer:credit_note", args=[note.ref])) if note.buyer.is_claimed else "",
            facts=[
                fact(_("Invoice"), billed.number),
                fact(_("Date"), on=note.issued_on),
                fact(_("Reason"), note.reason),
                money(_("Still open"), billed.open_item.open, note.currency),
            ],
            context={
                "note": note,
                "invoice": billed,
                "milestone": note.nullification.milestone if note.nullification is not None else billed.milestone,
                "freed": -amounts.total(note.allocations.values_list("amount", flat=True)),
            },
            files=[Enclosure(f"{note.number}.pdf".replace("/", "-"), pdf, "application/pdf")],
            about=About(f"credit_note:{note.ref}", billed.contract),
        )
    )


def nullification_news(*, nullification_ref: str, organisation_id: int) -> None:
    """Tell one side what the other asks or has answered; nothing once a question was withdrawn."""
    related = ("contract__seller", "contract__buyer", "milestone")
    nullification = Nullification.objects.select_related(*related).get(ref=nullification_ref)
    contract, milestone = nullification.contract, nullification.milestone
    if nullification.state == NullificationState.WITHDRAWN:
        return
    is_to_seller = organisation_id == contract.seller_id
    reader, sender = (contract.seller, contract.buyer) if is_to_seller else (contract.buyer, contract.seller)
    action = Action.CREDIT_INVOICE if is_to_seller else Action.DECIDE_MILESTONE
    facts = [
        fact(_("Contract"), f"{contract.number} · {contract.title}"),
        fact(_("Reason"), nullification.reason),
    ]
    if nullification.answer:
        facts.append(fact(_("Answer"), nullification.answer))
    send(
        Letter(
            name="nullification",
            key=f"{nullification.ref}.{nullification.state}",
            sender=sender,
            reader=reader,
            to=parties.mailboxes(organisation_id=reader.pk, action=action),
            button=_("Open the milestone"),
            url=absolute(reverse(f"{'seller' if is_to_seller else 'buyer'}:milestone", args=[milestone.ref])),
            facts=facts,
            context={
                "nullification": nullification,
                "milestone": milestone,
                "state": str(nullification.state),
                "is_applied_for": milestone.application_lines.exists(),
            },
        )
    )

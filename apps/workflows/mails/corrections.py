"""The mail with a corrected invoice, to everybody of the buyer to whom an invoice goes."""

from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _

from apps.invoicing import snapshot
from apps.invoicing.models import CorrectedInvoice, CorrectionDelivery
from apps.invoicing.services.standing import paid_instead
from apps.workflows.mails.invoices import account_lines, page_of, people_for_invoices
from apps.workflows.mails.letter import About, Enclosure, Letter, Sent, fact, money, send


def corrected_invoice(*, delivery_ref: str) -> Sent | None:
    """The corrected invoice with its document, and what is changed in it; None when it went already."""
    delivery = CorrectionDelivery.objects.get(ref=delivery_ref)
    if delivery.sent_at is not None:
        return None
    related = ("seller", "buyer", "invoice__open_item", "invoice__contract__active_version")
    corrected = CorrectedInvoice.objects.select_related(*related).get(deliveries=delivery)
    billed, said = corrected.invoice, snapshot.read(corrected.snapshot)
    instead, left = paid_instead(billed, printed=said.credit_transfer), billed.open_item.open
    with default_storage.open(corrected.stored_as) as stored:
        pdf = stored.read()
    return send(
        Letter(
            name="corrected_invoice",
            key=delivery.ref,
            sender=corrected.seller,
            reader=corrected.buyer,
            to=people_for_invoices(billed),
            button=_("Open the invoice"),
            url=page_of(billed, buyer=corrected.buyer),
            facts=[
                fact(_("Corrects invoice"), said.corrects.number if said.corrects is not None else billed.number),
                fact(_("Date"), on=corrected.issued_on),
                fact(_("Reason"), corrected.reason),
                money(_("Still open"), left, billed.currency),
                *([fact(_("Pay to"), instead.payee_name), *account_lines(instead)] if left and instead else []),
                fact(_("Reference"), said.remittance),
            ],
            context={
                "corrected": corrected,
                "invoice": billed,
                "names_another_account": bool(left and instead),
                "changes": said.corrects.changes if said.corrects is not None else (),
            },
            files=[Enclosure(f"{corrected.number}.pdf".replace("/", "-"), pdf, "application/pdf")],
            about=About(f"corrected_invoice:{corrected.ref}", corrected.invoice.contract),
        )
    )

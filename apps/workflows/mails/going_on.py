"""The mail with nothing but a personal link: to defects, a dispute, an invoice that may be disputed, a termination, an
application, to events."""

from django.utils.translation import gettext_lazy as _

from apps.contracts.models import GuestGrant
from apps.invoicing.models import Invoice
from apps.workflows.mails.contracts import link_to, live_grant
from apps.workflows.mails.letter import Letter, fact, send

BUTTONS = {
    GuestGrant.Purpose.MEND: _("Open the defects"),
    GuestGrant.Purpose.DISPUTE: _("Open the dispute"),
    GuestGrant.Purpose.DISPUTE_INVOICE: _("Dispute the invoice"),
    GuestGrant.Purpose.SETTLE: _("Open the termination"),
    GuestGrant.Purpose.CONFIRM_EVENT: _("Confirm an event"),
    GuestGrant.Purpose.CERTIFY: _("Open the application"),
}


def link_to_what_goes_on(*, grant_ref: str) -> None:
    """Send a live link to the mailbox that it is for; nothing for one that died meanwhile."""
    grant = live_grant(grant_ref)
    if grant is None:
        return
    contract = grant.contract
    numbers = Invoice.objects.filter(ref=grant.subject_ref).values_list("number", flat=True)
    is_to_invoice = grant.purpose == GuestGrant.Purpose.DISPUTE_INVOICE
    send(
        Letter(
            name="going_on",
            key=grant.ref,
            sender=contract.seller,
            reader=grant.organisation,
            to=[grant.email],
            button=BUTTONS[GuestGrant.Purpose(grant.purpose)],
            url=link_to(grant),
            facts=[
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
                *([fact(_("Invoice"), numbers.get())] if is_to_invoice else []),
                fact(_("Valid until"), on=grant.expires_at),
            ],
            context={"contract": contract, "purpose": grant.purpose},
        )
    )

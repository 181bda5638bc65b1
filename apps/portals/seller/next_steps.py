"""What happens next with an invoice, as its seller reads it."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.invoicing.models import Invoice, PayeeInstruction
from apps.portals.shown import after_credit


def what_next(invoice: Invoice, *, state: str, payee: PayeeInstruction | None, today: date) -> str:
    """Of an invoice in this state, in words that may end with its due date."""
    buyer = invoice.buyer.legal_name
    if state == "paid":
        return _("nothing. The invoice is paid.")
    if state == "credited":
        return after_credit(invoice)
    if state in ("withheld", "awaits_documents"):
        return _what_first(state, buyer=buyer)
    if payee is not None:
        return _("%(buyer)s pays %(payee)s, to whom this invoice is assigned, due on") % {
            "buyer": buyer,
            "payee": payee.payee_name,
        }
    if state == "overdue":
        days = (today - invoice.open_item.due_on).days
        return ngettext(
            "%(buyer)s is %(days)d day late. Remind them, or record the payment if it has arrived. It was due on",
            "%(buyer)s is %(days)d days late. Remind them, or record the payment if it has arrived. It was due on",
            days,
        ) % {"buyer": buyer, "days": days}
    return _("%(buyer)s pays. You record the payment when it is on your account. Due on") % {"buyer": buyer}


def _what_first(state: str, *, buyer: str) -> str:
    """What comes before anything more is payable."""
    if state == "withheld":
        return _("the defects are mended. What is withheld for each is payable once it is released.")
    return _("the documents before payment. The invoice is due once %(buyer)s has confirmed them.") % {"buyer": buyer}

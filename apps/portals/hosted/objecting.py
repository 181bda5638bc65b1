"""From the hosted page to a dispute: whoever reads it asks, and the buyer's signatory gets the personal link."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.core.errors import Refused
from apps.invoicing.models import Invoice, InvoiceLink
from apps.portals.access import PortalRequest
from apps.portals.forms import ActionForm, add_refusal
from apps.workflows import hosting


def may_ask(invoice: Invoice) -> bool:
    """Whether something of it can be disputed by link: members of the buyer do so in their portal."""
    item = invoice.open_item
    return bool(item.open) and not item.disputed and not invoice.buyer.is_claimed


def ask(
    request: PortalRequest,
    invoice: Invoice,
    *,
    back: str,
    link: InvoiceLink,
    show: Callable[[dict[str, Any], ActionForm], HttpResponse],
) -> HttpResponse:
    """Say what asking does, and ask; nothing of the mailbox is shown to whoever found the page."""
    form = ActionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            hosting.ask_to_dispute(
                actor=request.actor, key=form.cleaned_data["key"], invoice_ref=invoice.ref, link_ref=link.ref
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("A link to dispute this invoice is on its way to who signed the contract."))
            return redirect(back)
    return show({"invoice": invoice, "back": back, "may_ask": may_ask(invoice)}, form)

"""To whom a credit note or a corrected invoice was mailed, that it came back, and the button that sends it again."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.core import clock
from apps.core.errors import Refused
from apps.invoicing.models import CorrectedInvoice, CorrectionDelivery, CreditNote
from apps.invoicing.services.correction_deliveries import YOUNG
from apps.parties.roles import Action
from apps.portals import returned
from apps.portals.access import PortalRequest
from apps.portals.correcting.side import Side
from apps.portals.forms import ActionForm, explain
from apps.workflows.once import Answer


def sending_of(request: PortalRequest, correction: CreditNote | CorrectedInvoice, *, side: Side) -> dict[str, object]:
    """What the panel of its document says of its mails, newest first; the buyer has the document and reads none."""
    if side.name != "seller":
        return {}
    is_note = isinstance(correction, CreditNote)
    mine = CorrectionDelivery.objects.visible_to(request.actor)
    rows = mine.filter(**{"credit_note" if is_note else "corrected": correction})
    deliveries = list(rows.order_by("-pk"))
    is_young = bool(deliveries) and deliveries[0].requested_at + YOUNG > clock.now()
    may_send = request.actor.may(Action.RECORD_PAYMENT)
    subject = f"{'credit_note' if is_note else 'corrected_invoice'}:{correction.ref}"
    return {
        "deliveries": deliveries,
        "is_on_its_way": is_young and deliveries[0].sent_at is None,
        "came_back": returned.of_document(request.actor, subject, is_owed=False),
        "resend": ActionForm(auto_id="resend_%s") if may_send else None,
        "resend_url": side.url("resend_credit_note" if is_note else "resend_corrected_invoice", correction.ref),
    }


def sent_again(
    request: PortalRequest, workflow: Callable[..., Answer], *, page: str, ref: str, **what: str
) -> HttpResponse:
    """Mail it once more, and back to its page."""
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            workflow(actor=request.actor, key=form.cleaned_data["key"], **what)
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("It is on its way to the buyer again."))
    return redirect(page, ref=ref)

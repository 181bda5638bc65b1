"""Documents before payment as the pages of both sides show them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Min
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import clock
from apps.core.errors import Refused
from apps.invoicing.models import Invoice, PaymentDocument
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.access import PortalRequest
from apps.portals.files_field import TAKEN
from apps.portals.forms import ActionForm, DayField, add_refusal
from apps.portals.parts import Need
from apps.workflows import payment_documents as workflows

SHOWN = 8
"""So many invoices that wait for documents stand on the first page."""
HANDED_IN, MISSING = "handed_in", "missing"


class HandInForm(ActionForm):
    """The document, or how the buyer got it."""

    file = forms.FileField(
        label=gettext_lazy("The document"),
        required=False,
        help_text=format_lazy(
            "{kept} {taken}", kept=gettext_lazy("Kept privately, shown to the buyer only."), taken=TAKEN
        ),
    )
    valid_until = DayField(
        label=gettext_lazy("Valid until"),
        help_text=gettext_lazy("Its last day, such as that of a certificate of insurance; empty if it does not end."),
        required=False,
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        help_text=gettext_lazy("If there is no file: how the buyer gets the document, such as by post."),
        max_length=1_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )


class ReturnForm(ActionForm):
    """What is wrong with a document."""

    reason = forms.CharField(
        label=gettext_lazy("What is wrong with it"),
        help_text=gettext_lazy("The seller gets it by mail and hands the document in again."),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
        error_messages={"required": gettext_lazy("Say what is wrong with it, or go back.")},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One document, and where its reader may do something about it."""

    document: PaymentDocument
    has_ended: bool = False
    """Whether its last day is over where the seller is."""
    file_url: str = ""
    hand_in_url: str = ""
    confirm: ActionForm | None = None
    confirm_url: str = ""
    return_url: str = ""


def of_invoice(actor: Actor, invoice: Invoice, *, side: str) -> Sequence[Shown]:
    """What an invoice waits for or waited for, in the order in which it was wanted."""
    rows = PaymentDocument.objects.visible_to(actor).filter(invoice=invoice).order_by("pk")
    may = actor.may(Action.RECORD_PAYMENT if side == "seller" else Action.CONFIRM_DOCUMENT)
    today = clock.today(invoice.seller.time_zone)
    return [_shown(one, side=side, may=may, today=today) for one in rows]


def _shown(one: PaymentDocument, *, side: str, may: bool, today: date) -> Shown:
    has_ended = one.valid_until is not None and one.valid_until < today
    file_url = reverse(f"{side}:payment_document", args=[one.ref]) if one.stored_as else ""
    waits = may and one.state in (MISSING, HANDED_IN)
    if side == "seller":
        may_hand_in = waits and one.state == MISSING
        url = reverse("seller:hand_in_document", args=[one.ref]) if may_hand_in else ""
        return Shown(document=one, has_ended=has_ended, file_url=file_url, hand_in_url=url)
    return Shown(
        document=one,
        has_ended=has_ended,
        file_url=file_url,
        confirm=ActionForm(auto_id=f"confirm_{one.pk}_%s") if waits and not has_ended else None,
        confirm_url=reverse("buyer:confirm_document", args=[one.ref]) if waits else "",
        return_url=reverse("buyer:return_document", args=[one.ref]) if waits and one.state == HANDED_IN else "",
    )


def of_guest(actor: Actor, invoice: Invoice) -> Sequence[Shown]:
    """What the page without an account names: documents and where they stand, and nothing to do about them."""
    rows = PaymentDocument.objects.visible_to(actor).filter(invoice=invoice).order_by("pk")
    return [Shown(document=one) for one in rows]


def document_of(request: PortalRequest, ref: str, *, side: str) -> PaymentDocument:
    """One document of this side's invoices; else 404."""
    rows = PaymentDocument.objects.visible_to(request.actor).filter(
        **{f"contract__{side}_id": request.actor.organisation_id}
    )
    return get_object_or_404(rows.select_related("invoice", "contract"), ref=ref)


def needs(actor: Actor, *, side: str) -> Iterator[Need]:
    """The invoices of a side that wait for it: the seller to hand in, the buyer to check; the oldest first."""
    state = MISSING if side == "seller" else HANDED_IN
    rows = PaymentDocument.objects.visible_to(actor).filter(
        state=state, invoice__open_item__open__gt=0, **{f"contract__{side}_id": actor.organisation_id}
    )
    first = rows.order_by().values("invoice").annotate(first=Min("pk")).order_by("first")[:SHOWN]
    found = PaymentDocument.objects.filter(pk__in=[one["first"] for one in first]).order_by("pk")
    for one in found.select_related("invoice__open_item", "contract__buyer", "contract__seller"):
        other = one.contract.buyer if side == "seller" else one.contract.seller
        words = (
            _("Hand in before invoice %(number)s is due: %(title)s")
            if side == "seller"
            else _("Check for invoice %(number)s: %(title)s")
        )
        yield Need(
            what=words % {"number": one.invoice.number, "title": one.title},
            who=other.legal_name,
            url=reverse(f"{side}:invoice", args=[one.invoice.ref]) + "#documents",
            button=_("Hand in") if side == "seller" else _("Look at it"),
            amount=one.invoice.open_item.open,
            currency=one.invoice.currency,
            icon="file-earmark-text",
            tone="attention",
        )


def hand_in(
    request: PortalRequest, document: PaymentDocument, *, show: Callable[[dict[str, Any], HandInForm], HttpResponse]
) -> HttpResponse:
    """Hand a document in; what is refused is shown again with what was typed."""
    back = reverse("seller:invoice", args=[document.invoice.ref]) + "#documents"
    form = HandInForm(request.POST, request.FILES) if request.method == "POST" else HandInForm()
    if request.method == "POST" and form.is_valid():
        try:
            workflows.hand_in_document(
                actor=request.actor,
                document_ref=document.ref,
                note=form.cleaned_data["note"],
                upload=form.cleaned_data["file"],
                valid_until=form.cleaned_data["valid_until"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Handed in. The buyer was told by mail."))
            return redirect(back)
    most = settings.EVIDENCE_MAX_BYTES // (1024 * 1024)
    return show({"document": document, "invoice": document.invoice, "back": back, "most": most}, form)


def give_back(
    request: PortalRequest, document: PaymentDocument, *, show: Callable[[dict[str, Any], ReturnForm], HttpResponse]
) -> HttpResponse:
    """Return a document; what is refused is shown again with what was typed."""
    back = reverse("buyer:invoice", args=[document.invoice.ref]) + "#documents"
    form = ReturnForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            workflows.return_document(
                actor=request.actor,
                key=form.cleaned_data["key"],
                document_ref=document.ref,
                reason=form.cleaned_data["reason"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Returned. The seller was told by mail, with your reason."))
            return redirect(back)
    return show({"document": document, "invoice": document.invoice, "back": back}, form)

"""Questions about an invoice and their answers, as both portals and the hosted page show them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import Refused
from apps.invoicing.models import Invoice, InvoiceLink, InvoiceQuestion
from apps.parties.actor import Actor, ActorKind
from apps.portals.access import PortalRequest
from apps.portals.asking import AnswerForm
from apps.portals.forms import ActionForm, add_refusal
from apps.portals.parts import Need
from apps.workflows import hosting

SHOWN = 8
"""So many open questions stand on the first page."""


class InvoiceQuestionForm(ActionForm):
    """What a member of the buyer wants to know."""

    text = forms.CharField(
        label=gettext_lazy("Your question to the seller"),
        help_text=gettext_lazy(
            "The seller gets it by mail. The answer stands here and goes to your mailboxes for invoices."
        ),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 4, "class": "form-control"}),
        error_messages={"required": gettext_lazy("Write what you want to know, or go back.")},
    )


class NamedQuestionForm(InvoiceQuestionForm):
    """The same of somebody without an account."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=160,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": gettext_lazy("Say who asks.")},
    )
    field_order = ("name", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceQuestions:
    """The questions about one invoice, oldest first; ``url`` is where one more is asked, if its reader may.

    ``answers`` are the addresses at which the reader answers, by primary key.
    """

    rows: Sequence[tuple[InvoiceQuestion, str]]
    url: str = ""


def about(actor: Actor, invoice: Invoice, *, ask_url: str = "", may_answer: bool = False) -> InvoiceQuestions:
    """What was asked and answered about an invoice."""
    asked = InvoiceQuestion.objects.visible_to(actor).filter(invoice=invoice)
    rows = [(one, _answer_url(one) if may_answer and one.answered_at is None else "") for one in asked]
    return InvoiceQuestions(rows=rows, url=ask_url)


def _answer_url(question: InvoiceQuestion) -> str:
    return reverse("seller:answer_about_invoice", args=[question.ref])


def waiting_about_invoices(actor: Actor) -> Iterator[Need]:
    """The seller's open questions about invoices, the oldest first."""
    rows = InvoiceQuestion.objects.visible_to(actor).waiting().filter(contract__seller_id=actor.organisation_id)
    for one in rows.select_related("invoice__open_item", "contract__buyer").order_by("asked_at")[:SHOWN]:
        yield Need(
            what=_("Answer a question about invoice %(number)s") % {"number": one.invoice.number},
            who=one.contract.buyer.legal_name,
            url=_answer_url(one),
            button=_("Read and answer"),
            amount=one.invoice.open_item.open,
            currency=one.invoice.currency,
            icon="question-circle",
            tone="attention",
        )


def ask(
    request: PortalRequest,
    invoice: Invoice,
    *,
    back: str,
    link: InvoiceLink | None = None,
    show: Callable[[dict[str, Any], InvoiceQuestionForm], HttpResponse],
) -> HttpResponse:
    """Ask the seller; a question that is refused is shown again with what was typed."""
    form = (InvoiceQuestionForm if link is None else NamedQuestionForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            hosting.ask_about_invoice(
                actor=request.actor,
                key=form.cleaned_data["key"],
                invoice_ref=invoice.ref,
                text=form.cleaned_data["text"],
                name=form.cleaned_data.get("name", ""),
                link_ref=link.ref if link is not None else "",
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            if request.actor.kind is ActorKind.USER:
                messages.success(request, _("Your question is on its way to the seller."))
            return redirect(f"{back}#questions")
    return show({"invoice": invoice, "back": back}, form)


def answer(
    request: PortalRequest,
    question: InvoiceQuestion,
    *,
    back: str,
    show: Callable[[dict[str, Any], AnswerForm], HttpResponse],
) -> HttpResponse:
    """Answer the buyer; an answer that is refused is shown again with what was typed."""
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            hosting.answer_about_invoice(
                actor=request.actor,
                key=form.cleaned_data["key"],
                question_ref=question.ref,
                text=form.cleaned_data["text"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Your answer is on its way to the buyer."))
            return redirect(f"{back}#questions")
    return show({"question": question, "invoice": question.invoice, "back": back}, form)

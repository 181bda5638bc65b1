"""Statements of account as PDF, as both sides' pages show them: those that there are, and one more on request."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.core.errors import Refused
from apps.core.made import MadeState
from apps.invoicing.models import AccountLetter
from apps.invoicing.services.account_statement import Between
from apps.parties.roles import Action
from apps.portals.access import PortalRequest
from apps.portals.correcting.side import SELLER, Side
from apps.portals.forms import ActionForm, DayField, explain
from apps.portals.papers import handed_over
from apps.workflows import account_letters

SHOWN: Final = 12


class LetterForm(ActionForm):
    """The days and the currency of the statement that is shown; the page fills them in."""

    currency = forms.CharField(min_length=3, max_length=3, widget=forms.HiddenInput)
    since = DayField(widget=forms.HiddenInput)
    until = DayField(widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True)
class Letters:
    """The newest letters of an account, each with where it is downloaded; the form where this reader may ask."""

    rows: list[tuple[AccountLetter, str]]
    form: LetterForm | None
    url: str


def letters_of(request: PortalRequest, side: Side, ref: str, *, between: Between, days: tuple[date, date]) -> Letters:
    """What the page of an account says of its letters."""
    found = AccountLetter.objects.visible_to(request.actor).filter(
        seller=between.seller, buyer=between.buyer, currency=between.currency
    )
    may = request.actor.may(Action.RECORD_PAYMENT if side == SELLER else Action.ASK_ABOUT_INVOICE)
    since, until = days
    asked: dict[str, Any] = {"currency": between.currency, "since": since.isoformat(), "until": until.isoformat()}
    rows = found.defer("snapshot").order_by("-pk")[:SHOWN]
    return Letters(
        rows=[(one, side.url("account_letter", one.ref) if one.state == MadeState.READY else "") for one in rows],
        form=LetterForm(auto_id="letter_%s", initial=asked) if may else None,
        url=side.url("send_account_statement", ref),
    )


def send(request: PortalRequest, side: Side, ref: str) -> HttpResponse:
    """Write the statement as a PDF and mail it to the buyer."""
    other = "buyer" if side == SELLER else "seller"
    mine = {f"{side.name}_id": request.actor.organisation_id, f"{other}__ref": ref}
    if not Contract.objects.visible_to(request.actor).filter(**mine).exists():
        raise Http404
    form, page = LetterForm(request.POST), side.url("account_statement", ref)
    if form.is_valid():
        page += "?" + urlencode({name: form.cleaned_data[name] for name in ("currency", "since", "until")})
        try:
            account_letters.send_account_statement(
                actor=request.actor,
                key=form.cleaned_data["key"],
                other_ref=ref,
                currency=form.cleaned_data["currency"],
                since=form.cleaned_data["since"],
                until=form.cleaned_data["until"],
            )
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("The statement is being made. It goes to the buyer by mail and stands here."))
    return redirect(f"{page}#letters")


def letter_file(request: PortalRequest, side: Side, ref: str) -> HttpResponseBase:
    """The stored bytes of a statement; 404 until they exist."""
    mine = {f"{side.name}_id": request.actor.organisation_id}
    letter = get_object_or_404(AccountLetter.objects.visible_to(request.actor).filter(**mine), ref=ref)
    return handed_over(letter, name=f"{_('account')}-{letter.until.isoformat()}.pdf", content_type="application/pdf")

"""Statements of account as PDF, as both sides' pages show them: those that there are, and one more on request."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.core import clock
from apps.core.errors import Refused
from apps.core.made import GIVEN_UP_AFTER, MadeState
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
    """The newest letters of an account, each with where it is downloaded, and where it is asked for again; the forms
    where this reader may ask."""

    rows: list[tuple[AccountLetter, str, str]]
    again: ActionForm | None
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
    now = clock.now()
    rows = found.defer("snapshot").order_by("-pk")[:SHOWN]
    return Letters(
        rows=[
            (
                one,
                side.url("account_letter", one.ref) if one.state == MadeState.READY else "",
                side.url("send_account_letter_again", one.ref) if may and not _is_on_its_way(one, now) else "",
            )
            for one in rows
        ],
        again=ActionForm(auto_id=False) if may else None,
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


def _is_on_its_way(letter: AccountLetter, now: datetime) -> bool:
    """Whether it is being made or sent, so that nobody needs to ask again."""
    if letter.state != MadeState.READY:
        return letter.state == MadeState.MAKING and not letter.is_given_up(now=now)
    newest = max([letter.requested_at, *letter.again_at])
    return (letter.sent_at is None or letter.sent_again < len(letter.again_at)) and newest + GIVEN_UP_AFTER > now


def send_again(request: PortalRequest, side: Side, ref: str) -> HttpResponse:
    """Mail a statement once more, or make one that could not be made."""
    mine = {f"{side.name}_id": request.actor.organisation_id}
    letters = AccountLetter.objects.visible_to(request.actor).filter(**mine).select_related("seller", "buyer")
    letter = get_object_or_404(letters, ref=ref)
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            account_letters.send_account_statement_again(
                actor=request.actor, key=form.cleaned_data["key"], letter_ref=letter.ref
            )
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("It goes to the buyer once more. The mailboxes stand here when it went."))
    other = letter.buyer if side == SELLER else letter.seller
    page = side.url("account_statement", other.ref)
    return redirect(f"{page}?{urlencode({'currency': letter.currency})}#letters")


def letter_file(request: PortalRequest, side: Side, ref: str) -> HttpResponseBase:
    """The stored bytes of a statement; 404 until they exist."""
    mine = {f"{side.name}_id": request.actor.organisation_id}
    letter = get_object_or_404(AccountLetter.objects.visible_to(request.actor).filter(**mine), ref=ref)
    name = "-".join((_("account"), letter.until.isoformat())) + ".pdf"
    return handed_over(letter, name=name, content_type="application/pdf")

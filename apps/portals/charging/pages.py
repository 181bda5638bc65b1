"""One page for all that is charged on a milestone: what stands, and what this side may do."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import ProofNeeded, Refused
from apps.parties.roles import Action
from apps.portals import interrupted
from apps.portals.access import PortalRequest
from apps.portals.charging.shown import charged_of
from apps.portals.correcting.side import Side
from apps.portals.forms import ActionForm, AmountField, add_refusal, explain
from apps.workflows import charging
from apps.workflows.once import Answer

Crumbs = list[tuple[str, str]]


class ChargeForm(ActionForm):
    """What is done, about which charge, and why; not every button needs all of it."""

    charge = forms.CharField(max_length=16, required=False, widget=forms.HiddenInput)
    amount = AmountField(label=gettext_lazy("Amount, net of tax"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
        help_text=gettext_lazy("The other side reads it."),
    )
    evidence = forms.CharField(
        label=gettext_lazy("What shows it"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
        help_text=gettext_lazy("Such as the number of an invoice or report, or a link."),
    )


def milestone_charges(request: PortalRequest, ref: str, *, side: Side, crumbs: Crumbs) -> HttpResponse:
    """What was agreed, what is charged, and what can be claimed, waived, charged back, answered or withdrawn."""
    rows = side.milestones(request.actor).select_related("line__version")
    found = get_object_or_404(rows, ref=ref)
    here = side.url("milestone_charges", found.ref)
    form = ChargeForm(request.POST or None)
    interrupted.give_back(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            done = _do(request, found.ref, form)
        except ProofNeeded as needed:
            interrupted.ask(request, request.user, form, needed)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, done)
            return redirect(here)
    charged = charged_of(request.actor, found, side=side)
    context: dict[str, Any] = {
        "milestone": found,
        "charged": charged,
        "may_charge_back": charged is not None and side.name == "buyer" and _may_charge_back(found),
        "refusal": _why_not(request, side=side),
        "milestone_url": side.url("milestone", found.ref),
        "crumbs": [*crumbs, (found.title, side.url("milestone", found.ref)), (_("Damages and charges"), "")],
    }
    return side.charge_page(request, "milestone_charges", context, form=form)


def _may_charge_back(milestone: Any) -> bool:
    terms = milestone.line.agreed.charges
    return milestone.state == "accepted" and terms is not None and bool(terms.back_charges)


def _why_not(request: PortalRequest, *, side: Side) -> str:
    try:
        request.actor.require(Action.CREDIT_INVOICE if side.name == "seller" else Action.DECIDE_MILESTONE)
    except Refused as refused:
        return explain(refused)
    return ""


def _do(request: PortalRequest, milestone_ref: str, form: ChargeForm) -> str:
    """Do what the button says; the answer is what was done."""
    said, who = form.cleaned_data, request.actor
    on_milestone: dict[str, Any] = {"actor": who, "key": said["key"], "milestone_ref": milestone_ref}
    on_charge: dict[str, Any] = {"actor": who, "key": said["key"], "charge_ref": said["charge"]}
    does: dict[str, Callable[[], str]] = {
        "claim": lambda: _claimed(charging.claim_damages(**on_milestone)),
        "waive": lambda: _done(
            charging.waive_damages(**on_milestone, reason=said["reason"]), _("The damages are waived.")
        ),
        "charge_back": lambda: _claimed(
            charging.charge_back(**on_milestone, amount=_amount(said), reason=said["reason"], evidence=said["evidence"])
        ),
        "agree": lambda: _claimed(charging.answer_charge(**on_charge, agrees=True, reason=said["reason"])),
        "object": lambda: _done(
            charging.answer_charge(**on_charge, agrees=False, reason=said["reason"]),
            _("You objected. The buyer reads why."),
        ),
        "withdraw": lambda: _done(charging.withdraw_charge(**on_charge, reason=said["reason"]), _("It is withdrawn.")),
        "bonus": lambda: _done(
            charging.claim_bonus(**on_milestone), _("The bonus is billed. Its invoice is on its way to the buyer.")
        ),
    }
    chosen = does.get(request.POST.get("do", ""))
    if chosen is None:
        raise Refused("Choose what you want to do.")
    return chosen()


def _amount(said: dict[str, Any]) -> Decimal:
    amount: Decimal | None = said["amount"]
    if amount is None:
        raise Refused("Enter how much you charge back.", field="amount")
    return amount


def _done(_answer: Answer, words: str) -> str:
    return words


def _claimed(answer: Answer) -> str:
    if answer["credit_note"]:
        return _("It stands: a credit note is issued and on its way.")
    return _("The seller is asked to answer.")

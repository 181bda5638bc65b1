"""Where a buyer is, entered by the seller who wrote it down: invoices bear it, and nobody else is there to say it."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.contracts.models import Contract
from apps.core.errors import Refused
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action
from apps.portals.access import PortalRequest
from apps.portals.drafting.desk import Desk, why_not
from apps.portals.forms import ActionForm, add_refusal, explain, leading
from apps.workflows import team


class AddressForm(ActionForm):
    """Street, postcode and city, as they stand on invoices."""

    street = forms.CharField(
        label=gettext_lazy("Street and number"),
        max_length=160,
        error_messages={"required": gettext_lazy("Enter street and number.")},
    )
    postcode = forms.CharField(label=gettext_lazy("Postcode"), max_length=16, required=False)
    city = forms.CharField(
        label=gettext_lazy("City"), max_length=80, error_messages={"required": gettext_lazy("Enter the city.")}
    )


def told(refused: Refused, contract: Contract, *, actor: Actor, desk: Desk) -> str | SafeString:
    """A refusal in words, with a link to where a missing address is entered by whoever may enter it."""
    if refused.lacks == "seller_address":
        return leading(explain(refused), reverse("account:organisation"), _("Complete the address"))
    if refused.lacks == "buyer_address" and may_enter(actor, contract.buyer):
        return leading(explain(refused), desk.url("counterparty_address", contract.ref), _("Complete the address"))
    return explain(refused)


def may_enter(actor: Actor, organisation: Organisation) -> bool:
    """Whether the actor's organisation wrote this one down, and nobody took it over."""
    return organisation.nominated_by_id == actor.organisation_id and not organisation.is_claimed


def counterparty_address(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Enter it; then the check of the draft says what else is missing."""
    contract = desk.contract(request, ref)
    buyer = contract.buyer
    form = AddressForm(
        request.POST or None, initial={name: getattr(buyer, name) for name in ("street", "postcode", "city")}
    )
    if request.method == "POST" and form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("street", "postcode", "city")}
        try:
            team.set_counterparty_address(
                actor=request.actor, key=form.cleaned_data["key"], organisation_ref=buyer.ref, **said
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The address is saved. It stands on the next papers."))
            is_draft = contract.state == "draft"
            return redirect(desk.url("propose_contract" if is_draft else "contract", contract.ref))
    refusal = why_not(request.actor, Action.EDIT_CONTRACT)
    if not may_enter(request.actor, buyer):
        refusal = refusal or _("%(name)s enters its address itself.") % {"name": buyer.legal_name}
    return desk.page(
        request,
        "counterparty_address",
        {
            "contract": contract,
            "refusal": refusal,
            "back_url": desk.url("contract", contract.ref),
            "crumbs": desk.crumbs((contract.number, desk.url("contract", contract.ref)), (_("Address"), "")),
        },
        form=form,
    )

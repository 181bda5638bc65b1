"""A wrong invoice of the seller: looked at beside the new one, cancelled and issued anew at once."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from apps.contracts import own_wording, wording
from apps.contracts.exemptions import OF_CATEGORY, Exemption
from apps.core.errors import ProofNeeded, Refused
from apps.invoicing import services as invoicing
from apps.invoicing import snapshot
from apps.invoicing.models import Invoice
from apps.invoicing.services import reissuing
from apps.parties.roles import Action
from apps.portals import formats, interrupted, proving
from apps.portals.access import PortalRequest, portal
from apps.portals.correcting.side import SELLER
from apps.portals.forms import ActionForm, add_refusal, explain
from apps.portals.seller.pages import invoice_crumbs, why_not
from apps.portals.seller.views.invoices import invoice_of
from apps.portals.version_differences import Row
from apps.workflows import crediting


class ReissueForm(ActionForm):
    """Why, and which figures were shown."""

    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("What is wrong with it"),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
        help_text=gettext_lazy("It stands on both documents, and the buyer reads it."),
        error_messages={"required": gettext_lazy("Say what is wrong; it stands on both documents.")},
    )

    def show(self, sha256: str) -> None:
        """The page shows these figures; sent back, they are those that were agreed to."""
        self.initial["seen"] = sha256
        if self.is_bound:
            self.data = {**self.data.dict(), "seen": sha256}  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def reissue_invoice(request: PortalRequest, ref: str) -> HttpResponse:
    """Cancel an invoice and issue it anew: what is different, the sums, what becomes of what was paid."""
    found = invoice_of(request, ref)
    refusal = why_not(request.actor, Action.CREDIT_INVOICE)
    away = proving.first(request, request.user) if not refusal and invoicing.needs_proof_to_credit(found) else None
    if away is not None:
        return away
    form = ReissueForm(request.POST or None)
    interrupted.give_back(request, form)
    # Whether it may be is asked by the workflow: who clicks twice gets the first answer.
    if request.method == "POST" and not refusal and form.is_valid():
        try:
            answer = crediting.reissue_invoice(
                actor=request.actor,
                key=form.cleaned_data["key"],
                invoice_ref=found.ref,
                reason=form.cleaned_data["reason"],
                seen=form.cleaned_data["seen"],
            )
        except ProofNeeded as needed:
            interrupted.ask(request, request.user, form, needed)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("%(number)s is issued in its place.") % {"number": answer["number"]})
            return redirect("seller:invoice", ref=answer["invoice"])
    shown = None
    try:
        shown = reissuing.preview_reissue(invoice_ref=found.ref)
    except Refused as refused:
        refusal = refusal or explain(refused)
    else:
        form.show(shown.sha256)
    context = {
        "invoice": found,
        "refusal": refusal,
        "shown": shown,
        "rows": _differences(shown) if shown is not None else [],
        "effects": _effects(found, shown) if shown is not None else [],
        "invoice_url": reverse("seller:invoice", args=[found.ref]),
        "correct_url": reverse("seller:correct_invoice", args=[found.ref]),
        "credit_url": reverse("seller:credit_invoice", args=[found.ref]),
        "crumbs": invoice_crumbs(
            (found.number, reverse("seller:invoice", args=[found.ref])), (_("Cancel and issue anew"), "")
        ),
    }
    return SELLER.page(request, "reissue_invoice", context, form=form)


def _differences(shown: reissuing.Reissue) -> list[Row]:
    """What the new invoice says otherwise, before and after."""
    said, agreed, version = shown.said, shown.cause.agreed, shown.cause.version
    transfer = said.credit_transfer
    rows = [
        (_("Seller"), _party(said.seller), _party(shown.seller)),
        (_("Buyer"), _party(said.buyer), _party(shown.buyer)),
        (
            _("Account"),
            (transfer.iban or transfer.account_number) if transfer is not None else "",
            (shown.account.iban or shown.account.account_number) if shown.account is not None else "",
        ),
        (_("Tax"), _tax(said), own_wording.tax(agreed.tax_category, agreed.tax_rate, agreed.exemption)),
        (
            _("Payment"),
            wording.payment(said.payment_days, said.payment_basis),
            wording.payment(agreed.payment_days, version.payment_basis),
        ),
        *(
            (name, formats.money(before, said.currency), formats.money(after, said.currency))
            for name, before, after in (
                (_("Net"), said.totals.net, shown.net),
                (_("Tax amount"), said.totals.tax, shown.tax),
                (_("Total"), said.totals.gross, shown.gross),
            )
        ),
    ]
    return [Row(name, before, after) for name, before, after in rows if before != after]


def _party(party: snapshot.Party) -> str:
    address = party.address
    place = f"{address.post_code} {address.city}".strip()
    numbers = (party.vat_identifier, party.tax_registration_identifier)
    return ", ".join(filter(None, (party.name, address.line, place, address.country_code, *numbers)))


def _tax(said: snapshot.SemanticInvoice) -> str:
    row = next(iter(said.taxes), None)
    if row is None:
        return ""
    code = row.exemption_code if row.exemption_code != OF_CATEGORY.get(row.category) else ""
    return own_wording.tax(
        row.category, row.rate, Exemption(exemption_code=code, exemption_reason=row.exemption_reason)
    )


def _effects(invoice: Invoice, shown: reissuing.Reissue) -> list[str]:
    names: dict[str, Any] = {
        "number": invoice.number,
        "gross": formats.money(shown.said.totals.gross, invoice.currency),
        "anew": formats.money(shown.gross, invoice.currency),
        "buyer": invoice.buyer.legal_name,
    }
    effects = [
        _("A credit note cancels %(number)s: %(gross)s.") % names,
        _("A new invoice of %(anew)s takes its place, with a number, a date and a due date of its own.") % names,
        _("The work stays accepted, and nothing is signed off again."),
        _("%(buyer)s gets both documents by mail. Neither is ever changed or deleted.") % names,
    ]
    if shown.freed:
        names["freed"] = formats.money(shown.freed, invoice.currency)
        effects.insert(
            2, _("%(freed)s that were paid settle the new invoice; what is beyond it stays unallocated.") % names
        )
    return effects

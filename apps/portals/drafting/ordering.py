"""A contract that the buyer begins: an order, with the milestones by which it wants to take the work."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.contracts.drafts import ContractDraft, DraftLine
from apps.parties.models import Organisation
from apps.portals.drafting.forms import DraftForm
from apps.portals.einvoice_fields import NEW_BUYER_FIELDS


class OrderForm(DraftForm):
    """The draft as a buyer begins it: it chooses the seller, or names one that is not here yet with a mailbox."""

    other, side = "seller", "buyer"

    seller = forms.ChoiceField(
        label=_("Seller"),
        help_text=_("Whoever does the work and is paid for it."),
        error_messages={"required": _("Choose the seller, or a new organisation.")},
    )
    seller_email = forms.EmailField(
        label=_("E-mail of who decides for the seller"),
        max_length=254,
        required=False,
        help_text=_("Needed while the seller has nobody here: this person is asked to take its place, and to sign."),
    )

    def __init__(self, *args: Any, known: Iterable[Organisation], **kwargs: Any) -> None:
        listed = list(known)
        super().__init__(*args, known=listed, **kwargs)
        for name in ("buyer", *NEW_BUYER_FIELDS):
            del self.fields[name]
        self.nobody_here = {one.ref for one in listed if not one.is_claimed}
        said = {
            "number": _("Your own number for the order."),
            "buyer_language": _("In which the seller is written to, until its own people choose."),
            "signatory_name": _("Who of you signs off each milestone."),
            "signatory_email": _("A mailbox of yours, not of the seller."),
            "tax_category": _("How the seller's invoices are taxed. Reverse charge: you account for the tax."),
            "is_assignable": _("The seller can then be paid early by a financier, whom you pay."),
        }
        for name, words in said.items():
            self.fields[name].help_text = words
        self.fields["signatory_name"].label = _("Who signs off for you")
        self.fields["is_assignable"].label = _("The seller may assign invoices to a financier")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        is_new = cleaned.get("seller") in {"new", *self.nobody_here}
        if is_new and not cleaned.get("seller_email") and "seller_email" not in self.errors:
            self.add_error("seller_email", _("This organisation has nobody here yet. Say who decides for it."))
        return cleaned

    def draft(self, *, other_ref: str, lines: Iterable[DraftLine]) -> ContractDraft:
        return self.written(lines, buyer_ref="", seller_ref=other_ref, seller_email=self.cleaned_data["seller_email"])

"""What of an issued invoice is written wrong, and how it is right."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.invoicing.models import Invoice
from apps.invoicing.rules import corrections
from apps.invoicing.rules.corrections import Words
from apps.invoicing.services import correcting
from apps.invoicing.services.standing import standing
from apps.portals.forms import ActionForm

FIELDS = {
    "buyer_name": "name",
    "street": "street",
    "post_code": "post_code",
    "city": "city",
    "vat_number": "vat_number",
    "buyer_reference": "buyer_reference",
    "order_number": "order_number",
}
"""Fields of the form, and what of the words of an invoice each is."""


class CorrectForm(ActionForm):
    """The words of an invoice as they shall stand, and why. It begins with the buyer's data of today where nothing
    was put right before, and with the lines as the document that stands says them."""

    buyer_name = forms.CharField(label=_("Buyer"), max_length=corrections.PLAIN["name"])
    street = forms.CharField(label=_("Street and number"), max_length=corrections.PLAIN["street"])
    post_code = forms.CharField(label=_("Post code"), max_length=corrections.PLAIN["post_code"], required=False)
    city = forms.CharField(label=_("City"), max_length=corrections.PLAIN["city"])
    vat_number = forms.CharField(
        label=_("VAT number of the buyer"), max_length=corrections.LONGEST_VAT_NUMBER, required=False
    )
    buyer_reference = forms.CharField(
        label=_("Reference of the buyer"), max_length=corrections.PLAIN["buyer_reference"], required=False
    )
    order_number = forms.CharField(
        label=_("Order number of the buyer"), max_length=corrections.PLAIN["order_number"], required=False
    )
    reason = forms.CharField(
        label=_("Why is it corrected?"),
        help_text=_("It stands on the corrected invoice, and the buyer reads it."),
        max_length=correcting.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
        error_messages={"required": _("Say why the invoice is corrected; the buyer reads it.")},
    )
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, invoice: Invoice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said = standing(invoice)
        self.is_again = said.corrects is not None
        self.lines = correcting.words_of(said).lines
        today = correcting.words_to_begin_with(invoice)
        for field, word in FIELDS.items():
            self.fields[field].initial = getattr(today, word)
        for number, (name, description) in enumerate(self.lines, start=1):
            self.fields[f"name_{number}"] = forms.CharField(
                label=gettext("Line %(number)s") % {"number": number},
                max_length=max(corrections.LONGEST_NAME, len(name)),
                initial=name,
            )
            self.fields[f"description_{number}"] = forms.CharField(
                label=gettext("Description of line %(number)s") % {"number": number},
                max_length=max(corrections.LONGEST_DESCRIPTION, len(description)),
                required=False,
                initial=description,
                widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
            )
        self.order_fields([*FIELDS, *(name for name in self.fields if name not in ("reason", *FIELDS)), "reason"])

    @property
    def right(self) -> Words:
        """What was typed, as it shall stand; ends of lines as a document has them."""
        said = {word: self.cleaned_data[field] for field, word in FIELDS.items()}
        lines = tuple(
            (
                self.cleaned_data[f"name_{number}"],
                self.cleaned_data[f"description_{number}"].replace("\r\n", "\n"),
            )
            for number in range(1, len(self.lines) + 1)
        )
        return Words(**said, lines=lines)

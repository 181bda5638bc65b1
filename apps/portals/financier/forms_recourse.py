"""The forms of what happens to an advance beside the buyer's payments."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.portals.financier.forms import day_field, reason_field
from apps.portals.forms import ActionForm, AmountField


class PostponeForm(ActionForm):
    """A later payment, and who bears it."""

    expected_on = day_field(label=_("Payment expected on"), help_text=_("Later than the day that is paid for."))
    seller_bears = forms.BooleanField(
        label=_("The seller bears the discount of the days more"),
        required=False,
        help_text=_("Without this the price stays as it was, and is earned over the days that are left."),
    )
    reason = reason_field(label=_("Reason"), help_text=_("The seller reads this."))


class DemandForm(ActionForm):
    """Why an advance is demanded back."""

    reason = reason_field(label=_("Reason"), help_text=_("The seller reads this."))


class DefaultForm(ActionForm):
    """Why the buyer is not expected to pay."""

    reason = reason_field(label=_("Reason"), help_text=_("The seller reads this."))


class AllowForm(ActionForm):
    """How much is allowed for a loss."""

    amount = AmountField(label=_("Allowed for"), help_text=_("In all, not on top of what is allowed for."))
    reason = reason_field(label=_("Reason"), help_text=_("It stays on record; the seller does not read it."))


class WriteOffForm(ActionForm):
    """Why an advance is given up."""

    reason = reason_field(label=_("Reason"), help_text=_("The seller reads this."))

"""The forms of what happens to an advance beside the buyer's payments."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.financing.rules.events import Bears
from apps.portals.financier.forms import day_field, reason_field
from apps.portals.forms import ActionForm, AmountField


class PostponeForm(ActionForm):
    """A later payment, and who bears it."""

    expected_on = day_field(label=_("Payment expected on"), help_text=_("Later than the day that is paid for."))
    borne_by = forms.TypedChoiceField(
        label=_("Who bears the days more"),
        coerce=Bears,
        choices=[
            (Bears.SELLER.value, _("The seller: their discount is owed back at once")),
            (Bears.NOBODY.value, _("Nobody: the price stays, and is earned over the days that are left")),
        ],
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

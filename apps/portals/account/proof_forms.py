"""The form about the amount above which somebody shows once more who it is."""

from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.parties.models import Organisation
from apps.portals.forms import ActionForm, AmountField


class StepUpForm(ActionForm):
    """Above which amount whoever signs off shows once more who it is."""

    above = AmountField(label=_("Ask again who it is above"), required=False)

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["above"].help_text = format_lazy(
            _(
                "Net amount in {currency}. Whoever signs off more confirms with a passkey, an authenticator or a"
                " code by mail. Empty asks nobody."
            ),
            currency=organisation.currency,
        )

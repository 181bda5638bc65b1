"""Which month is closed."""

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.portals.forms import ActionForm, DayField


class PeriodForm(ActionForm):
    """The last day of a month; which one comes next is proposed."""

    through = DayField(
        label=_("Last day of the month"),
    )

    def __init__(self, *args: Any, proposed: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["through"].initial = proposed

"""The field for what a milestone waits for: one thing a line, as in a spreadsheet."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.contracts.drafts import Condition
from apps.contracts.rules.schedule.waiting_cells import read_waiting, written_waiting
from apps.core.errors import Refused
from apps.portals.forms import explain


class WaitingField(forms.Field):
    """A condition as text: typed text stays as it was typed, a condition is written out."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Submitted only once"),
            required=False,
            widget=forms.Textarea(attrs={"rows": 3}),
            help_text=_(
                "One thing a line: the name of another milestone; “from: 2027-03-01”; “event: Permit granted”, which"
                " the buyer confirms. Begin with “any of” where one is enough. Empty: at any time."
            ),
        )

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Condition):
            return written_waiting(value, language=(get_language() or "en").split("-")[0])
        return value

    def to_python(self, value: Any) -> Condition | None:
        if value is None or isinstance(value, Condition):
            return value
        try:
            return read_waiting(str(value))
        except Refused as refused:
            raise ValidationError(explain(refused), code="refused") from refused

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it says something else: an empty field says nothing, as none does, and a browser ends lines anew."""
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True
